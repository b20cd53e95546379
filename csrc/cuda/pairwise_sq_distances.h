// All squared distances between two sets of rows, as in kernels/pairwise_sq_distances.h.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

// out[i, j] = |X_i - Z_j|^2 from differences, which avoids cancellation.
cudaError_t pairwise_sq_distances(const float* X, int64_t rows, const float* Z, int64_t columns,
                                  int64_t depth, float* out, cudaStream_t stream);

}  // namespace fasttsne::cuda
