// One step of gradient descent with momentum and gains, then centring and bounds; in place.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

struct UpdateArguments {
  float* Y;  // [n, dims], as are the four below
  float* velocity;
  float* gains;
  const float* attractive;
  const float* repulsive;
  const double* Z;  // [1] on the device: no copy to the host in an iteration
  int64_t n, dims;
  float exaggeration, learning_rate, momentum, max_step;
  double* parts;       // [update_parts] workspace
  double* statistics;  // [1 + 2 dims]: |gradient|^2, lowest, highest
};

int64_t update_parts(int64_t n, int64_t dims);
cudaError_t update_embedding(const UpdateArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
