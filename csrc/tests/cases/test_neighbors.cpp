// Distances and nearest neighbours.
#include <doctest/doctest.h>

#include <numeric>

#include "cases/check_row.h"
#include "cases/kernels.h"

namespace fasttsne::tests {

TEST_CASE("pairwise distances") {
  for (const int64_t dims : {1, 2, 3, 7, 8, 15, 16, 17, 100})
    for (const int64_t n : {0, 1, 5, 16, 33})
      for (const int64_t l : {0, 1, 15, 16, 17, 200})
        for (const double span : {1e-6, 1.0, 1e6}) {
          CAPTURE(dims);
          CAPTURE(n);
          CAPTURE(l);
          const Points X = make_points(Kind::normal, n, dims, span);
          const Points Z = make_points(Kind::clustered, l, dims, span, 1);
          const std::vector<float> out = kernels::pairwise_sq_distances(X, Z);
          bool all_near = true;
          for (int64_t i = 0; i < n; ++i)
            for (int64_t j = 0; j < l; ++j) {
              double sq = 0;
              for (int64_t m = 0; m < dims; ++m) sq += std::pow(X(i, m) - Z(j, m), 2);
              all_near &= is_near(out[i * l + j], sq, sq, 1e-5);
            }
          CHECK(all_near);
        }
}

TEST_CASE("neighbours by tiles, measured again") {
  for (const Kind kind : kKinds)
    for (const int64_t dims : {1, 3, 16, 17, 70})
      for (const int64_t n : {2, 17, 130, 400})
        for (const int64_t wanted : {int64_t{1}, int64_t{15}, n - 1}) {
          if (kernels::are_slow() && (n > 130 ? dims != 17 : dims == 3)) continue;
          const int64_t k = std::min(wanted, n - 1), keep = std::min(n - 1, k + 8);
          CAPTURE(static_cast<int>(kind));
          CAPTURE(dims);
          CAPTURE(n);
          CAPTURE(k);
          const Points X = make_points(kind, n, dims);
          const auto found = kernels::nearest_by_tiles(X, k, keep);
          const std::vector<float> norms = squared_norms(X);
          std::vector<int64_t> all(n);
          std::iota(all.begin(), all.end(), 0);
          const double largest = *std::max_element(norms.begin(), norms.end());
          for (int64_t i = 0; i < n; ++i)
            check_row(X, i, sorted_distances(X, i, all), &found.indices[i * k],
                      &found.sq_distances[i * k], k, kernels::tile_error() * largest);
        }
}

}  // namespace fasttsne::tests
