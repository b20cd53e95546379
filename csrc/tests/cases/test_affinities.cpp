// Symmetrising and the perplexity search.
#include <doctest/doctest.h>

#include <map>

#include "cases/kernels.h"

namespace fasttsne::tests {

TEST_CASE("symmetrising") {
  for (const auto& [n, k] :
       {std::pair<int64_t, int64_t>{1, 1}, {2, 1}, {2, 2}, {50, 7}, {129, 128}, {3000, 20}})
    for (const bool local : {false, true}) {
      CAPTURE(n);
      CAPTURE(k);
      CAPTURE(local);
      const Neighbors given = make_neighbors(n, k, local, 3);
      std::map<std::pair<int64_t, int64_t>, double> expected;
      for (int64_t i = 0; i < n; ++i)
        for (int64_t e = i * k; e < (i + 1) * k; ++e) {
          const double p = given.conditional[e] / (2. * static_cast<double>(n));
          expected[{i, given.indices[e]}] += p;
          expected[{given.indices[e], i}] += p;
        }
      const auto P = kernels::symmetrize(given);
      REQUIRE(P.in_range);
      REQUIRE(P.distinct);
      REQUIRE(P.columns.size() == expected.size());
      std::map<std::pair<int64_t, int64_t>, float> found;
      auto truth = expected.begin();
      bool all_near = true, in_order = true;
      int64_t e = 0;
      for (int64_t i = 0; i < n; ++i)
        for (const int64_t end = e + P.lengths[i]; e < end; ++e, ++truth) {
          in_order &= truth->first == std::pair<int64_t, int64_t>{i, P.columns[e]};
          all_near &= is_near(P.values[e], truth->second, truth->second, 1e-6);
          found[{i, P.columns[e]}] = P.values[e];
        }
      CHECK(in_order);
      CHECK(all_near);
      bool symmetric = true;
      for (const auto& [place, value] : found)
        symmetric &= found[{place.second, place.first}] == value;
      CHECK(symmetric);
    }
}

TEST_CASE("symmetrising refuses indices out of range and repeated ones") {
  for (const int32_t bad : {-1, 300, INT32_MIN, INT32_MAX}) {
    Neighbors given = make_neighbors(300, 10, false, 4);
    given.indices[1234] = bad;
    CHECK_FALSE(kernels::symmetrize(given).in_range);
  }
  for (const int64_t repeated : {2, 3, 10}) {
    Neighbors given = make_neighbors(300, 10, false, 5);
    // A neighbour that has this row among its own, so that both directions are repeated.
    for (int64_t c = 0; c < repeated; ++c) given.indices[17 * 10 + c] = 44;
    given.indices[44 * 10] = 17;
    given.indices[44 * 10 + 1] = 17;
    CHECK_FALSE(kernels::symmetrize(given).distinct);
    // Row 17 alone: row 44 has it once.
    given.indices[44 * 10 + 1] = 45;
    for (int64_t c = 2; c < 10; ++c) given.indices[44 * 10 + c] = static_cast<int32_t>(100 + c);
    CHECK_FALSE(kernels::symmetrize(given).distinct);
  }
}

TEST_CASE("perplexity search") {
  for (const int64_t k : {1, 2, 15, 16, 17, 90, 300})
    for (const double scale : {1e-20, 1e-6, 1.0, 1e6, 1e30})
      for (const double perplexity : {1.0, 1.5, 5.0, 30.0, 89.0}) {
        if (perplexity > static_cast<double>(k)) continue;
        CAPTURE(k);
        CAPTURE(scale);
        CAPTURE(perplexity);
        constexpr int64_t n = 70;
        std::mt19937 random(6);
        std::exponential_distribution<double> sq;
        std::vector<float> distances(n * k);
        for (float& d : distances) d = static_cast<float>(scale * (0.1 + sq(random)));
        for (int64_t c = 0; c < k; ++c) distances[3 * k + c] = distances[3 * k];  // all equal
        const auto found = kernels::perplexity_search(distances, n, k, perplexity);
        for (int64_t i = 0; i < n; ++i) {
          double sum = 0, entropy = 0;
          for (int64_t c = 0; c < k; ++c) {
            const double p = found.P[i * k + c];
            REQUIRE(p >= 0);
            sum += p;
            if (p > 0) entropy -= p * std::log2(p);
          }
          CHECK(std::isfinite(found.beta[i]));
          CHECK(sum == doctest::Approx(1).epsilon(1e-5));
          // Where all distances are equal, so are all probabilities.
          if (i != 3 && perplexity > 1)
            CHECK(std::exp2(entropy) == doctest::Approx(perplexity).epsilon(1e-3));
          if (i == 3)
            CHECK(std::exp2(entropy) == doctest::Approx(static_cast<double>(k)).epsilon(1e-3));
        }
      }
}

TEST_CASE("perplexity search of distances that are 0, infinite or no numbers") {
  for (const float bad : {0.f, 1e-45f, 3e38f, kInfinity, std::nanf("")})
    for (const int64_t k : {1, 17, 40}) {
      std::vector<float> distances(5 * k, 1.f);
      for (int64_t c = 0; c < k; c += 2) distances[2 * k + c] = bad;
      for (int64_t c = 0; c < k; ++c) distances[3 * k + c] = bad;
      const auto found = kernels::perplexity_search(distances, 5, k, 1);
      for (const int64_t i : {0, 1, 4}) CHECK(std::isfinite(found.beta[i]));
    }
}

}  // namespace fasttsne::tests
