// Inputs of the tests, and how results are compared.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <vector>

namespace fasttsne::tests {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

enum class Kind { normal, clustered, duplicates, line };
inline constexpr Kind kKinds[] = {Kind::normal, Kind::clustered, Kind::duplicates, Kind::line};

struct Points {
  std::vector<float> values;
  int64_t n, dims;

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

inline std::vector<float> squared_norms(const Points& X) {
  std::vector<float> out(X.n);
  for (int64_t i = 0; i < X.n; ++i)
    for (int64_t m = 0; m < X.dims; ++m) out[i] += static_cast<float>(X(i, m) * X(i, m));
  return out;
}

// P in compressed sparse rows.
struct Edges {
  std::vector<int64_t> indptr{0};
  std::vector<int32_t> indices;
  std::vector<float> values;
};

// Rows of 0 to `most` edges.
inline Edges make_edges(int64_t n, int64_t most, unsigned seed) {
  std::mt19937 random(seed);
  Edges out;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t c = random() % (most + 1); c > 0; --c) {
      out.indices.push_back(static_cast<int32_t>(random() % n));
      out.values.push_back(static_cast<float>(random() % 1000) / 1000);
    }
    out.indptr.push_back(static_cast<int64_t>(out.indices.size()));
  }
  return out;
}

struct Neighbors {
  std::vector<int32_t> indices;
  std::vector<float> conditional;
  int64_t n, k;
};

// Each row has k different neighbours, itself among them now and then; those of near rows are near
// each other if `local`.
inline Neighbors make_neighbors(int64_t n, int64_t k, bool local, unsigned seed) {
  std::mt19937 random(seed);
  Neighbors out{{}, {}, n, k};
  for (int64_t i = 0; i < n; ++i) {
    std::set<int32_t> chosen;
    while (static_cast<int64_t>(chosen.size()) < k) {
      const auto away = static_cast<int64_t>(random() % (local ? std::min(n, 4 * k) : n));
      chosen.insert(static_cast<int32_t>((i + away) % n));
    }
    std::vector<int32_t> row(chosen.begin(), chosen.end());
    std::shuffle(row.begin(), row.end(), random);
    for (const int32_t j : row) {
      out.indices.push_back(j);
      out.conditional.push_back(static_cast<float>(random() % 1000 + 1) / 1000);
    }
  }
  return out;
}

// A uniform grid, row-major.
struct Grid {
  int64_t sides[3];
  float origin[3], inverse_step;
  std::vector<float> nodes;
};

// A grid around points of a normal distribution.
inline Grid make_grid(int64_t dims, int64_t side, double step) {
  Grid out{{}, {}, static_cast<float>(1 / step), {}};
  int64_t total = 1;
  for (int64_t m = 0; m < dims; ++m) {
    out.sides[m] = side + 3 * m;
    out.origin[m] = static_cast<float>(-step * static_cast<double>(side / 2));
    total *= out.sides[m];
  }
  out.nodes.assign(total, 5.f);
  return out;
}

// The spline of the mesh, centred on 0.
inline double cubic_spline(double x) {
  x = std::abs(x);
  return x < 1 ? 2. / 3 - x * x * (1 - x / 2) : x < 2 ? std::pow(2 - x, 3) / 6 : 0;
}

// Whether a result is as near to the true value as `tolerance` times the sizes of the terms that
// were added, or both are too small for a float.
inline bool is_near(double result, double truth, double size, double tolerance) {
  return std::abs(result - truth) <= tolerance * size + 1e-37;
}

}  // namespace fasttsne::tests
