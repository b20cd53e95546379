// Whether neighbours are right.
#pragma once
#include <doctest/doctest.h>

#include "cases/inputs.h"

namespace fasttsne::tests {

// Squared distances of a row to others, rising.
inline std::vector<double> sorted_distances(const Points& X, int64_t i,
                                            const std::vector<int64_t>& rows) {
  std::vector<double> out;
  for (const int64_t j : rows)
    if (j != i) out.push_back(X.sq_distance(i, j));
  std::sort(out.begin(), out.end());
  return out;
}

// Checks that k different rows other than i were found, that each is as far as was said, and that
// none is much farther than the true neighbour of its rank. `rounding` is the error of squared
// distances that come from inner products.
inline void check_row(const Points& X, int64_t i, const std::vector<double>& truth,
                      const int32_t* indices, const float* sq, int64_t k, double rounding) {
  std::vector<int32_t> found(indices, indices + k);
  std::sort(found.begin(), found.end());
  bool right = std::adjacent_find(found.begin(), found.end()) == found.end();
  for (int64_t c = 0; c < k; ++c) {
    right &= 0 <= indices[c] && indices[c] < X.n && indices[c] != i;
    if (!right) break;
    const double own = X.sq_distance(i, indices[c]);
    right &= is_near(sq[c], own, own, 1e-5) && (c == 0 || sq[c - 1] <= sq[c]);
    right &= sq[c] <= truth[c] * (1 + 1e-5) + rounding;
  }
  CAPTURE(i);
  CHECK(right);
}

}  // namespace fasttsne::tests
