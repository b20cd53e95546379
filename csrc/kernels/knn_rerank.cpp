#include "kernels/knn_rerank.h"

#include <algorithm>
#include <vector>

#include "kernels/simd/distance_tiles.h"
#include "math/candidate.h"

namespace fasttsne {

using math::key_distance;
using math::make_key;

bool rerank_rows(const PointsView& X, const Candidates& candidates, int64_t k, int32_t* indices,
                 float* sq_distances, float* unmeasured, RowRange rows) {
  static const auto measure = FASTTSNE_PICK(sq_distances_to);
  std::vector<int64_t> keys(candidates.capacity);
  std::vector<int32_t> index(candidates.capacity);
  std::vector<float> exact(candidates.capacity);
  bool in_range = true;
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const int64_t* row = candidates.keys + i * candidates.capacity;
    int64_t count = candidates.count[i];
    unmeasured[i] = candidates.bound[i];
    std::copy(row, row + count, keys.begin());
    if (count > candidates.keep) {
      std::nth_element(keys.begin(), keys.begin() + candidates.keep - 1, keys.begin() + count);
      count = candidates.keep;
      unmeasured[i] = key_distance(keys[count - 1]);
    }
    for (int64_t c = 0; c < count; ++c) {
      const int64_t j = math::key_index(keys[c]);
      in_range &= j < X.n;
      index[c] = static_cast<int32_t>(j < X.n ? j : 0);
    }
    measure(X.data + i * X.dims, X.data, index.data(), count, X.dims, exact.data());
    for (int64_t c = 0; c < count; ++c) keys[c] = make_key(exact[c], index[c]);
    std::partial_sort(keys.begin(), keys.begin() + k, keys.begin() + count);
    for (int64_t c = 0; c < k; ++c) {
      indices[i * k + c] = static_cast<int32_t>(math::key_index(keys[c]));
      sq_distances[i * k + c] = key_distance(keys[c]);
    }
  }
  return in_range;
}

}  // namespace fasttsne
