// The first of two steps to the exact k nearest neighbours by brute force: `scan_tile` computes
// tiles of the symmetric distance matrix by inner products and keeps a list of the best candidates
// of each row.
//
//   X, blocks, tile pairs --scan_tile--> candidates (n, capacity) --rerank_rows--> (n, k)
#pragma once
#include "kernels/candidates.h"

namespace fasttsne {

// Offers every pair of a row of block A and a row of block B to the candidates of both rows. A and
// B are the same block or disjoint. `scratch` holds tile_scratch_bytes(...) bytes, aligned to 64.
// Calls that share no block may run at the same time.
void scan_tile(const PointsView& X, const float* sq_norms, Candidates& candidates, RowRange a,
               RowRange b, void* scratch);
int64_t tile_scratch_bytes(int64_t largest_block, int64_t depth);

}  // namespace fasttsne
