// Helpers that the CUDA kernels share: reductions over warps and blocks in a fixed order, so that
// they give the same bits every time; the functions of a float for the formulas in math/; and the
// dispatch on the number of dimensions.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/launch.cuh"
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

template <bool kUnitDof>
using Student = math::Student<FloatFunctions, kUnitDof>;

inline unsigned blocks_for(int64_t items, int64_t per_block) {
  return static_cast<unsigned>((items + per_block - 1) / per_block);
}

// Lane 0 of each group of kLanes consecutive lanes gets the sum over the group.
template <int kLanes = kWarp, class T>
__device__ T warp_sum(T x) {
  for (int s = kLanes / 2; s > 0; s /= 2) x += __shfl_down_sync(kAllLanes, x, s, kLanes);
  return x;
}
// All lanes of the warp get its sum, minimum or maximum.
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

// Reduces x over all threads of the block by `combine`; thread 0 gets the result. All threads must
// call it.
template <int kThreads, class T, class Combine>
__device__ T block_reduce(T x, Combine combine) {
  __shared__ T parts[kThreads / kWarp];
  for (int s = kWarp / 2; s > 0; s /= 2) x = combine(x, __shfl_down_sync(kAllLanes, x, s));
  __syncthreads();  // thread 0 has read the parts of an earlier call
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

// *out = sum of parts[0 .. count) - offset; asynchronous.
cudaError_t sum_parts(const double* parts, int64_t count, double offset, double* out,
                      cudaStream_t stream);

// Calls run(Constant<dims>, Constant<dof == 1>) for dims from 1 to 3, so that both are compile-time
// constants in `run`.
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
