// Macros for functions that compile both for the CPU and for CUDA.
//
// This folder holds the formulas that CPU and GPU kernels share, each written once: plain operators
// on a type T that is float on a GPU and a vector of floats in a CPU kernel. Functions that are no
// operators (exp, log) come from a policy class, of which each side has its own.
#pragma once
#include <cstdint>

// Always inlined on the CPU. An inline function with a symbol of its own would be compiled once per
// SIMD level under the same name, and the linker could keep a copy that this CPU cannot run.
#if defined(__CUDACC__)
#define FASTTSNE_SHARED __host__ __device__ static __forceinline__
#define FASTTSNE_SHARED_MEMBER __host__ __device__ __forceinline__
#else
#define FASTTSNE_SHARED static inline __attribute__((always_inline))
#define FASTTSNE_SHARED_MEMBER inline __attribute__((always_inline))
#endif
