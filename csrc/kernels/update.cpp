#include "kernels/update.h"

#include <algorithm>
#include <cmath>

namespace fasttsne {
namespace {

constexpr float kGainUp = 0.2f, kGainDown = 0.8f, kSmallestGain = 0.01f;

}  // namespace

double move_rows(const UpdateStep& step, const float* attractive, const float* repulsive,
                 int64_t dims, float* Y, float* velocity, float* gains, double* sums,
                 RowRange rows) {
  const auto pull = static_cast<float>(4 * step.exaggeration);
  const auto push = static_cast<float>(4 / step.Z);
  const auto rate = static_cast<float>(step.learning_rate);
  const auto momentum = static_cast<float>(step.momentum);
  const auto sq_max = static_cast<float>(step.max_step * step.max_step);
  std::fill(sums, sums + dims, 0.0);
  double sq_gradient = 0;
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    float sq_step = 0;
    for (int64_t e = i * dims; e < (i + 1) * dims; ++e) {
      const float gradient = pull * attractive[e] - push * repulsive[e];
      sq_gradient += double{gradient} * gradient;
      const bool downhill = velocity[e] * gradient < 0;
      gains[e] = downhill ? gains[e] + kGainUp : std::max(gains[e] * kGainDown, kSmallestGain);
      velocity[e] = momentum * velocity[e] - rate * gains[e] * gradient;
      sq_step += velocity[e] * velocity[e];
    }
    if (sq_step > sq_max) {
      const float shorter = std::sqrt(sq_max / sq_step);
      for (int64_t e = i * dims; e < (i + 1) * dims; ++e) velocity[e] *= shorter;
    }
    for (int64_t m = 0; m < dims; ++m) {
      Y[i * dims + m] += velocity[i * dims + m];
      sums[m] += Y[i * dims + m];
    }
  }
  return sq_gradient;
}

void center_rows(const double* mean, int64_t dims, float* Y, float* low, float* high,
                 RowRange rows) {
  for (int64_t m = 0; m < dims; ++m) {
    const auto shift = static_cast<float>(mean[m]);
    low[m] = high[m] = Y[rows.begin * dims + m] - shift;
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      float& y = Y[i * dims + m];
      y -= shift;
      low[m] = std::min(low[m], y);
      high[m] = std::max(high[m], y);
    }
  }
}

}  // namespace fasttsne
