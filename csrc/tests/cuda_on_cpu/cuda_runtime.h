// What the kernels use of CUDA, for a CPU: see grid.h.
#pragma once
#include <math.h>

#include <cstdint>
#include <cstring>

#include "cuda_on_cpu/grid.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
// The address sanitizer guards static variables, but not thread-local ones.
#if defined(__SANITIZE_ADDRESS__)
#define __shared__ static
#else
#define __shared__ static thread_local
#endif
#define threadIdx (fasttsne::on_cpu::thread_index())
#define blockIdx (fasttsne::on_cpu::block_index())
#define blockDim (fasttsne::on_cpu::block_size())
#define gridDim (fasttsne::on_cpu::grid_size())

struct dim3 : fasttsne::on_cpu::Dim {
  dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : Dim{x, y, z} {}
};

enum cudaError_t { cudaSuccess, cudaErrorInvalidValue, cudaErrorLaunchFailure };
typedef struct CUstream_st* cudaStream_t;

// As on a GPU, after a failure nothing runs any more, until the tests take the failure.
inline cudaError_t cudaGetLastError() {
  return fasttsne::on_cpu::has_failed() ? cudaErrorLaunchFailure : cudaSuccess;
}
inline cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t) {
  std::memset(to, value, bytes);
  return cudaSuccess;
}

inline void __syncthreads(fasttsne::on_cpu::Where where = fasttsne::on_cpu::Where::current()) {
  fasttsne::on_cpu::barrier(where);
}
inline void __syncwarp(unsigned mask = 0xffffffffu,
                       fasttsne::on_cpu::Where where = fasttsne::on_cpu::Where::current()) {
  fasttsne::on_cpu::warp_barrier(mask, where);
}
inline void __threadfence() { fasttsne::on_cpu::fence(); }

namespace fasttsne::on_cpu {

template <class T>
T shuffled(unsigned mask, T x, Shuffle kind, int by, int width, Where where) {
  static_assert(sizeof(T) <= sizeof(uint64_t));
  uint64_t bits = 0;
  std::memcpy(&bits, &x, sizeof(T));
  bits = shuffle(mask, bits, kind, by, width, where);
  std::memcpy(&x, &bits, sizeof(T));
  return x;
}

}  // namespace fasttsne::on_cpu

template <class T>
T __shfl_down_sync(unsigned mask, T x, unsigned by, int width = 32,
                   fasttsne::on_cpu::Where where = fasttsne::on_cpu::Where::current()) {
  return fasttsne::on_cpu::shuffled(mask, x, fasttsne::on_cpu::Shuffle::down, (int)by, width,
                                    where);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T x, int by, int width = 32,
                  fasttsne::on_cpu::Where where = fasttsne::on_cpu::Where::current()) {
  return fasttsne::on_cpu::shuffled(mask, x, fasttsne::on_cpu::Shuffle::across, by, width, where);
}
inline unsigned __ballot_sync(unsigned mask, bool vote,
                              fasttsne::on_cpu::Where where = fasttsne::on_cpu::Where::current()) {
  return fasttsne::on_cpu::ballot(mask, vote, where);
}

template <class T>
T atomicAdd(T* at, T x) {
  fasttsne::on_cpu::note_atomic();
  return __atomic_fetch_add(at, x, __ATOMIC_RELAXED);
}
template <class T>
T atomicMax(T* at, T x) {
  fasttsne::on_cpu::note_atomic();
  T old = __atomic_load_n(at, __ATOMIC_RELAXED);
  while (old < x &&
         !__atomic_compare_exchange_n(at, &old, x, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return old;
}

template <class T>
T __ldg(const T* at) {
  return *at;
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz((unsigned)x); }
inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)x); }
inline float __int_as_float(int bits) { return __builtin_bit_cast(float, bits); }
inline int min(int a, int b) { return a < b ? a : b; }
inline int max(int a, int b) { return a > b ? a : b; }
