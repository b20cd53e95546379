#include "kernels/neighbors.h"

#include "bindings/checks.h"
#include "bindings/parallel.h"
#include "bindings/tensors.h"
#include "kernels/profile.h"

namespace fasttsne::bindings {
namespace {

constexpr int64_t kBlockRows = 128;

Tensor pairwise_sq_distances(const Tensor& X, const Tensor& Z) {
  const ProfiledCall call(Kernel::pairwise_sq_distances);
  check_float(X, "X", 2);
  check_float(Z, "Z", 2);
  STD_TORCH_CHECK(X.size(1) == Z.size(1), "X and Z must have as many columns");
  Tensor out = empty(X, {X.size(0), Z.size(0)}, ScalarType::Float);
  float* to = out.mutable_data_ptr<float>();
  for_each_block(X.size(0), kBlockRows, X.numel() * Z.size(0),
                 [&](int64_t, RowRange rows) { pairwise_rows(points(X), points(Z), to, rows); });
  return out;
}

Candidates view(const Tensor& keys, const Tensor& count, const Tensor& bound, int64_t keep,
                int64_t n) {
  check(keys, "keys", ScalarType::Long, 2);
  check(count, "count", ScalarType::Int, 1);
  check_float(bound, "bound", 1);
  check_rows(keys, "keys", n);
  check_rows(count, "count", n);
  check_rows(bound, "bound", n);
  STD_TORCH_CHECK(0 < keep && keep < keys.size(1), "keep must be in 1 .. capacity - 1");
  const int32_t* counts = count.const_data_ptr<int32_t>();
  for (int64_t i = 0; i < n; ++i)
    STD_TORCH_CHECK(0 <= counts[i] && counts[i] < keys.size(1),
                    "count must be in 0 .. capacity - 1");
  return {keys.mutable_data_ptr<int64_t>(), count.mutable_data_ptr<int32_t>(),
          bound.mutable_data_ptr<float>(), keys.size(1), keep};
}

void knn_scan_(const Tensor& X, const Tensor& sq_norms, Tensor keys, Tensor count, Tensor bound,
               int64_t keep, const Tensor& blocks, const Tensor& tiles) {
  const ProfiledCall call(Kernel::knn_scan);
  check_float(X, "X", 2);
  check_float(sq_norms, "sq_norms", 1);
  check_rows(sq_norms, "sq_norms", X.size(0));
  check(blocks, "blocks", ScalarType::Long, 1);
  check(tiles, "tiles", ScalarType::Long, 2);
  STD_TORCH_CHECK(tiles.size(1) == 2, "tiles must have two columns");
  STD_TORCH_CHECK(X.size(1) > 0 && blocks.numel() > 1, "X and blocks must not be empty");
  Candidates candidates = view(keys, count, bound, keep, X.size(0));
  const int64_t* begin = blocks.const_data_ptr<int64_t>();
  const int64_t* tile = tiles.const_data_ptr<int64_t>();
  const int64_t n_blocks = blocks.numel() - 1;
  for (int64_t t = 0; t < tiles.numel(); ++t)
    STD_TORCH_CHECK(0 <= tile[t] && tile[t] < n_blocks, "tiles must hold block numbers");
  int64_t largest_block = 0;
  for (int64_t b = 0; b < n_blocks; ++b) {
    STD_TORCH_CHECK(0 <= begin[b] && begin[b] <= begin[b + 1] && begin[b + 1] <= X.size(0),
                    "blocks must hold rising row numbers");
    largest_block = std::max(largest_block, begin[b + 1] - begin[b]);
  }
  const int64_t scratch_bytes = tile_scratch(largest_block, X.size(1));
  for_each_item_with(
      tiles.size(0), X.numel() * ceil_div(X.size(0), n_blocks),
      [&] { return AlignedBytes(scratch_bytes); },
      [&](int64_t t, AlignedBytes& scratch) {
        const int64_t a = tile[2 * t], b = tile[2 * t + 1];
        Candidates mine = candidates;
        scan_tile(points(X), sq_norms.const_data_ptr<float>(), mine, {begin[a], begin[a + 1]},
                  {begin[b], begin[b + 1]}, scratch.data());
      });
}

std::tuple<Tensor, Tensor, Tensor> knn_rerank(const Tensor& X, const Tensor& keys,
                                              const Tensor& count, const Tensor& bound,
                                              int64_t keep, int64_t k) {
  const ProfiledCall call(Kernel::knn_rerank);
  check_float(X, "X", 2);
  const int64_t n = keys.size(0);
  STD_TORCH_CHECK(n <= X.size(0), "keys must have no more rows than X");
  const Candidates candidates = view(keys, count, bound, keep, n);
  STD_TORCH_CHECK(0 < k && k <= keep, "k must be in 1 .. keep");
  for (int64_t i = 0; i < n; ++i)
    STD_TORCH_CHECK(k <= candidates.count[i], "every row must have k candidates or more");
  Tensor indices = empty(X, {n, k}, ScalarType::Int);
  Tensor sq_distances = empty(X, {n, k}, ScalarType::Float);
  int32_t* to_indices = indices.mutable_data_ptr<int32_t>();
  Tensor unmeasured = empty(X, {n}, ScalarType::Float);
  float* to_distances = sq_distances.mutable_data_ptr<float>();
  float* to_unmeasured = unmeasured.mutable_data_ptr<float>();
  for_each_block(n, kBlockRows, n * X.size(1) * k, [&](int64_t, RowRange rows) {
    rerank_rows(points(X), candidates, k, to_indices, to_distances, to_unmeasured, rows);
  });
  return {indices, sq_distances, unmeasured};
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(fasttsne, CPU, m) {
  m.impl("pairwise_sq_distances", TORCH_BOX(&pairwise_sq_distances));
  m.impl("knn_scan_", TORCH_BOX(&knn_scan_));
  m.impl("knn_rerank", TORCH_BOX(&knn_rerank));
}

}  // namespace fasttsne::bindings
