// CUDA ops: distances and nearest neighbours.
#include <vector>

#include "bindings/cuda/launch.h"
#include "bindings/tensors.h"
#include "cuda/knn_rerank.h"
#include "cuda/knn_scan.h"
#include "cuda/pairwise_sq_distances.h"

namespace fasttsne::bindings {
namespace {

Tensor pairwise_sq_distances(const Tensor& X, const Tensor& Z) {
  check_points(X, "X");
  check_points(Z, "Z");
  STD_TORCH_CHECK(X.size(1) == Z.size(1), "X and Z must have the same number of columns, got ",
                  X.size(1), " and ", Z.size(1));
  check_same_device(X, {&Z});
  const CudaGuard device(X);
  Tensor out = empty(X, {X.size(0), Z.size(0)}, ScalarType::Float);
  check_cuda(cuda::pairwise_sq_distances(X.const_data_ptr<float>(), X.size(0),
                                         Z.const_data_ptr<float>(), Z.size(0), X.size(1),
                                         out.mutable_data_ptr<float>(), device.stream));
  return out;
}

// The values in `count` and `keys` are on the device, so the kernels check them.
cuda::Candidates view(const Tensor& X, const Tensor& keys, const Tensor& count, const Tensor& bound,
                      int64_t keep, int64_t n) {
  check_candidates(keys, count, bound, keep, n);
  check_same_device(X, {&keys, &count, &bound});
  STD_TORCH_CHECK(keep <= cuda::kMaxKeep, "keep must be in 1 .. ", cuda::kMaxKeep,
                  " on a GPU, got ", keep);
  STD_TORCH_CHECK(keep + cuda::kScanTile <= keys.size(1), "keys must have keep + ", cuda::kScanTile,
                  " columns or more on a GPU, got ", keys.size(1));
  STD_TORCH_CHECK(keys.size(1) <= INT32_MAX, "keys must have 2^31 - 1 columns or fewer");
  return {keys.mutable_data_ptr<int64_t>(), count.mutable_data_ptr<int32_t>(),
          bound.mutable_data_ptr<float>(), keys.size(1), keep};
}

void knn_scan_(const Tensor& X, const Tensor& sq_norms, Tensor keys, Tensor count, Tensor bound,
               int64_t keep, const Tensor& blocks, const Tensor& tiles) {
  const int64_t largest_block = check_scan(X, sq_norms, keys, count, bound, keep, blocks, tiles);
  check_same_device(X, {&sq_norms});
  const cuda::Candidates candidates = view(X, keys, count, bound, keep, X.size(0));
  const int64_t* begin = blocks.const_data_ptr<int64_t>();
  const int64_t* pair = tiles.const_data_ptr<int64_t>();
  const int64_t n_tiles = tiles.size(0);
  std::vector<cuda::Tile> on_host(n_tiles);
  for (int64_t t = 0; t < n_tiles; ++t) {
    const int64_t a = pair[2 * t], b = pair[2 * t + 1];
    on_host[t] = {static_cast<int32_t>(begin[a]), static_cast<int32_t>(begin[a + 1]),
                  static_cast<int32_t>(begin[b]), static_cast<int32_t>(begin[b + 1])};
  }
  const CudaGuard device(X);
  Tensor on_device = empty(X, {n_tiles, 4}, ScalarType::Int);
  auto* const to = reinterpret_cast<cuda::Tile*>(on_device.mutable_data_ptr<int32_t>());
  // The source is pageable memory, so the data has been read when this returns, and `on_host` may
  // be destroyed.
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
  check_points(X, "X");
  check(keys, "keys", ScalarType::Long, 2);
  const int64_t n = keys.size(0);
  STD_TORCH_CHECK(n <= X.size(0), "keys must have no more rows than X");
  const cuda::Candidates candidates = view(X, keys, count, bound, keep, n);
  STD_TORCH_CHECK(0 < k && k <= keep, "k must be in 1 .. keep");
  const CudaGuard device(X);
  Tensor indices = empty(X, {n, k}, ScalarType::Int);
  Tensor sq_distances = empty(X, {n, k}, ScalarType::Float);
  Tensor unmeasured = empty(X, {n}, ScalarType::Float);
  check_cuda(cuda::knn_rerank({.X = X.const_data_ptr<float>(),
                               .n = n,
                               .X_rows = X.size(0),
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
