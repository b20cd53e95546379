// Nearest neighbours: tiles of the distance matrix on tensor cores feed a running list of the best
// candidates of each row; the best are then measured again without cancellation and sorted.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

// A row's list must have room for all newcomers of one tile.
inline constexpr int64_t kScanTile = 64;
inline constexpr int64_t kLargestKeep = 4096;  // a row's candidates are sorted in shared memory

struct Candidates {
  int64_t* keys;     // [n, capacity], see math/candidate.h
  int32_t* count;    // [n] keys in use
  float* bound;      // [n] a new candidate must be below this: the keep-th best so far, or infinity
  int64_t capacity;  // at least keep + kScanTile
  int64_t keep;      // keys that survive a compaction, at most kLargestKeep
};

// A pair of blocks of rows, the same or disjoint.
struct Tile {
  int32_t a_begin, a_end, b_begin, b_end;
};

struct ScanArguments {
  const float* X;  // [n, depth]
  const float* sq_norms;
  int64_t depth;
  Candidates candidates;
  const Tile* tiles;  // [n_tiles] on the device; they share no block
  int64_t n_tiles;
  int64_t largest_block;
};
// Offers all pairs of rows of each tile to both rows' candidates.
cudaError_t knn_scan(const ScanArguments& arguments, cudaStream_t stream);

struct RerankArguments {
  const float* X;  // [X_rows, depth]
  int64_t n, X_rows, depth, k;
  Candidates candidates;
  int32_t* indices;     // [n, k], -1 where a row has fewer candidates that are rows of X
  float* sq_distances;  // [n, k]
  float* unmeasured;    // [n] from below, the tiles' distance to every row that was not measured
};
cudaError_t knn_rerank(const RerankArguments& arguments, cudaStream_t stream);

// out[i, j] = |X_i - Z_j|^2, without cancellation.
cudaError_t pairwise_sq_distances(const float* X, int64_t rows, const float* Z, int64_t columns,
                                  int64_t depth, float* out, cudaStream_t stream);

}  // namespace fasttsne::cuda
