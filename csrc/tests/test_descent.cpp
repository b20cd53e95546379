// The particle mesh and the step of the descent.
#include <doctest/doctest.h>

#include "inputs.h"
#include "kernels/mesh.h"
#include "kernels/update_embedding.h"
#include "threads.h"

namespace fasttsne::tests {
namespace {

struct Grid {
  MeshView view;
  std::vector<float> nodes;
};

// A grid around points of a normal distribution; those that lie outside count as at its border.
Grid make_grid(int64_t dims, int64_t side, double step) {
  Grid out{{dims, {}, {}, static_cast<float>(1 / step)}, {}};
  int64_t total = 1;
  for (int64_t m = 0; m < dims; ++m) {
    out.view.nodes[m] = side + 3 * m;
    out.view.origin[m] = static_cast<float>(-step * static_cast<double>(side / 2));
    total *= out.view.nodes[m];
  }
  out.nodes.assign(total, 5.f);
  return out;
}

void spread(Grid& grid, const Points& Y) {
  MeshStrips strips(grid.view, Y.view());
  for_each_item(strips.blocks(), [&](int64_t block) { strips.count_points(block); });
  strips.add_counts();
  for_each_item(strips.blocks(), [&](int64_t block) { strips.sort_points(block); });
  for_each_item(strips.count(), [&](int64_t s) { strips.clear(s, grid.nodes.data()); });
  for (const int64_t parity : {0, 1})
    for_each_item((strips.count() + 1 - parity) / 2,
                  [&](int64_t s) { strips.spread(2 * s + parity, grid.nodes.data()); });
}

double cubic_spline(double x) {
  x = std::abs(x);
  return x < 1 ? 2. / 3 - x * x * (1 - x / 2) : x < 2 ? std::pow(2 - x, 3) / 6 : 0;
}

// The place of node `index` of a grid, along each axis.
std::vector<double> place_of(const Grid& grid, int64_t index) {
  std::vector<double> out(grid.view.dims);
  for (int64_t m = grid.view.dims - 1; m >= 0; --m) {
    out[m] = grid.view.origin[m] +
             static_cast<double>(index % grid.view.nodes[m]) / grid.view.inverse_step;
    index /= grid.view.nodes[m];
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
        spread(grid, Y);
        bool all_near = true;
        for (int64_t node = 0; node < std::ssize(grid.nodes); ++node) {
          const std::vector<double> place = place_of(grid, node);
          double charge = 0;
          for (int64_t i = 0; i < n; ++i) {
            double weight = 1;
            for (int64_t m = 0; m < dims; ++m)
              weight *= cubic_spline((Y(i, m) - place[m]) * grid.view.inverse_step);
            charge += weight;
          }
          all_near &= is_near(grid.nodes[node], charge, charge + 1, 1e-5);
        }
        CHECK(all_near);
      }
}

TEST_CASE("many charges are sorted on several threads") {
  const int64_t n = 100'000;
  Points Y = make_points(Kind::normal, n, 2);
  for (float& y : Y.values) y = std::clamp(y, -3.f, 3.f);
  Grid grid = make_grid(2, 20, 0.5);
  CHECK(MeshStrips(grid.view, Y.view()).blocks() > 4);
  spread(grid, Y);
  std::vector<double> expected(grid.nodes.size());
  const int64_t columns = grid.view.nodes[1];
  for (int64_t i = 0; i < n; ++i) {
    double u[2];
    for (int64_t m = 0; m < 2; ++m) u[m] = (Y(i, m) - grid.view.origin[m]) * grid.view.inverse_step;
    const auto row = static_cast<int64_t>(u[0]), column = static_cast<int64_t>(u[1]);
    for (int64_t a = row - 1; a <= row + 2; ++a)
      for (int64_t b = column - 1; b <= column + 2; ++b)
        expected[a * columns + b] += cubic_spline(u[0] - static_cast<double>(a)) *
                                     cubic_spline(u[1] - static_cast<double>(b));
  }
  bool all_near = true;
  for (size_t node = 0; node < expected.size(); ++node)
    all_near &= is_near(grid.nodes[node], expected[node], expected[node] + 1, 1e-4);
  CHECK(all_near);
}

TEST_CASE("points outside of a grid stay on it") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const int64_t dims : {1, 2, 3})
    for (const int64_t side : {4, 5, 30})
      for (const float bad : {-1e9f, 1e9f, infinity, -infinity, std::nanf("")}) {
        CAPTURE(dims);
        CAPTURE(bad);
        Points Y = make_points(Kind::normal, 60, dims);
        for (size_t c = 0; c < Y.values.size(); c += 7) Y.values[c] = bad;
        Grid grid = make_grid(dims, side, 0.5);
        spread(grid, Y);
        std::vector<float> forces(Y.values.size()), values(60);
        mesh_gather(grid.view, Y.view(), grid.nodes.data(), forces.data(), values.data(), {0, 60});
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
        const std::vector<double> place = place_of(grid, node);
        double potential = 4;
        for (int64_t m = 0; m < dims; ++m) potential += slope[m] * place[m];
        grid.nodes[node] = static_cast<float>(potential);
      }
      std::vector<float> forces(n * dims), values(n);
      std::vector<double> parts(ceil_div(n, 64));
      for_each_block(n, 64, [&](RowRange rows) {
        parts[rows.begin / 64] =
            mesh_gather(grid.view, Y.view(), grid.nodes.data(), forces.data(), values.data(), rows);
      });
      double total = 0, found = 0;
      bool all_near = true;
      for (const double part : parts) found += part;
      for (int64_t i = 0; i < n; ++i) {
        double value = 4;
        for (int64_t m = 0; m < dims; ++m) {
          value += slope[m] * Y(i, m);
          all_near &= is_near(forces[i * dims + m], -slope[m] / 2, 40, 1e-5);
        }
        all_near &= is_near(values[i], value, 40, 1e-6);
        total += value;
      }
      CHECK(all_near);
      CHECK(is_near(found, total, 40. * static_cast<double>(n), 1e-6));
    }
}

