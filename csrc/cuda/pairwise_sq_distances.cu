#include "cuda/common.cuh"
#include "cuda/pairwise_sq_distances.h"

namespace fasttsne::cuda {
namespace {

constexpr int kSide = 32, kLines = 8;  // a block computes 32 x 32 distances with 32 x 8 threads

__global__ void __launch_bounds__(kSide* kLines)
    pairwise_kernel(const float* X, int64_t rows, const float* Z, int64_t columns, int64_t depth,
                    float* out) {
  __shared__ float x[kSide][kSide + 1], z[kSide][kSide + 1];
  const int64_t row = int64_t{blockIdx.y} * kSide, column = int64_t{blockIdx.x} * kSide;
  float sums[kSide / kLines] = {};
  for (int64_t at = 0; at < depth; at += kSide) {
    for (int r = threadIdx.y; r < kSide; r += kLines) {
      const bool inside = at + threadIdx.x < depth;
      x[r][threadIdx.x] = inside && row + r < rows ? X[(row + r) * depth + at + threadIdx.x] : 0;
      z[r][threadIdx.x] =
          inside && column + r < columns ? Z[(column + r) * depth + at + threadIdx.x] : 0;
    }
    __syncthreads();
    for (int m = 0; m < kSide; ++m)
      for (int s = 0; s < kSide / kLines; ++s) {
        const float d = x[threadIdx.y + s * kLines][m] - z[threadIdx.x][m];
        sums[s] += d * d;
      }
    __syncthreads();
  }
  for (int s = 0; s < kSide / kLines; ++s) {
    const int64_t i = row + threadIdx.y + s * kLines, j = column + threadIdx.x;
    if (i < rows && j < columns) out[i * columns + j] = sums[s];
  }
}

}  // namespace

cudaError_t pairwise_sq_distances(const float* X, int64_t rows, const float* Z, int64_t columns,
                                  int64_t depth, float* out, cudaStream_t stream) {
  if (rows == 0 || columns == 0) return cudaSuccess;
  constexpr int64_t kMaxRows = int64_t{65535} * kSide;
  for (int64_t first = 0; first < rows; first += kMaxRows) {
    const int64_t some = rows - first < kMaxRows ? rows - first : kMaxRows;
    const dim3 grid(blocks_for(columns, kSide), blocks_for(some, kSide));
    launch(pairwise_kernel, grid, dim3(kSide, kLines), 0, stream, X + first * depth, some, Z,
           columns, depth, out + first * columns);
  }
  return cudaGetLastError();
}

}  // namespace fasttsne::cuda
