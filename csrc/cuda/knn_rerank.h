// The second of two steps to the exact k nearest neighbours, as in kernels/knn_rerank.h: measures
// the candidates again by differences, which avoids cancellation, and sorts them.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

#include "cuda/candidates.h"

namespace fasttsne::cuda {

struct RerankArguments {
  const float* X;  // [X_rows, depth]
  int64_t n, X_rows, depth, k;
  Candidates candidates;
  int32_t* indices;     // [n, k], -1 past the end if fewer than k candidates are rows of X
  float* sq_distances;  // [n, k]
  float* unmeasured;    // [n] lower bound of the distances, as the tiles computed them, to all rows
                        // that were not measured again
};
// Writes the k nearest of each row's candidates, nearest first.
cudaError_t knn_rerank(const RerankArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
