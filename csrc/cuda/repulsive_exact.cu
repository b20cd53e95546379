#include "cuda/common.cuh"
#include "cuda/repulsive_exact.h"

namespace fasttsne::cuda {
namespace {

// Blocks are small, so that a few thousand points, for which the exact sum is meant, fill the GPU.
constexpr int kThreads = 64;

template <int kDims, bool kUnitDof>
__global__ void __launch_bounds__(kThreads) rows_kernel(RepulsiveArguments a) {
  __shared__ float tile[kThreads * kDims];
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  const Student<kUnitDof> student(a.dof);
  float y[kDims] = {};
  if (i < a.n)
    for (int m = 0; m < kDims; ++m) y[m] = a.Y[i * kDims + m];
  double force[kDims] = {}, z = 0;
  for (int64_t begin = 0; begin < a.n; begin += kThreads) {
    const int count = (int)(a.n - begin < kThreads ? a.n - begin : kThreads);
    for (int c = threadIdx.x; c < count * kDims; c += kThreads) tile[c] = a.Y[begin * kDims + c];
    __syncthreads();
    // The terms of a tile are summed in float32, few enough to keep 6 digits; the sums of tiles are
    // added in float64.
    float part[kDims] = {}, part_z = 0;
    for (int j = 0; j < count; ++j) {
      float d[kDims], d2 = 0;
      for (int m = 0; m < kDims; ++m) {
        d[m] = y[m] - tile[j * kDims + m];
        d2 += d[m] * d[m];
      }
      const float w = student.w(d2);
      const float q = begin + j == i ? 0.f : student.q(d2, w);
      part_z += q;
      const float push = q * w;
      for (int m = 0; m < kDims; ++m) part[m] += push * d[m];
    }
    for (int m = 0; m < kDims; ++m) force[m] += part[m];
    z += part_z;
    __syncthreads();
  }
  if (i < a.n)
    for (int m = 0; m < kDims; ++m) a.forces[i * kDims + m] = (float)force[m];
  z = block_sum<kThreads>(i < a.n ? z : 0.0);
  if (threadIdx.x == 0) a.parts[blockIdx.x] = z;
}

// Any number of dimensions, for more than three: the differences are computed twice, for the
// distance and again for each coordinate of the force.
template <bool kUnitDof>
__global__ void __launch_bounds__(kThreads) rows_any_kernel(RepulsiveArguments a) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  const Student<kUnitDof> student(a.dof);
  double z = 0;
  if (i < a.n) {
    const float* y = a.Y + i * a.dims;
    float* force = a.forces + i * a.dims;
    for (int64_t m = 0; m < a.dims; ++m) force[m] = 0;
    for (int64_t j = 0; j < a.n; ++j) {
      if (j == i) continue;
      const float* other = a.Y + j * a.dims;
      float d2 = 0;
      for (int64_t m = 0; m < a.dims; ++m) d2 += (y[m] - other[m]) * (y[m] - other[m]);
      const float w = student.w(d2), q = student.q(d2, w);
      z += (double)q;
      for (int64_t m = 0; m < a.dims; ++m) force[m] += q * w * (y[m] - other[m]);
    }
  }
  z = block_sum<kThreads>(z);
  if (threadIdx.x == 0) a.parts[blockIdx.x] = z;
}

}  // namespace

int64_t repulsive_exact_parts(int64_t n) { return blocks_for(n, kThreads); }

cudaError_t repulsive_exact(const RepulsiveArguments& a, cudaStream_t stream) {
  const unsigned blocks = blocks_for(a.n, kThreads);
  if (blocks == 0) return sum_parts(a.parts, 0, 0, a.Z, stream);
  if (a.dims > 3) {
    if (a.dof == 1.f)
      launch(rows_any_kernel<true>, blocks, kThreads, 0, stream, a);
    else
      launch(rows_any_kernel<false>, blocks, kThreads, 0, stream, a);
  } else {
    with_dims(a.dims, a.dof, [&](auto dims, auto unit) {
      launch(rows_kernel<decltype(dims)::value, (bool)decltype(unit)::value>, blocks, kThreads, 0,
             stream, a);
      return cudaSuccess;
    });
  }
  const cudaError_t status = cudaGetLastError();
  return status != cudaSuccess ? status : sum_parts(a.parts, blocks, 0, a.Z, stream);
}

}  // namespace fasttsne::cuda
