// Neighbours among the rows of near cells, and what is no row.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>

#include "cases/check_row.h"
#include "cases/kernels.h"
#include "cpu/threads.h"
#include "cpu/views.h"
#include "kernels/knn_cells.h"
#include "kernels/knn_rerank.h"
#include "kernels/knn_scan.h"

namespace fasttsne::tests {

TEST_CASE("measuring reads no row that does not exist") {
  const Points X = make_points(Kind::normal, 50, 3);
  for (const int64_t bad : {int64_t{-1}, int64_t{50}, int64_t{INT32_MAX}, int64_t{1} << 60}) {
    std::vector<int64_t> keys(50 * 20);
    std::vector<int32_t> count(50, 12);
    std::vector<float> bound(50, kInfinity), sq(50 * 10), unmeasured(50);
    std::vector<int32_t> indices(50 * 10);
    for (size_t i = 0; i < keys.size(); ++i) keys[i] = math::make_key(1.f, int64_t(i % 20));
    keys[7 * 20 + 3] = bad;
    const Candidates candidates{keys.data(), count.data(), bound.data(), 20, 12};
    const bool in_range =
        rerank_rows(view(X), candidates, 10, indices.data(), sq.data(), unmeasured.data(), {0, 50});
    // The lower half of the last of these keys is row 0.
    CHECK(in_range == (bad == int64_t{1} << 60));
  }
}

TEST_CASE("distances of tiles are as accurate as is said") {
  const int64_t n = 61;
  for (const int64_t dims : {1, 4, 33, 70}) {
    CAPTURE(dims);
    const Points X = make_points(Kind::normal, n, dims);
    const std::vector<float> norms = squared_norms(X);
    const int64_t capacity = n + 64;
    std::vector<int64_t> keys(n * capacity);
    std::vector<int32_t> count(n);
    std::vector<float> bound(n, kInfinity);
    Candidates candidates{keys.data(), count.data(), bound.data(), capacity, n - 1};
    std::vector<char> scratch(tile_scratch_bytes(n, dims) + 64);
    void* aligned = scratch.data();
    size_t space = scratch.size();
    std::align(64, space - 64, aligned, space);
    scan_tile(view(X), norms.data(), candidates, {0, n}, {0, n}, aligned);
    double largest = 0;
    for (int64_t i = 0; i < n; ++i) {
      REQUIRE(count[i] == n - 1);
      for (int64_t c = 0; c < n - 1; ++c) {
        const int64_t key = keys[i * capacity + c], j = math::key_index(key);
        const double error = math::key_distance(key) - X.sq_distance(i, j);
        largest = std::max(largest, std::abs(error) / (norms[i] + norms[j]));
      }
    }
    CHECK(largest < kernels::tile_error());
  }
}

TEST_CASE("neighbours by cells") {
  for (const Kind kind : kKinds)
    for (const int64_t dims : {1, 3, 16, 40})
      for (const int64_t m : {int64_t{1}, dims})
        for (const int64_t n : {5, 60, 500})
          for (const int64_t wanted : {1, 4, 30}) {
            CAPTURE(static_cast<int>(kind));
            CAPTURE(dims);
            CAPTURE(m);
            CAPTURE(n);
            const Points X = make_points(kind, n, dims);
            Points lead{{}, n, m};
            for (int64_t i = 0; i < n; ++i)
              lead.values.insert(lead.values.end(), &X.values[i * dims], &X.values[i * dims] + m);
            const std::vector<float> norms = squared_norms(lead);
            // Cells of 0, 1, 2, ... rows; each range of rows probes every second cell.
            std::vector<int64_t> cells{0};
            for (int64_t size = 0; cells.back() < n; ++size)
              cells.push_back(std::min(cells.back() + size, n));
            const auto count = static_cast<int64_t>(cells.size()) - 1;
            int64_t largest = 0;
            for (int64_t c = 0; c < count; ++c)
              largest = std::max(largest, cells[c + 1] - cells[c]);
            std::vector<int64_t> probes, rows;
            for (int64_t c = count - 1; c >= 0; c -= 2) probes.push_back(c);
            for (const int64_t c : probes)
              for (int64_t j = cells[c]; j < cells[c + 1]; ++j) rows.push_back(j);
            const auto probed = static_cast<int64_t>(rows.size());
            const int64_t k = std::min(wanted, probed - 1);
            if (k < 1) continue;
            // Whole rows tell which are the nearest, up to the error of tiles, so that few are
            // kept.
            const int64_t keep = m == dims ? std::min(probed, k + 8) : probed;
            const double rounding =
                keep == probed
                    ? 0
                    : kernels::tile_error() * *std::max_element(norms.begin(), norms.end());
            const CellSearch search{view(X), view(lead), norms.data(), cells.data(), largest,
                                    keep,    k};
            std::vector<int32_t> indices(n * k);
            std::vector<float> sq(n * k);
            std::atomic<bool> enough{true};
            for_each_block(n, 37, [&](RowRange range) {
              CellScratch scratch(search);
              if (!search_cells(search, range, probes.data(), std::ssize(probes), scratch,
                                &indices[range.begin * k], &sq[range.begin * k]))
                enough = false;
            });
            REQUIRE(enough);
            for (int64_t i = 0; i < n; ++i)
              check_row(X, i, sorted_distances(X, i, rows), &indices[i * k], &sq[i * k], k,
                        rounding);
          }
}

TEST_CASE("cells without enough rows, or of rows that are no numbers, are told") {
  Points X = make_points(Kind::normal, 40, 4);
  for (const float bad : {0.f, kInfinity, std::nanf("")}) {
    if (bad != 0) std::fill(X.values.begin() + 80, X.values.end(), bad);
    const std::vector<float> norms = squared_norms(X);
    const std::vector<int64_t> cells{0, 20, 40}, probe{1};
    const CellSearch search{view(X), view(X), norms.data(), cells.data(), 20, 20, 19};
    CellScratch scratch(search);
    std::vector<int32_t> indices(40 * 19);
    std::vector<float> sq(40 * 19);
    CHECK(search_cells(search, {0, 40}, probe.data(), 1, scratch, indices.data(), sq.data()) ==
          (bad == 0));
  }
}

}  // namespace fasttsne::tests
