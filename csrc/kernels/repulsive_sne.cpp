#include "kernels/repulsive_sne.h"

#include <algorithm>
#include <cmath>

#include "kernels/simd/sne_rows.h"

namespace fasttsne {

SneRepulsion::SneRepulsion(const PointsView& Y)
    : Y_(Y), columns_(Y), nearest_(Y.n), sums_(Y.n), scale_(Y.n) {}

void SneRepulsion::sum(float* forces, RowRange rows) {
  static const auto run = FASTTSNE_PICK(sne_rows);
  std::fill(forces + rows.begin * Y_.dims, forces + rows.end * Y_.dims, 0.f);
  run(Y_, columns_.data(), nearest_.data(), sums_.data(), forces, rows.begin, rows.end);
}

double SneRepulsion::normalize(bool conditional) {
  double total = 0;
  if (conditional) {
    for (int64_t i = 0; i < Y_.n; ++i) {
      total += std::log(sums_[i]) - nearest_[i];
      scale_[i] = static_cast<float>(0.5 / (sums_[i] * static_cast<double>(Y_.n)));
    }
    return total / static_cast<double>(Y_.n);
  }
  const double lowest = *std::min_element(nearest_.begin(), nearest_.end());
  for (int64_t i = 0; i < Y_.n; ++i) total += sums_[i] * std::exp(lowest - nearest_[i]);
  for (int64_t i = 0; i < Y_.n; ++i)
    scale_[i] = static_cast<float>(std::exp(lowest - nearest_[i]) / total);
  return std::log(total) - lowest;
}

void SneRepulsion::finish(bool conditional, float* forces, RowRange rows) const {
  static const auto run = FASTTSNE_PICK(sne_rows_transposed);
  for (int64_t i = rows.begin; i < rows.end; ++i)
    for (int64_t m = 0; m < Y_.dims; ++m) forces[i * Y_.dims + m] *= scale_[i];
  if (conditional)
    run(Y_, columns_.data(), nearest_.data(), scale_.data(), forces, rows.begin, rows.end);
}

}  // namespace fasttsne
