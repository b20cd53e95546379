// One step of gradient descent with momentum and per-coordinate gains (Jacobs 1988, as used by van
// der Maaten and Hinton 2008).
#pragma once
#include "kernels/types.h"

namespace fasttsne {

struct UpdateStep {
  double exaggeration, learning_rate, momentum;
  double max_step;  // longest step of a point, infinity for no limit
  double Z;         // sum that the repulsive forces are divided by
};

// Updates gains, velocity and Y in the given rows, with
//   gradient = 4 (exaggeration * attractive - repulsive / Z).
// A gain grows by 0.2 where the velocity goes downhill, and is multiplied by 0.8 where it does not.
// Writes to sums [dims] the sum of each coordinate of Y over these rows; returns the squared norm
// of their gradient.
double move_rows(const UpdateStep& step, const float* attractive, const float* repulsive,
                 int64_t dims, float* Y, float* velocity, float* gains, double* sums,
                 RowRange rows);

// Subtracts mean [dims] from the given rows of Y, and writes the smallest and largest value of each
// coordinate afterwards to low [dims] and high [dims].
void center_rows(const float* mean, int64_t dims, float* Y, float* low, float* high, RowRange rows);

}  // namespace fasttsne
