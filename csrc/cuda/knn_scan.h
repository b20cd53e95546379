// The first of two steps to the exact k nearest neighbours, as in kernels/knn_scan.h: computes
// tiles of the distance matrix on tensor cores and keeps a list of the best candidates of each row.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

#include "cuda/candidates.h"

namespace fasttsne::cuda {

// A pair of blocks of rows, as half-open ranges that are the same or disjoint.
struct Tile {
  int32_t a_begin, a_end, b_begin, b_end;
};

struct ScanArguments {
  const float* X;         // [n, depth]
  const float* sq_norms;  // [n] |x|^2
  int64_t depth;
  Candidates candidates;
  const Tile* tiles;  // [n_tiles] on the device; no block is in two tiles
  int64_t n_tiles;
  int64_t largest_block;  // number of rows of the largest block
};
// Offers every pair of rows of each tile to the candidates of both rows.
cudaError_t knn_scan(const ScanArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
