// Lists of the nearest rows found so far, one list per row: filled by kernels/knn_scan.h and read
// by kernels/knn_rerank.h; kernels/knn_cells.h does both. A candidate is one 64-bit key, see
// math/candidate.h.
#pragma once
#include <vector>

#include "kernels/types.h"
#include "math/candidate.h"

namespace fasttsne {

struct Candidates {
  int64_t* keys;   // [n, capacity]
  int32_t* count;  // [n] keys in use
  float* bound;    // [n] upper bound for new candidates: the keep-th smallest distance at the last
                   // compaction, infinity before the first
  int64_t capacity;  // at least keep + 1
  int64_t keep;      // a full list is compacted to its `keep` smallest keys
};

// Reduces the list of a row to its `keep` smallest keys, of which it holds more.
void compact(Candidates& c, int64_t row);

// Adds a candidate to the list of a row if it is below the row's bound; a NaN is not.
inline void offer(Candidates& c, int64_t row, float sq_distance, int64_t index) {
  if (!(sq_distance < c.bound[row])) return;
  c.keys[row * c.capacity + c.count[row]++] = math::make_key(sq_distance, index);
  if (c.count[row] == c.capacity) compact(c, row);
}

// Measures `count` candidates of row i of X again by differences, which avoids cancellation, and
// sorts the nearest by the new distances. Candidates that are not rows of X count as row 0; a NaN
// counts as infinitely far.
class Reranker {
 public:
  explicit Reranker(int64_t most);
  // Returns whether all candidates are rows of X. The `first` nearest keys are sorted, the others
  // are behind them in any order.
  bool operator()(const PointsView& X, int64_t i, int64_t* keys, int64_t count, int64_t first);

 private:
  std::vector<int32_t> index_;
  std::vector<float> sq_distance_;
};

}  // namespace fasttsne
