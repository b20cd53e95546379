#include "kernels/knn_rerank.h"

#include <algorithm>
#include <vector>

namespace fasttsne {

bool rerank_rows(const PointsView& X, const Candidates& candidates, int64_t k, int32_t* indices,
                 float* sq_distances, float* unmeasured, RowRange rows) {
  std::vector<int64_t> keys(candidates.capacity);
  Reranker rerank(candidates.capacity);
  bool in_range = true;
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const int64_t* row = candidates.keys + i * candidates.capacity;
    int64_t count = candidates.count[i];
    unmeasured[i] = candidates.bound[i];
    std::copy(row, row + count, keys.begin());
    if (count > candidates.keep) {
      std::nth_element(keys.begin(), keys.begin() + candidates.keep - 1, keys.begin() + count);
      count = candidates.keep;
      unmeasured[i] = math::key_distance(keys[count - 1]);
    }
    in_range &= rerank(X, i, keys.data(), count, k);
    for (int64_t c = 0; c < k; ++c) {
      indices[i * k + c] = static_cast<int32_t>(math::key_index(keys[c]));
      sq_distances[i * k + c] = math::key_distance(keys[c]);
    }
  }
  return in_range;
}

}  // namespace fasttsne
