// Lists of the nearest rows found so far, one list per row, as in kernels/candidates.h: filled by
// cuda/knn_scan.h and read by cuda/knn_rerank.h.
#pragma once
#include <cstdint>

namespace fasttsne::cuda {

// Side of a tile, and so the largest number of candidates that one tile can add to the list of a
// row.
inline constexpr int64_t kScanTile = 64;
inline constexpr int64_t kMaxKeep = 4096;  // a row's candidates are sorted in shared memory

struct Candidates {
  int64_t* keys;   // [n, capacity], see math/candidate.h
  int32_t* count;  // [n] keys in use
  float* bound;    // [n] upper bound for new candidates: the keep-th smallest distance at the last
                   // compaction, infinity before the first
  int64_t capacity;  // at least keep + kScanTile
  int64_t keep;      // a full list is compacted to its `keep` smallest keys; at most kMaxKeep
};

}  // namespace fasttsne::cuda
