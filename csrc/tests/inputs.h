// Inputs of the tests, and how results are compared.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "kernels/types.h"

namespace fasttsne::tests {

enum class Kind { normal, clustered, duplicates, line };
inline constexpr Kind kKinds[] = {Kind::normal, Kind::clustered, Kind::duplicates, Kind::line};

struct Points {
  std::vector<float> values;
  int64_t n, dims;

  PointsView view() const { return {values.data(), n, dims}; }
  double operator()(int64_t i, int64_t m) const { return values[i * dims + m]; }
  double sq_distance(int64_t i, int64_t j) const {
    double sum = 0;
    for (int64_t m = 0; m < dims; ++m) sum += std::pow((*this)(i, m) - (*this)(j, m), 2);
    return sum;
  }
};

// Points with a standard deviation of about `span`. Clusters are far apart; duplicates are at most
// n / 4 different points; points on a line have only the first coordinate.
inline Points make_points(Kind kind, int64_t n, int64_t dims, double span = 1, unsigned seed = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Points out{std::vector<float>(n * dims), n, dims};
  for (int64_t i = 0; i < n; ++i)
    for (int64_t m = 0; m < dims; ++m) {
      double x = normal(random);
      if (kind == Kind::clustered) x = 0.01 * x + 3 * (i % 3);
      if (kind == Kind::line && m > 0) x = 0;
      out.values[i * dims + m] = static_cast<float>(span * x);
    }
  if (kind == Kind::duplicates)
    for (int64_t i = 0; i < n; ++i)
      std::copy_n(out.values.begin() + random() % std::max<int64_t>(n / 4, 1) * dims, dims,
                  out.values.begin() + i * dims);
  return out;
}

// Whether a result is as near to the true value as `tolerance` times the sizes of the terms that
// were added, or both are too small for a float.
inline bool is_near(double result, double truth, double size, double tolerance) {
  return std::abs(result - truth) <= tolerance * size + 1e-37;
}

}  // namespace fasttsne::tests
