// The two parts of CUDA that are no C++, as functions: launches, and shared memory whose size the
// launch tells. So the rest of the code compiles without nvcc, for the tests that run kernels on a
// CPU; they have a file of this name (csrc/tests/cuda_on_cpu/cuda/launch.cuh).
#pragma once
#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

namespace fasttsne::cuda {

// kernel<<<grid, block, shared_bytes, stream>>>(arguments...)
template <class... Parameters>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
            cudaStream_t stream, std::type_identity_t<Parameters>... arguments) {
  kernel<<<grid, block, shared_bytes, stream>>>(arguments...);
}

// The shared memory of `shared_bytes` that a thread block was launched with.
__device__ inline int64_t* launched_shared() {
  extern __shared__ int64_t launched_shared_words[];
  return launched_shared_words;
}

}  // namespace fasttsne::cuda
