// Repulsive forces of SNE, normalised over all pairs or row by row, each row measured from its
// nearest neighbour: see kernels/repulsive_sne.h.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

struct SneArguments {
  const float* Y;  // [n, dims]
  int64_t n, dims;
  bool conditional;
  float* forces;   // [n, dims], divided by Z
  float* nearest;  // [n] workspace
  double* sums;    // [n] workspace
  float* scale;    // [n] workspace
  double* log_Z;   // [1]
};

cudaError_t repulsive_sne(const SneArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
