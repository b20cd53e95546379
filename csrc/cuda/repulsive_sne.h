// Repulsive forces of SNE, normalised over all pairs (joint) or row by row (conditional). See
// kernels/repulsive_sne.h for the formulas.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

struct SneArguments {
  const float* Y;  // [n, dims]
  int64_t n, dims;
  bool conditional;
  float* forces;   // [n, dims], normalised
  float* nearest;  // [n] workspace: squared distance from each point to its nearest other point
  double* sums;    // [n] workspace: Z_i = sums_i exp(-nearest_i)
  float* scale;    // [n] workspace: q_{j|i} / 2n or q_ij = scale_i exp(nearest_i - d2_ij)
  double* log_Z;   // [1] ln Z, or the mean of ln Z_i if conditional
};

cudaError_t repulsive_sne(const SneArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
