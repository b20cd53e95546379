#include <doctest/doctest.h>

#include <map>
#include <set>

#include "inputs.h"
#include "kernels/perplexity_search.h"
#include "kernels/symmetrize.h"
#include "threads.h"

namespace fasttsne::tests {
namespace {

struct Neighbors {
  std::vector<int32_t> indices;
  std::vector<float> conditional;
  int64_t n, k;
};

// Each row has k different neighbours, itself among them now and then; those of near rows are near
// each other if `local`.
Neighbors make_neighbors(int64_t n, int64_t k, bool local, unsigned seed) {
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

struct Rows {
  std::vector<int64_t> lengths;
  std::vector<int32_t> columns;
  std::vector<float> values;
  bool in_range, distinct;
};

// Edges one by one, in the order of the rows from which they run.
struct Edges {
  std::vector<int32_t> rows, targets;
  std::vector<float> p;

  Symmetrizer::Incoming view() const {
    return {rows.data(), targets.data(), p.data(), static_cast<int64_t>(rows.size())};
  }
};

// The edges that run to some rows from all others.
Edges edges_to(const Neighbors& given, RowRange part) {
  const auto is_own = [&](int64_t row) { return part.begin <= row && row < part.end; };
  Edges out;
  for (int64_t i = 0; i < given.n; ++i)
    for (int64_t e = i * given.k; e < (i + 1) * given.k; ++e)
      if (!is_own(i) && is_own(given.indices[e])) {
        out.rows.push_back(static_cast<int32_t>(i));
        out.targets.push_back(given.indices[e]);
        out.p.push_back(given.conditional[e]);
      }
  return out;
}

// Merges some rows, to which the others have these edges.
Rows merge(const Neighbors& given, RowRange part, const Edges& incoming, int64_t threads) {
  Symmetrizer symmetrizer(given.indices.data() + part.begin * given.k,
                          given.conditional.data() + part.begin * given.k, part, given.n, given.k,
                          incoming.view(), threads);
  Rows out{std::vector<int64_t>(part.end - part.begin), {}, {}, true, true};
  out.in_range = symmetrizer.incoming_is_valid();
  if (!out.in_range) return out;
  std::atomic<bool> in_range{true};
  for_each_item(symmetrizer.blocks(), [&](int64_t block) {
    if (!symmetrizer.note_panels(block)) in_range = false;
  });
  out.in_range = in_range;
  if (!out.in_range) return out;
  std::vector<Symmetrizer::Panel> panels(symmetrizer.panels());
  for_each_item(symmetrizer.panels(), [&](int64_t panel) {
    Symmetrizer::Scratch scratch;
    panels[panel] = symmetrizer.merge(panel, out.lengths.data(), scratch);
  });
  for (const auto& panel : panels) {
    out.distinct &= panel.distinct;
    for (int64_t e = 0; e < panel.length; ++e) {
      out.columns.push_back(panel.entries[e].column);
      out.values.push_back(panel.entries[e].value);
    }
  }
  return out;
}

Rows merge_all(const Neighbors& given, int64_t threads) {
  return merge(given, {0, given.n}, {}, threads);
}

}  // namespace

TEST_CASE("symmetrising") {
  for (const auto& [n, k] :
       {std::pair<int64_t, int64_t>{1, 1}, {2, 1}, {2, 2}, {50, 7}, {129, 128}, {3000, 20}})
    for (const bool local : {false, true})
      for (const int64_t threads : {1, 2, 7, 64}) {
        CAPTURE(n);
        CAPTURE(k);
        CAPTURE(local);
        CAPTURE(threads);
        const Neighbors given = make_neighbors(n, k, local, 3);
        std::map<std::pair<int64_t, int64_t>, double> expected;
        for (int64_t i = 0; i < n; ++i)
          for (int64_t e = i * k; e < (i + 1) * k; ++e) {
            const double p = given.conditional[e] / (2. * static_cast<double>(n));
            expected[{i, given.indices[e]}] += p;
            expected[{given.indices[e], i}] += p;
          }
        const Rows rows = merge_all(given, threads);
        REQUIRE(rows.in_range);
        REQUIRE(rows.distinct);
        REQUIRE(rows.columns.size() == expected.size());
        std::map<std::pair<int64_t, int64_t>, float> found;
        auto truth = expected.begin();
        bool all_near = true, in_order = true;
        int64_t e = 0;
        for (int64_t i = 0; i < n; ++i)
          for (const int64_t end = e + rows.lengths[i]; e < end; ++e, ++truth) {
            in_order &= truth->first == std::pair<int64_t, int64_t>{i, rows.columns[e]};
            all_near &= is_near(rows.values[e], truth->second, truth->second, 1e-6);
            found[{i, rows.columns[e]}] = rows.values[e];
          }
        CHECK(in_order);
        CHECK(all_near);
        bool symmetric = true;
        for (const auto& [place, value] : found)
          symmetric &= found[{place.second, place.first}] == value;
        CHECK(symmetric);
        // In parts, of which some are empty, the rows are the same.
        Rows parts{{}, {}, {}, true, true};
        const auto append = [](auto& to, const auto& more) {
          to.insert(to.end(), more.begin(), more.end());
        };
        // Not at powers of two: the last panel of a part may end before one.
        const std::vector<int64_t> starts{0, n / 3, n / 3, n / 2, n - n / 5, n};
        for (size_t i = 0; i + 1 < starts.size(); ++i) {
          const RowRange part{starts[i], starts[i + 1]};
          const Rows some = merge(given, part, edges_to(given, part), threads);
          REQUIRE(some.in_range);
          REQUIRE(some.distinct);
          append(parts.lengths, some.lengths);
          append(parts.columns, some.columns);
          append(parts.values, some.values);
        }
        CHECK(parts.lengths == rows.lengths);
        CHECK(parts.columns == rows.columns);
        CHECK(parts.values == rows.values);
      }
}

TEST_CASE("symmetrising refuses edges that do not come from other rows, in order") {
  const Neighbors given = make_neighbors(300, 10, false, 4);
  const RowRange part{100, 200};
  const Edges right = edges_to(given, part);
  REQUIRE(merge(given, part, right, 2).in_range);
  for (const int32_t bad : {-1, 100, 199, 300, INT32_MIN, INT32_MAX}) {
    Edges wrong = right;
    wrong.rows[wrong.rows.size() / 2] = bad;
    CHECK_FALSE(merge(given, part, wrong, 2).in_range);
  }
  for (const int32_t bad : {-1, 99, 200, INT32_MIN, INT32_MAX}) {
    Edges wrong = right;
    wrong.targets[wrong.targets.size() / 2] = bad;
    CHECK_FALSE(merge(given, part, wrong, 2).in_range);
  }
  Edges twice = right;
  twice.rows[1] = twice.rows[0];
  twice.targets[1] = twice.targets[0];
  CHECK_FALSE(merge(given, part, twice, 2).in_range);
}

TEST_CASE("symmetrising refuses indices out of range and repeated ones") {
  for (const int32_t bad : {-1, 300, INT32_MIN, INT32_MAX}) {
    Neighbors given = make_neighbors(300, 10, false, 4);
    given.indices[1234] = bad;
    CHECK_FALSE(merge_all(given, 2).in_range);
  }
  for (const int64_t repeated : {2, 3, 10}) {
    Neighbors given = make_neighbors(300, 10, false, 5);
    // A neighbour that has this row among its own, so that both directions are repeated.
    for (int64_t c = 0; c < repeated; ++c) given.indices[17 * 10 + c] = 44;
    given.indices[44 * 10] = 17;
    given.indices[44 * 10 + 1] = 17;
    CHECK_FALSE(merge_all(given, 2).distinct);
    // Row 17 alone: row 44 has it once.
    given.indices[44 * 10 + 1] = 45;
    for (int64_t c = 2; c < 10; ++c) given.indices[44 * 10 + c] = static_cast<int32_t>(100 + c);
    CHECK_FALSE(merge_all(given, 2).distinct);
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
        std::vector<float> beta(n), conditional(n * k);
        for_each_block(n, 8, [&](RowRange rows) {
          perplexity_search(distances.data(), k, perplexity, beta.data(), conditional.data(), rows);
        });
        for (int64_t i = 0; i < n; ++i) {
          double sum = 0, entropy = 0;
          for (int64_t c = 0; c < k; ++c) {
            const double p = conditional[i * k + c];
            REQUIRE(p >= 0);
            sum += p;
            if (p > 0) entropy -= p * std::log2(p);
          }
          CHECK(std::isfinite(beta[i]));
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
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {0.f, 1e-45f, 3e38f, infinity, std::nanf("")})
    for (const int64_t k : {1, 17, 40}) {
      std::vector<float> distances(5 * k, 1.f), beta(5), conditional(5 * k);
      for (int64_t c = 0; c < k; c += 2) distances[2 * k + c] = bad;
      for (int64_t c = 0; c < k; ++c) distances[3 * k + c] = bad;
      perplexity_search(distances.data(), k, 1, beta.data(), conditional.data(), {0, 5});
      for (const int64_t i : {0, 1, 4}) CHECK(std::isfinite(beta[i]));
    }
}

}  // namespace fasttsne::tests
