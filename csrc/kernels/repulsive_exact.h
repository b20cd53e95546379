// Repulsive forces by direct summation over all pairs: F_i = sum_j q_ij w_ij (y_i - y_j), and
// Z = sum_{i != j} q_ij.
#pragma once
#include <vector>

#include "kernels/types.h"

namespace fasttsne {

// A copy of the coordinates, stored by columns, so that the lanes of a vector hold one coordinate
// of consecutive points.
class Columns {
 public:
  explicit Columns(const PointsView& Y);
  const float* const* data() const { return pointers_.data(); }

 private:
  std::vector<float> values_;
  std::vector<const float*> pointers_;
};

// Writes the given rows of forces [n, dims] and returns their contribution to Z, without the terms
// of points with themselves.
double repulsive_exact(const PointsView& Y, const Columns& columns, float dof, float* forces,
                       RowRange rows);

}  // namespace fasttsne
