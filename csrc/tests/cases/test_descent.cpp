// The particle mesh and the step of the descent.
#include <doctest/doctest.h>

#include "cases/kernels.h"

namespace fasttsne::tests {
namespace {

// The place of node `index` of a grid, along each axis.
std::vector<double> place_of(const Grid& grid, int64_t dims, int64_t index) {
  std::vector<double> out(dims);
  for (int64_t m = dims - 1; m >= 0; --m) {
    out[m] = grid.origin[m] + static_cast<double>(index % grid.sides[m]) / grid.inverse_step;
    index /= grid.sides[m];
  }
  return out;
}

}  // namespace

TEST_CASE("charges are spread by a cubic spline") {
  for (const int64_t dims : {1, 2, 3})
    for (const int64_t n : {0, 1, 17, 200})
      for (const Kind kind : kKinds) {
        CAPTURE(dims);
        CAPTURE(n);
        CAPTURE(static_cast<int>(kind));
        Points Y = make_points(kind, n, dims);
        for (float& y : Y.values) y = std::clamp(y, -3.f, 3.f);
        Grid grid = make_grid(dims, 20, 0.5);
        kernels::mesh_spread(grid, Y);
        bool all_near = true;
        for (int64_t node = 0; node < std::ssize(grid.nodes); ++node) {
          const std::vector<double> place = place_of(grid, dims, node);
          double charge = 0;
          for (int64_t i = 0; i < n; ++i) {
            double weight = 1;
            for (int64_t m = 0; m < dims; ++m)
              weight *= cubic_spline((Y(i, m) - place[m]) * grid.inverse_step);
            charge += weight;
          }
          all_near &= is_near(grid.nodes[node], charge, charge + 1, 1e-5);
        }
        CHECK(all_near);
      }
}

TEST_CASE("points outside of a grid stay on it") {
  for (const int64_t dims : {1, 2, 3})
    for (const int64_t side : {4, 5, 30})
      for (const float bad : {-1e9f, 1e9f, kInfinity, -kInfinity, std::nanf("")}) {
        CAPTURE(dims);
        CAPTURE(bad);
        Points Y = make_points(Kind::normal, 60, dims);
        for (size_t c = 0; c < Y.values.size(); c += 7) Y.values[c] = bad;
        Grid grid = make_grid(dims, side, 0.5);
        kernels::mesh_spread(grid, Y);
        kernels::mesh_gather(grid, Y);
        double charge = 0;
        for (const float node : grid.nodes) charge += node;
        if (!std::isnan(bad)) CHECK(charge == doctest::Approx(60).epsilon(1e-4));
      }
}

TEST_CASE("values and forces of a linear potential are gathered") {
  // A cubic spline reproduces linear functions.
  for (const int64_t dims : {1, 2, 3})
    for (const int64_t n : {1, 16, 17, 300}) {
      CAPTURE(dims);
      CAPTURE(n);
      Points Y = make_points(Kind::normal, n, dims);
      for (float& y : Y.values) y = std::clamp(y, -3.f, 3.f);
      Grid grid = make_grid(dims, 20, 0.5);
      const double slope[] = {1.5, -0.5, 2};
      for (int64_t node = 0; node < std::ssize(grid.nodes); ++node) {
        const std::vector<double> place = place_of(grid, dims, node);
        double potential = 4;
        for (int64_t m = 0; m < dims; ++m) potential += slope[m] * place[m];
        grid.nodes[node] = static_cast<float>(potential);
      }
      const auto found = kernels::mesh_gather(grid, Y);
      double total = 0;
      bool all_near = true;
      for (int64_t i = 0; i < n; ++i) {
        double value = 4;
        for (int64_t m = 0; m < dims; ++m) {
          value += slope[m] * Y(i, m);
          all_near &= is_near(found.forces[i * dims + m], -slope[m] / 2, 40, 1e-5);
        }
        all_near &= is_near(found.values[i], value, 40, 1e-6);
        total += value;
      }
      CHECK(all_near);
      CHECK(is_near(found.total, total, 40. * static_cast<double>(n), 1e-6));
    }
}

TEST_CASE("a step of the descent") {
  for (const int64_t n : {1, 2, 33, 500})
    for (const int64_t dims : {1, 2, 3, 5})
      for (const double max_step : {0.5, double{INFINITY}}) {
        CAPTURE(n);
        CAPTURE(dims);
        CAPTURE(max_step);
        const kernels::Step step{12, 0.3, 0.8, max_step, 40};
        Points Y = make_points(Kind::normal, n, dims),
               velocity = make_points(Kind::normal, n, dims, .1, 1);
        Points gains = make_points(Kind::normal, n, dims, .1, 2);
        for (float& gain : gains.values) gain = std::abs(gain) + 0.01f;
        const Points pull = make_points(Kind::normal, n, dims, 0.1, 3);
        const Points push = make_points(Kind::normal, n, dims, 20, 4);
        std::vector<double> expected(n * dims), expected_gains(n * dims), mean(dims);
        double sq_gradient = 0;
        for (int64_t i = 0; i < n; ++i) {
          std::vector<double> v(dims);
          double sq = 0;
          for (int64_t m = 0; m < dims; ++m) {
            const double gradient = 4 * (12 * pull(i, m) - push(i, m) / 40);
            double gain = gains(i, m);
            gain = velocity(i, m) * gradient < 0 ? gain + 0.2 : std::max(0.01, gain * 0.8);
            expected_gains[i * dims + m] = gain;
            v[m] = 0.8 * velocity(i, m) - 0.3 * gain * gradient;
            sq += v[m] * v[m];
            sq_gradient += gradient * gradient;
          }
          for (int64_t m = 0; m < dims; ++m) {
            const double shorter = std::sqrt(sq) > max_step ? max_step / std::sqrt(sq) : 1;
            expected[i * dims + m] = Y(i, m) + v[m] * shorter;
            mean[m] += expected[i * dims + m] / static_cast<double>(n);
          }
        }
        const auto found = kernels::update_embedding(step, pull, push, Y, velocity, gains);
        CHECK(is_near(found.sq_gradient, sq_gradient, sq_gradient, 1e-4));
        bool all_near = true;
        for (int64_t c = 0; c < n * dims; ++c) {
          all_near &= is_near(Y.values[c], expected[c] - mean[c % dims], 5, 1e-5);
          all_near &= is_near(gains.values[c], expected_gains[c], 1, 1e-5);
        }
        for (int64_t m = 0; m < dims; ++m) {
          std::vector<float> coordinate;
          for (int64_t i = 0; i < n; ++i) coordinate.push_back(Y.values[i * dims + m]);
          const auto [low, high] = std::minmax_element(coordinate.begin(), coordinate.end());
          CHECK(found.low[m] == *low);
          CHECK(found.high[m] == *high);
        }
        CHECK(all_near);
      }
}

}  // namespace fasttsne::tests
