// One step of gradient descent with momentum and gains, after Jacobs (1988) as t-SNE uses it.
#pragma once
#include "kernels/types.h"

namespace fasttsne {

struct UpdateStep {
  double exaggeration, learning_rate, momentum;
  double max_step;  // longest step of a point, infinity for none
  double Z;
};

// gradient = 4 (exaggeration attractive - repulsive / Z); gains grow by 0.2 where the velocity goes
// downhill and shrink to 0.8 where it does not; moves Y. `sums` [dims] receives the block's sum of
// each coordinate; returns its squared gradient norm.
double move_rows(const UpdateStep& step, const float* attractive, const float* repulsive,
                 int64_t dims, float* Y, float* velocity, float* gains, double* sums,
                 RowRange rows);

// Subtracts the mean [dims] and writes the bounds [dims] of what is left.
void center_rows(const float* mean, int64_t dims, float* Y, float* low, float* high, RowRange rows);

}  // namespace fasttsne
