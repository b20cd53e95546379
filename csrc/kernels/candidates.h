// Lists of the nearest rows found so far, one list per row: filled by kernels/knn_scan.h and read
// by kernels/knn_rerank.h. A candidate is one 64-bit key, see math/candidate.h.
#pragma once
#include "kernels/types.h"

namespace fasttsne {

struct Candidates {
  int64_t* keys;   // [n, capacity]
  int32_t* count;  // [n] keys in use
  float* bound;    // [n] upper bound for new candidates: the keep-th smallest distance at the last
                   // compaction, infinity before the first
  int64_t capacity;  // at least keep + 1
  int64_t keep;      // a full list is compacted to its `keep` smallest keys
};

}  // namespace fasttsne
