// The mathematics that CPU and GPU share lives in this folder, each formula once: plain operators
// on a type T that is float on a GPU and a vector of floats in a CPU kernel. What an operator
// cannot say (exp, log) comes from a policy class, which each side has of its own.
#pragma once
#include <cstdint>

// Never a symbol of its own: the copy of another SIMD level could be the one that the linker keeps.
#if defined(__CUDACC__)
#define FASTTSNE_SHARED __host__ __device__ static __forceinline__
#define FASTTSNE_SHARED_MEMBER __host__ __device__ __forceinline__
#else
#define FASTTSNE_SHARED static inline __attribute__((always_inline))
#define FASTTSNE_SHARED_MEMBER inline __attribute__((always_inline))
#endif
