#include "cuda/common.cuh"

namespace fasttsne::cuda {
namespace {

constexpr int kThreads = 256;

__global__ void sum_kernel(const double* parts, int64_t count, double offset, double* out) {
  double total = 0;
  for (int64_t i = threadIdx.x; i < count; i += kThreads) total += parts[i];
  total = block_sum<kThreads>(total);
  if (threadIdx.x == 0) *out = total - offset;
}

}  // namespace

cudaError_t sum_parts(const double* parts, int64_t count, double offset, double* out,
                      cudaStream_t stream) {
  launch(sum_kernel, 1, kThreads, 0, stream, parts, count, offset, out);
  return cudaGetLastError();
}

}  // namespace fasttsne::cuda
