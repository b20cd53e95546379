// What only the CPU kernels of the descent have.
#include <doctest/doctest.h>

#include "cases/kernels.h"
#include "cpu/views.h"
#include "kernels/attractive_forces.h"
#include "kernels/mesh.h"

namespace fasttsne::tests {

TEST_CASE("many charges are sorted on several threads") {
  const int64_t n = 100'000;
  Points Y = make_points(Kind::normal, n, 2);
  for (float& y : Y.values) y = std::clamp(y, -3.f, 3.f);
  Grid grid = make_grid(2, 20, 0.5);
  CHECK(MeshStrips(view(grid, 2), view(Y)).blocks() > 4);
  kernels::mesh_spread(grid, Y);
  std::vector<double> expected(grid.nodes.size());
  const int64_t columns = grid.sides[1];
  for (int64_t i = 0; i < n; ++i) {
    double u[2];
    for (int64_t m = 0; m < 2; ++m) u[m] = (Y(i, m) - grid.origin[m]) * grid.inverse_step;
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

TEST_CASE("attractive forces tell rows that do not exist") {
  const Points Y = make_points(Kind::normal, 40, 2);
  for (const int64_t bad : {int64_t{-1}, int64_t{1} << 40}) {
    Edges P = make_edges(40, 9, 2);
    P.indptr[7] = bad;
    std::vector<float> forces(80);
    CHECK_FALSE(attractive_forces(view(P), view(Y), 1.f, true, forces.data(), {0, 40}).in_range);
  }
}

}  // namespace fasttsne::tests
