#include "cuda/neighbors.h"

#include <vector>

#include "bindings/cuda/launch.h"
#include "bindings/tensors.h"

namespace fasttsne::bindings {
namespace {

Tensor pairwise_sq_distances(const Tensor& X, const Tensor& Z) {
  check_float(X, "X", 2);
  check_float(Z, "Z", 2);
  STD_TORCH_CHECK(X.size(1) == Z.size(1), "X and Z must have as many columns");
  check_same_device(X, {&Z});
  const OnDeviceOf device(X);
  Tensor out = empty(X, {X.size(0), Z.size(0)}, ScalarType::Float);
  check_cuda(cuda::pairwise_sq_distances(X.const_data_ptr<float>(), X.size(0),
                                         Z.const_data_ptr<float>(), Z.size(0), X.size(1),
                                         out.mutable_data_ptr<float>(), device.stream));
  return out;
}

cuda::Candidates view(const Tensor& X, const Tensor& keys, const Tensor& count, const Tensor& bound,
                      int64_t keep, int64_t n) {
  check(keys, "keys", ScalarType::Long, 2);
  check(count, "count", ScalarType::Int, 1);
  check_float(bound, "bound", 1);
  for (const Tensor* t : {&keys, &count, &bound}) check_rows(*t, "keys, count, bound", n);
  check_same_device(X, {&keys, &count, &bound});
  STD_TORCH_CHECK(0 < keep && keep <= cuda::kLargestKeep, "keep must be in 1 .. ",
                  cuda::kLargestKeep, " on a GPU, got ", keep);
  STD_TORCH_CHECK(keep + cuda::kScanTile <= keys.size(1), "keys must have keep + ", cuda::kScanTile,
                  " columns or more on a GPU, got ", keys.size(1));
  return {keys.mutable_data_ptr<int64_t>(), count.mutable_data_ptr<int32_t>(),
          bound.mutable_data_ptr<float>(), keys.size(1), keep};
}

void knn_scan_(const Tensor& X, const Tensor& sq_norms, Tensor keys, Tensor count, Tensor bound,
               int64_t keep, const Tensor& blocks, const Tensor& tiles) {
  check_float(X, "X", 2);
  check_float(sq_norms, "sq_norms", 1);
  check_rows(sq_norms, "sq_norms", X.size(0));
  check(blocks, "blocks", ScalarType::Long, 1);
  check(tiles, "tiles", ScalarType::Long, 2);
  STD_TORCH_CHECK(tiles.size(1) == 2, "tiles must have two columns");
  STD_TORCH_CHECK(!blocks.is_cuda() && !tiles.is_cuda(), "blocks and tiles must be on the CPU");
  STD_TORCH_CHECK(blocks.numel() > 1 && X.size(0) <= INT32_MAX, "X or blocks have a wrong size");
  check_same_device(X, {&sq_norms});
  const cuda::Candidates candidates = view(X, keys, count, bound, keep, X.size(0));
  const int64_t* begin = blocks.const_data_ptr<int64_t>();
  const int64_t* pair = tiles.const_data_ptr<int64_t>();
  const int64_t n_blocks = blocks.numel() - 1, n_tiles = tiles.size(0);
  int64_t largest_block = 0;
  for (int64_t b = 0; b < n_blocks; ++b)
    STD_TORCH_CHECK(0 <= begin[b] && begin[b] <= begin[b + 1] && begin[b + 1] <= X.size(0),
                    "blocks must hold rising row numbers");
  std::vector<cuda::Tile> on_host(n_tiles);
  for (int64_t t = 0; t < n_tiles; ++t) {
    int32_t* const ends = &on_host[t].a_begin;
    for (int64_t side = 0; side < 2; ++side) {
      const int64_t block = pair[2 * t + side];
      STD_TORCH_CHECK(0 <= block && block < n_blocks, "tiles must hold block numbers");
      largest_block = std::max(largest_block, begin[block + 1] - begin[block]);
      ends[2 * side] = static_cast<int32_t>(begin[block]);
      ends[2 * side + 1] = static_cast<int32_t>(begin[block + 1]);
    }
  }
  const OnDeviceOf device(X);
  Tensor on_device = empty(X, {n_tiles, 4}, ScalarType::Int);
  auto* const to = reinterpret_cast<cuda::Tile*>(on_device.mutable_data_ptr<int32_t>());
  // From pageable memory: the copy has left the host when this returns.
  check_cuda(cudaMemcpyAsync(to, on_host.data(), n_tiles * sizeof(cuda::Tile),
                             cudaMemcpyHostToDevice, device.stream));
  check_cuda(cuda::knn_scan({.X = X.const_data_ptr<float>(),
                             .sq_norms = sq_norms.const_data_ptr<float>(),
                             .depth = X.size(1),
                             .candidates = candidates,
                             .tiles = to,
                             .n_tiles = n_tiles,
                             .largest_block = largest_block},
                            device.stream));
}

std::tuple<Tensor, Tensor, Tensor> knn_rerank(const Tensor& X, const Tensor& keys,
                                              const Tensor& count, const Tensor& bound,
                                              int64_t keep, int64_t k) {
  check_float(X, "X", 2);
  const int64_t n = keys.size(0);
  STD_TORCH_CHECK(n <= X.size(0), "keys must have no more rows than X");
  const cuda::Candidates candidates = view(X, keys, count, bound, keep, n);
  STD_TORCH_CHECK(0 < k && k <= keep, "k must be in 1 .. keep");
  const OnDeviceOf device(X);
  Tensor indices = empty(X, {n, k}, ScalarType::Int);
  Tensor sq_distances = empty(X, {n, k}, ScalarType::Float);
  Tensor unmeasured = empty(X, {n}, ScalarType::Float);
  check_cuda(cuda::knn_rerank({.X = X.const_data_ptr<float>(),
                               .n = n,
                               .depth = X.size(1),
                               .k = k,
                               .candidates = candidates,
                               .indices = indices.mutable_data_ptr<int32_t>(),
                               .sq_distances = sq_distances.mutable_data_ptr<float>(),
                               .unmeasured = unmeasured.mutable_data_ptr<float>()},
                              device.stream));
  return {indices, sq_distances, unmeasured};
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(fasttsne, CUDA, m) {
  m.impl("pairwise_sq_distances", TORCH_BOX(&pairwise_sq_distances));
  m.impl("knn_scan_", TORCH_BOX(&knn_scan_));
  m.impl("knn_rerank", TORCH_BOX(&knn_rerank));
}

}  // namespace fasttsne::bindings