TEST_CASE("a step of the descent") {
  for (const int64_t n : {1, 2, 33, 500})
    for (const int64_t dims : {1, 2, 3, 5})
      for (const double max_step : {0.5, double{INFINITY}}) {
        CAPTURE(n);
        CAPTURE(dims);
        CAPTURE(max_step);
        const UpdateStep step{12, 0.3, 0.8, max_step, 40};
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
        constexpr int64_t kBlock = 100;
        const int64_t blocks = ceil_div(n, kBlock);
        std::vector<double> sums(blocks * dims), sq_gradients(blocks);
        for_each_block(n, kBlock, [&](RowRange rows) {
          const int64_t block = rows.begin / kBlock;
          sq_gradients[block] =
              move_rows(step, pull.values.data(), push.values.data(), dims, Y.values.data(),
                        velocity.values.data(), gains.values.data(), &sums[block * dims], rows);
        });
        std::vector<float> center(dims), low(blocks * dims), high(blocks * dims);
        for (int64_t m = 0; m < dims; ++m) {
          double total = 0;
          for (int64_t block = 0; block < blocks; ++block) total += sums[block * dims + m];
          center[m] = static_cast<float>(total / static_cast<double>(n));
          CHECK(is_near(center[m], mean[m], 3, 1e-5));
        }
        for_each_block(n, kBlock, [&](RowRange rows) {
          const int64_t block = rows.begin / kBlock;
          center_rows(center.data(), dims, Y.values.data(), &low[block * dims], &high[block * dims],
                      rows);
        });
        double found = 0;
        for (const double part : sq_gradients) found += part;
        CHECK(is_near(found, sq_gradient, sq_gradient, 1e-4));
        bool all_near = true;
        for (int64_t c = 0; c < n * dims; ++c) {
          all_near &= is_near(Y.values[c], expected[c] - mean[c % dims], 5, 1e-5);
          all_near &= is_near(gains.values[c], expected_gains[c], 1, 1e-5);
          const int64_t bound = c / dims / kBlock * dims + c % dims;
          all_near &= low[bound] <= Y.values[c] && Y.values[c] <= high[bound];
        }
        CHECK(all_near);
      }
}

}  // namespace fasttsne::tests
