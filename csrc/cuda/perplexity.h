// The perplexity search, a warp a row.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

cudaError_t perplexity_search(const float* sq_distances, int64_t n, int64_t k, double perplexity,
                              float* beta, float* conditional, cudaStream_t stream);

}  // namespace fasttsne::cuda
