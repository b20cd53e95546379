// CPU ops: distances and nearest neighbours.
#include <atomic>

#include "bindings/checks.h"
#include "bindings/parallel.h"
#include "bindings/tensors.h"
#include "kernels/knn_rerank.h"
#include "kernels/knn_scan.h"
#include "kernels/pairwise_sq_distances.h"
#include "kernels/profile.h"

namespace fasttsne::bindings {
namespace {

constexpr int64_t kBlockRows = 128;

Tensor pairwise_sq_distances(const Tensor& X, const Tensor& Z) {
  const ProfiledCall call(Kernel::pairwise_sq_distances);
  check_points(X, "X");
  check_points(Z, "Z");
  STD_TORCH_CHECK(X.size(1) == Z.size(1), "X and Z must have the same number of columns, got ",
                  X.size(1), " and ", Z.size(1));
  Tensor out = empty(X, {X.size(0), Z.size(0)}, ScalarType::Float);
  float* to = out.mutable_data_ptr<float>();
  for_each_block(X.size(0), kBlockRows, X.numel() * Z.size(0),
                 [&](int64_t, RowRange rows) { pairwise_rows(points(X), points(Z), to, rows); });
  return out;
}

Candidates view(const Tensor& keys, const Tensor& count, const Tensor& bound, int64_t keep,
                int64_t n) {
  check_candidates(keys, count, bound, keep, n);
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
  const int64_t largest_block = check_scan(X, sq_norms, keys, count, bound, keep, blocks, tiles);
  const Candidates candidates = view(keys, count, bound, keep, X.size(0));
  const int64_t scratch_bytes = tile_scratch_bytes(largest_block, X.size(1));
  const int64_t* begin = blocks.const_data_ptr<int64_t>();
  const int64_t* tile = tiles.const_data_ptr<int64_t>();
  for_each_item_with(
      tiles.size(0), X.numel() * ceil_div(X.size(0), std::max<int64_t>(blocks.numel() - 1, 1)),
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
  check_points(X, "X");
  check(keys, "keys", ScalarType::Long, 2);
  const int64_t n = keys.size(0);
  STD_TORCH_CHECK(n <= X.size(0), "keys must have no more rows than X");
  const Candidates candidates = view(keys, count, bound, keep, n);
  STD_TORCH_CHECK(0 < k && k <= keep, "k must be in 1 .. keep");
  for (int64_t i = 0; i < n; ++i)
    STD_TORCH_CHECK(k <= candidates.count[i], "every row must have k candidates or more, but row ",
                    i, " has ", candidates.count[i], ", whose distances are finite");
  Tensor indices = empty(X, {n, k}, ScalarType::Int);
  Tensor sq_distances = empty(X, {n, k}, ScalarType::Float);
  int32_t* to_indices = indices.mutable_data_ptr<int32_t>();
  Tensor unmeasured = empty(X, {n}, ScalarType::Float);
  float* to_distances = sq_distances.mutable_data_ptr<float>();
  float* to_unmeasured = unmeasured.mutable_data_ptr<float>();
  std::atomic<bool> in_range{true};
  for_each_block(n, kBlockRows, n * X.size(1) * k, [&](int64_t, RowRange rows) {
    if (!rerank_rows(points(X), candidates, k, to_indices, to_distances, to_unmeasured, rows))
      in_range = false;
  });
  STD_TORCH_CHECK(in_range, "keys must hold rows of X, 0 .. n - 1 = ", X.size(0) - 1);
  return {indices, sq_distances, unmeasured};
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(fasttsne, CPU, m) {
  m.impl("pairwise_sq_distances", TORCH_BOX(&pairwise_sq_distances));
  m.impl("knn_scan_", TORCH_BOX(&knn_scan_));
  m.impl("knn_rerank", TORCH_BOX(&knn_rerank));
}

}  // namespace fasttsne::bindings
