// One step of gradient descent with momentum and gains, in place, as in kernels/update_embedding.h;
// then the embedding is centred.
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
  const double* Z;  // [1] on the device, so that an iteration needs no copy to the host
  int64_t n, dims;
  float exaggeration, learning_rate, momentum, max_step;
  double* parts;       // [update_parts(n, dims)] workspace
  double* statistics;  // [1 + 2 dims]: |gradient|^2, then the smallest and the largest value of
                       // each coordinate
};

int64_t update_parts(int64_t n, int64_t dims);
cudaError_t update_embedding(const UpdateArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
