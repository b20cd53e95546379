// Running sums.
#pragma once
#include <numeric>

#include "cub/device/device_radix_sort.cuh"

namespace cub {

struct DeviceScan {
  template <class T>
  static cudaError_t InclusiveSum(void* workspace, size_t& bytes, const T* from, T* to,
                                  int64_t count, cudaStream_t = nullptr) {
    cudaError_t status;
    if (has_workspace(workspace, bytes, 64, status)) std::partial_sum(from, from + count, to);
    return status;
  }
};

}  // namespace cub
