#include "kernels/candidates.h"

#include <algorithm>
#include <limits>

#include "kernels/simd/distance_tiles.h"

namespace fasttsne {

void compact(Candidates& c, int64_t row) {
  int64_t* keys = c.keys + row * c.capacity;
  std::nth_element(keys, keys + c.keep - 1, keys + c.count[row]);
  c.count[row] = static_cast<int32_t>(c.keep);
  c.bound[row] = math::key_distance(keys[c.keep - 1]);
}

Reranker::Reranker(int64_t most) : index_(most), sq_distance_(most) {}

bool Reranker::operator()(const PointsView& X, int64_t i, int64_t* keys, int64_t count,
                          int64_t first) {
  static const auto measure = FASTTSNE_PICK(sq_distances_to);
  bool in_range = true;
  for (int64_t c = 0; c < count; ++c) {
    const int64_t j = math::key_index(keys[c]);
    in_range &= j < X.n;
    index_[c] = static_cast<int32_t>(j < X.n ? j : 0);
  }
  measure(X.data + i * X.dims, X.data, index_.data(), count, X.dims, sq_distance_.data());
  for (int64_t c = 0; c < count; ++c) {
    // A NaN would sort before all numbers, as it may have a sign.
    const float sq = sq_distance_[c];
    keys[c] = math::make_key(sq == sq ? sq : std::numeric_limits<float>::infinity(), index_[c]);
  }
  // Faster than std::partial_sort, which keeps a heap, where most are wanted.
  if (first < count) std::nth_element(keys, keys + first - 1, keys + count);
  std::sort(keys, keys + first);
  return in_range;
}

}  // namespace fasttsne
