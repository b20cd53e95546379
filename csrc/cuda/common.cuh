// What the CUDA kernels share: sums over warps and blocks in a fixed order (the same bits every
// time), functions of one float, and the choice of a template by the number of dimensions.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "math/student.h"

namespace fasttsne::cuda {

inline constexpr int kWarp = 32;
inline constexpr unsigned kAllLanes = 0xffffffffu;

struct FloatFunctions {
  typedef float T;
  __host__ __device__ static float broadcast(float x) { return x; }
  __device__ static float exp(float x) { return expf(x); }
  __device__ static float log(float x) { return logf(x); }
  __device__ static float log1p(float x) { return log1pf(x); }
};

template <bool kUnit>
using Student = math::Student<FloatFunctions, kUnit>;

inline unsigned blocks_for(int64_t items, int64_t per_block) {
  return static_cast<unsigned>((items + per_block - 1) / per_block);
}

// Lane 0 of each run of kLanes lanes gets the sum of the run.
template <int kLanes = kWarp, class T>
__device__ T warp_sum(T x) {
  for (int s = kLanes / 2; s > 0; s /= 2) x += __shfl_down_sync(kAllLanes, x, s, kLanes);
  return x;
}
// All lanes get the sum, smallest or largest.
template <class T>
__device__ T warp_sum_all(T x) {
  for (int s = kWarp / 2; s > 0; s /= 2) x += __shfl_xor_sync(kAllLanes, x, s);
  return x;
}
__device__ inline float warp_min_all(float x) {
  for (int s = kWarp / 2; s > 0; s /= 2) x = fminf(x, __shfl_xor_sync(kAllLanes, x, s));
  return x;
}
__device__ inline float warp_max_all(float x) {
  for (int s = kWarp / 2; s > 0; s /= 2) x = fmaxf(x, __shfl_xor_sync(kAllLanes, x, s));
  return x;
}

// Thread 0 of the block gets the result of `combine` over all threads. Call it with all threads.
template <int kThreads, class T, class Combine>
__device__ T block_reduce(T x, Combine combine) {
  __shared__ T parts[kThreads / kWarp];
  for (int s = kWarp / 2; s > 0; s /= 2) x = combine(x, __shfl_down_sync(kAllLanes, x, s));
  __syncthreads();  // the parts of a call before this one have been read
  if (threadIdx.x % kWarp == 0) parts[threadIdx.x / kWarp] = x;
  __syncthreads();
  if (threadIdx.x == 0)
    for (int w = 1; w < kThreads / kWarp; ++w) x = combine(x, parts[w]);
  return x;
}
template <int kThreads, class T>
__device__ T block_sum(T x) {
  return block_reduce<kThreads>(x, [](T a, T b) { return a + b; });
}

// *out = the sum of parts, less `offset`; asynchronous.
cudaError_t sum_parts(const double* parts, int64_t count, double offset, double* out,
                      cudaStream_t stream);

// Calls run(std::integral_constant-like dims, unit): 1 to 3 dimensions, and dof == 1 or not.
template <int kValue>
struct Constant {
  static constexpr int value = kValue;
};
template <class Run>
cudaError_t with_dims(int64_t dims, float dof, const Run& run) {
  const auto with_unit = [&](auto d) {
    return dof == 1.f ? run(d, Constant<1>{}) : run(d, Constant<0>{});
  };
  switch (dims) {
    case 1:
      return with_unit(Constant<1>{});
    case 2:
      return with_unit(Constant<2>{});
    default:
      return with_unit(Constant<3>{});
  }
}

}  // namespace fasttsne::cuda
