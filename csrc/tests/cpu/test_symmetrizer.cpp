// Symmetrising some of the rows, and on any number of threads.
#include <doctest/doctest.h>

#include "cpu/symmetrized.h"

namespace fasttsne::tests {
namespace {

// The edges that run to some rows from all others.
Incoming edges_to(const Neighbors& given, RowRange part) {
  const auto is_own = [&](int64_t row) { return part.begin <= row && row < part.end; };
  Incoming out;
  for (int64_t i = 0; i < given.n; ++i)
    for (int64_t e = i * given.k; e < (i + 1) * given.k; ++e)
      if (!is_own(i) && is_own(given.indices[e])) {
        out.rows.push_back(static_cast<int32_t>(i));
        out.targets.push_back(given.indices[e]);
        out.p.push_back(given.conditional[e]);
      }
  return out;
}

}  // namespace

TEST_CASE("symmetrising in parts and on other numbers of threads gives the same bits") {
  for (const auto& [n, k] :
       {std::pair<int64_t, int64_t>{1, 1}, {2, 1}, {2, 2}, {50, 7}, {129, 128}, {3000, 20}})
    for (const bool local : {false, true})
      for (const int64_t threads : {1, 2, 7, 64}) {
        CAPTURE(n);
        CAPTURE(k);
        CAPTURE(local);
        CAPTURE(threads);
        const Neighbors given = make_neighbors(n, k, local, 3);
        const kernels::Joint whole = kernels::symmetrize(given);
        const kernels::Joint at_once = symmetrized(given, {0, n}, {}, threads);
        CHECK(at_once.columns == whole.columns);
        CHECK(at_once.values == whole.values);
        kernels::Joint parts{{}, {}, {}, true, true};
        const auto append = [](auto& to, const auto& more) {
          to.insert(to.end(), more.begin(), more.end());
        };
        // Some are empty. Not at powers of two: the last panel of a part may end before one.
        const std::vector<int64_t> starts{0, n / 3, n / 3, n / 2, n - n / 5, n};
        for (size_t i = 0; i + 1 < starts.size(); ++i) {
          const RowRange part{starts[i], starts[i + 1]};
          const auto some = symmetrized(given, part, edges_to(given, part), threads);
          REQUIRE(some.in_range);
          REQUIRE(some.distinct);
          append(parts.lengths, some.lengths);
          append(parts.columns, some.columns);
          append(parts.values, some.values);
        }
        CHECK(parts.lengths == whole.lengths);
        CHECK(parts.columns == whole.columns);
        CHECK(parts.values == whole.values);
      }
}

TEST_CASE("symmetrising refuses edges that do not come from other rows, in order") {
  const Neighbors given = make_neighbors(300, 10, false, 4);
  const RowRange part{100, 200};
  const Incoming right = edges_to(given, part);
  REQUIRE(symmetrized(given, part, right, 2).in_range);
  for (const int32_t bad : {-1, 100, 199, 300, INT32_MIN, INT32_MAX}) {
    Incoming wrong = right;
    wrong.rows[wrong.rows.size() / 2] = bad;
    CHECK_FALSE(symmetrized(given, part, wrong, 2).in_range);
  }
  for (const int32_t bad : {-1, 99, 200, INT32_MIN, INT32_MAX}) {
    Incoming wrong = right;
    wrong.targets[wrong.targets.size() / 2] = bad;
    CHECK_FALSE(symmetrized(given, part, wrong, 2).in_range);
  }
  Incoming twice = right;
  twice.rows[1] = twice.rows[0];
  twice.targets[1] = twice.targets[0];
  CHECK_FALSE(symmetrized(given, part, twice, 2).in_range);
}

}  // namespace fasttsne::tests
