// The perplexity search of kernels/perplexity_search.h, with one warp per row.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

// Reads sq_distances [n, k]; writes beta [n] and conditional [n, k].
cudaError_t perplexity_search(const float* sq_distances, int64_t n, int64_t k, double perplexity,
                              float* beta, float* conditional, cudaStream_t stream);

}  // namespace fasttsne::cuda
