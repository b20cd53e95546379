// Repulsive forces as the whole sum over pairs: tiles of points in shared memory.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

struct RepulsiveArguments {
  const float* Y;  // [n, dims]
  int64_t n, dims;
  float dof;
  float* forces;  // [n, dims], not divided by Z
  double* parts;  // [repulsive_exact_parts] workspace
  double* Z;      // [1]
};

int64_t repulsive_exact_parts(int64_t n);
cudaError_t repulsive_exact(const RepulsiveArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
