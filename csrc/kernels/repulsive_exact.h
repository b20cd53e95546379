// Repulsive forces by the whole sum: F_i = sum_j q_ij w_ij (y_i - y_j), Z = sum_{i != j} q_ij.
#pragma once
#include <vector>

#include "kernels/types.h"

namespace fasttsne {

// Coordinates by columns, so that lanes run over points.
class Columns {
 public:
  explicit Columns(const PointsView& Y);
  const float* const* data() const { return pointers_.data(); }

 private:
  std::vector<float> values_;
  std::vector<const float*> pointers_;
};

// Writes the rows of forces [n, dims] and returns their share of Z (self excluded).
double repulsive_exact(const PointsView& Y, const Columns& columns, float dof, float* forces,
                       RowRange rows);

}  // namespace fasttsne
