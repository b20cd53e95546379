#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <numeric>

#include "inputs.h"
#include "kernels/knn_cells.h"
#include "kernels/knn_rerank.h"
#include "kernels/knn_scan.h"
#include "kernels/pairwise_sq_distances.h"
#include "kernels/simd_level.h"
#include "threads.h"

namespace fasttsne::tests {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> squared_norms(const Points& X) {
  std::vector<float> out(X.n);
  for (int64_t i = 0; i < X.n; ++i)
    for (int64_t m = 0; m < X.dims; ++m) out[i] += static_cast<float>(X(i, m) * X(i, m));
  return out;
}

// Error of the squared distances of tiles, as a fraction of the largest squared norm. AMX splits
// each number into two of 8 bits.
double tile_error() { return simd_level() == SimdLevel::amx ? 1e-4 : 4e-6; }

// Squared distances of a row to others, rising.
std::vector<double> sorted_distances(const Points& X, int64_t i, const std::vector<int64_t>& rows) {
  std::vector<double> out;
  for (const int64_t j : rows)
    if (j != i) out.push_back(X.sq_distance(i, j));
  std::sort(out.begin(), out.end());
  return out;
}

// Checks that k different rows other than i were found, that each is as far as was said, and that
// none is much farther than the true neighbour of its rank. `rounding` is the error of squared
// distances that come from inner products.
void check_row(const Points& X, int64_t i, const std::vector<double>& truth, const int32_t* indices,
               const float* sq, int64_t k, double rounding) {
  std::vector<int32_t> found(indices, indices + k);
  std::sort(found.begin(), found.end());
  bool right = std::adjacent_find(found.begin(), found.end()) == found.end();
  for (int64_t c = 0; c < k; ++c) {
    right &= 0 <= indices[c] && indices[c] < X.n && indices[c] != i;
    if (!right) break;
    const double own = X.sq_distance(i, indices[c]);
    right &= is_near(sq[c], own, own, 1e-5) && (c == 0 || sq[c - 1] <= sq[c]);
    right &= sq[c] <= truth[c] * (1 + 1e-5) + rounding;
  }
  CAPTURE(i);
  CHECK(right);
}

}  // namespace

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
          std::vector<float> out(n * l, -1.f);
          for_each_block(n, 4, [&](RowRange rows) {
            for (int64_t begin = 0; begin < l; begin += 48)
              pairwise_tile(X.view(), Z.view(), out.data(), rows,
                            {begin, std::min<int64_t>(begin + 48, l)});
          });
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
          const int64_t k = std::min(wanted, n - 1), keep = std::min(n - 1, k + 8);
          CAPTURE(static_cast<int>(kind));
          CAPTURE(dims);
          CAPTURE(n);
          CAPTURE(k);
          const Points X = make_points(kind, n, dims);
          const std::vector<float> norms = squared_norms(X);
          const int64_t capacity = keep + 64;
          std::vector<int64_t> keys(n * capacity);
          std::vector<int32_t> count(n);
          std::vector<float> bound(n, kInfinity);
          Candidates candidates{keys.data(), count.data(), bound.data(), capacity, keep};
          constexpr int64_t kBlock = 64;
          const int64_t blocks = ceil_div(n, kBlock);
          const auto block = [&](int64_t b) {
            return RowRange{b * kBlock, std::min((b + 1) * kBlock, n)};
          };
          // Round r has the tiles of blocks whose sum is r modulo their number, which share none.
          for (int64_t r = 0; r < blocks; ++r)
            for_each_item(blocks, [&](int64_t a) {
              const int64_t b = (r - a + blocks) % blocks;
              if (b < a) return;
              std::vector<char> scratch(tile_scratch_bytes(kBlock, dims) + 64);
              void* aligned = scratch.data();
              size_t space = scratch.size();
              std::align(64, space - 64, aligned, space);
              Candidates mine = candidates;
              scan_tile(X.view(), norms.data(), mine, block(a), block(b), aligned);
            });
          std::vector<int32_t> indices(n * k);
          std::vector<float> sq(n * k), unmeasured(n);
          std::atomic<bool> in_range{true};
          for_each_block(n, 32, [&](RowRange rows) {
            if (!rerank_rows(X.view(), candidates, k, indices.data(), sq.data(), unmeasured.data(),
                             rows))
              in_range = false;
          });
          CHECK(in_range);
          std::vector<int64_t> all(n);
          std::iota(all.begin(), all.end(), 0);
          const double largest = *std::max_element(norms.begin(), norms.end());
          for (int64_t i = 0; i < n; ++i)
            check_row(X, i, sorted_distances(X, i, all), &indices[i * k], &sq[i * k], k,
                      tile_error() * largest);
        }
}

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
    const bool in_range = rerank_rows(X.view(), candidates, 10, indices.data(), sq.data(),
                                      unmeasured.data(), {0, 50});
    // The lower half of the last of these keys is row 0.
    CHECK(in_range == (bad == int64_t{1} << 60));
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
                keep == probed ? 0 : tile_error() * *std::max_element(norms.begin(), norms.end());
            const CellSearch search{
                X.view(), lead.view(), norms.data(), cells.data(), largest, keep, k};
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
    const CellSearch search{X.view(), X.view(), norms.data(), cells.data(), 20, 20, 19};
    CellScratch scratch(search);
    std::vector<int32_t> indices(40 * 19);
    std::vector<float> sq(40 * 19);
    CHECK(search_cells(search, {0, 40}, probe.data(), 1, scratch, indices.data(), sq.data()) ==
          (bad == 0));
  }
}

}  // namespace fasttsne::tests
