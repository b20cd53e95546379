#include "kernels/update_embedding.h"

#include <algorithm>
#include <cmath>

#include "kernels/simd/update_rows.h"

namespace fasttsne {
namespace {

// Scales down the velocity of every point that is longer than max_step.
void clip_rows(double max_step, int64_t dims, float* velocity, RowRange rows) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    float* v = velocity + i * dims;
    double sq = 0;
    for (int64_t m = 0; m < dims; ++m) sq += double{v[m]} * v[m];
    if (sq <= max_step * max_step) continue;
    const auto shorter = static_cast<float>(max_step / std::sqrt(sq));
    for (int64_t m = 0; m < dims; ++m) v[m] *= shorter;
  }
}

}  // namespace

double move_rows(const UpdateStep& step, const float* attractive, const float* repulsive,
                 int64_t dims, float* Y, float* velocity, float* gains, double* sums,
                 RowRange rows) {
  static const auto change = FASTTSNE_PICK(step_elements);
  static const auto move = FASTTSNE_PICK(move_elements);
  const int64_t first = rows.begin * dims, count = (rows.end - rows.begin) * dims;
  double sq_gradient = 0;
  const float sq_largest = change({.pull = static_cast<float>(4 * step.exaggeration),
                                   .push = static_cast<float>(4 / step.Z),
                                   .rate = static_cast<float>(step.learning_rate),
                                   .momentum = static_cast<float>(step.momentum)},
                                  attractive + first, repulsive + first, velocity + first,
                                  gains + first, count, &sq_gradient);
  // A row can be longer than max_step only if `dims` times its largest squared element exceeds
  // max_step^2. This is rare.
  if (static_cast<double>(sq_largest) * static_cast<double>(dims) > step.max_step * step.max_step)
    clip_rows(step.max_step, dims, velocity, rows);
  move(velocity + first, Y + first, rows.end - rows.begin, dims, sums);
  return sq_gradient;
}

void center_rows(const float* mean, int64_t dims, float* Y, float* low, float* high,
                 RowRange rows) {
  static const auto center = FASTTSNE_PICK(center_elements);
  center(mean, Y + rows.begin * dims, rows.end - rows.begin, dims, low, high);
}

}  // namespace fasttsne
