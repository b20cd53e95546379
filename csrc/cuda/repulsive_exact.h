// Repulsive forces by direct summation over all pairs, with tiles of points in shared memory.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

struct RepulsiveArguments {
  const float* Y;  // [n, dims]
  int64_t n, dims;
  float dof;
  float* forces;  // [n, dims], not divided by Z
  double* parts;  // [repulsive_exact_parts(n)] workspace, one partial Z per block
  double* Z;      // [1]
};

int64_t repulsive_exact_parts(int64_t n);
cudaError_t repulsive_exact(const RepulsiveArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
