// Launches on a CPU: in place of csrc/cuda/launch.cuh.
#pragma once
#include <type_traits>

#include "cuda_runtime.h"

namespace fasttsne::cuda {

template <class... Parameters>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t,
            std::type_identity_t<Parameters>... arguments) {
  const auto thread = [&] { kernel(arguments...); };
  on_cpu::run(
      grid, block, shared_bytes,
      [](const void* one) { (*static_cast<const decltype(thread)*>(one))(); }, &thread);
}

inline int64_t* launched_shared() { return on_cpu::launched_shared(); }

}  // namespace fasttsne::cuda
