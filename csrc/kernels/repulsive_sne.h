// Repulsive forces of SNE, whose q is a Gaussian, already normalised:
//   joint        F_i = sum_j exp(-d2_ij) / Z (y_i - y_j), Z = sum_{i != j} exp(-d2_ij)
//   conditional  F_i = sum_j (q_{j|i} + q_{i|j}) / 2n (y_i - y_j), q_{j|i} = exp(-d2_ij) / Z_i
// In float32 exp(-d2) ends at a distance of 9. So each row is summed as exp(nearest_i - d2), whose
// largest term is 1.
#pragma once
#include <vector>

#include "kernels/repulsive_exact.h"
#include "kernels/types.h"

namespace fasttsne {

class SneRepulsion {
 public:
  explicit SneRepulsion(const PointsView& Y);
  // Three steps, each for all rows before the next begins. forces: [n, dims].
  void sum(float* forces, RowRange rows);
  // Returns ln Z, or the mean of ln Z_i.
  double normalize(bool conditional);
  void finish(bool conditional, float* forces, RowRange rows) const;

 private:
  PointsView Y_;
  Columns columns_;
  std::vector<float> nearest_;  // of each row, the squared distance to the nearest other point
  std::vector<double> sums_;    // Z_i = sums_i exp(-nearest_i)
  std::vector<float> scale_;    // q_{j|i} / 2n or q_ij / Z = scale_i exp(nearest_i - d2_ij)
};

}  // namespace fasttsne
