// Repulsive forces of SNE (Hinton and Roweis 2002), whose q is a Gaussian. The forces are
// normalised:
//   joint        F_i = sum_j exp(-d2_ij) / Z (y_i - y_j), Z = sum_{i != j} exp(-d2_ij)
//   conditional  F_i = sum_j (q_{j|i} + q_{i|j}) / 2n (y_i - y_j), q_{j|i} = exp(-d2_ij) / Z_i
// In float32, exp(-d2) underflows beyond a distance of 9. So each row sums exp(nearest_i - d2)
// instead, where nearest_i is the smallest d2 of the row: its largest term is 1.
#pragma once
#include <vector>

#include "kernels/repulsive_exact.h"
#include "kernels/types.h"

namespace fasttsne {

class SneRepulsion {
 public:
  explicit SneRepulsion(const PointsView& Y);
  // The three steps below run in this order, each for all rows before the next one begins.
  //
  // Writes the given rows of forces [n, dims], not yet normalised.
  void sum(float* forces, RowRange rows);
  // Computes the scale of every row. Returns ln Z, or the mean of ln Z_i if conditional.
  double normalize(bool conditional);
  // Scales the given rows of forces and, if conditional, adds the terms of q_{i|j}.
  void finish(bool conditional, float* forces, RowRange rows) const;

 private:
  PointsView Y_;
  Columns columns_;
  std::vector<float> nearest_;  // squared distance from each point to its nearest other point
  std::vector<double> sums_;    // Z_i = sums_i exp(-nearest_i)
  std::vector<float> scale_;    // q_{j|i} / 2n or q_ij / Z = scale_i exp(nearest_i - d2_ij)
};

}  // namespace fasttsne
