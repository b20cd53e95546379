// Exact nearest neighbours: tiles of the symmetric distance matrix feed a running list of the best
// candidates of each row; the best are then measured again without cancellation and sorted.
//
//   X, blocks, tile pairs --scan_tile--> candidates (n, capacity) --rerank_rows--> (n, k)
//
// A candidate is one 64-bit key, see math/candidate.h.
#pragma once
#include "kernels/types.h"

namespace fasttsne {

struct Candidates {
  int64_t* keys;     // [n, capacity]
  int32_t* count;    // [n] keys in use
  float* bound;      // [n] a new candidate must be below this: the keep-th best so far, or infinity
  int64_t capacity;  // at least keep + 1
  int64_t keep;      // keys that survive a compaction
};

// Offers all pairs of rows of block A and block B (the same or disjoint) to both rows' candidates.
// `scratch` holds tile_scratch bytes, aligned to 64. Different calls may run at the same time when
// they share no block.
void scan_tile(const PointsView& X, const float* sq_norms, Candidates& candidates, RowRange a,
               RowRange b, void* scratch);
int64_t tile_scratch(int64_t largest_block, int64_t depth);

// The k nearest of each row's candidates, nearest first, by exact differences. `unmeasured` [n] is
// a bound from below on the tiles' distance to every row that was not measured. Returns whether all
// candidates are rows of X; those that are not are not followed.
bool rerank_rows(const PointsView& X, const Candidates& candidates, int64_t k, int32_t* indices,
                 float* sq_distances, float* unmeasured, RowRange rows);

// out[i, j] = |X_i - Z_j|^2 for rows of X in range and all rows of Z.
void pairwise_rows(const PointsView& X, const PointsView& Z, float* out, RowRange rows);

}  // namespace fasttsne
