// The result of a launcher.
#pragma once
#include <stdexcept>

#include "cuda_on_cpu/grid.h"
#include "cuda_runtime.h"

namespace fasttsne::tests {

// Throws what was wrong with a launch, if something was.
inline void check(cudaError_t status) {
  const std::string failure = on_cpu::take_failure();
  if (!failure.empty()) throw std::runtime_error(failure);
  if (status != cudaSuccess) throw std::runtime_error("a launcher returned an error");
}

}  // namespace fasttsne::tests
