// CPU ops: distances and nearest neighbours.
#include <atomic>

#include "bindings/checks.h"
#include "bindings/parallel.h"
#include "bindings/tensors.h"
#include "kernels/knn_cells.h"
#include "kernels/knn_rerank.h"
#include "kernels/knn_scan.h"
#include "kernels/pairwise_sq_distances.h"
#include "kernels/profile.h"

namespace fasttsne::bindings {
namespace {

constexpr int64_t kBlockRows = 128, kBlockColumns = 4800;  // a multiple of any panel width

Tensor pairwise_sq_distances(const Tensor& X, const Tensor& Z) {
  const ProfiledCall call(Kernel::pairwise_sq_distances);
  check_points(X, "X");
  check_points(Z, "Z");
  STD_TORCH_CHECK(X.size(1) == Z.size(1), "X and Z must have the same number of columns, got ",
                  X.size(1), " and ", Z.size(1));
  Tensor out = empty(X, {X.size(0), Z.size(0)}, ScalarType::Float);
  float* to = out.mutable_data_ptr<float>();
  // Few rows of X meet many of Z in some callers, and the other way round in others.
  const int64_t across = ceil_div(Z.size(0), kBlockColumns);
  for_each_item(ceil_div(X.size(0), kBlockRows) * across, X.numel() * Z.size(0), [&](int64_t tile) {
    const int64_t row = tile / across * kBlockRows, column = tile % across * kBlockColumns;
    pairwise_tile(points(X), points(Z), to, {row, std::min(row + kBlockRows, X.size(0))},
                  {column, std::min(column + kBlockColumns, Z.size(0))});
  });
  return out;
}

Candidates view(const Tensor& keys, const Tensor& count, const Tensor& bound, int64_t keep,
                int64_t n) {
  check_candidates(keys, count, bound, keep, n);
  const int32_t* counts = count.const_data_ptr<int32_t>();
  for (int64_t i = 0; i < n; ++i)
    STD_TORCH_CHECK(0 <= counts[i] && counts[i] < keys.size(1),
                    "count must be in 0 .. capacity - 1");
  return {keys.mutable_data_ptr<int64_t>(), count.mutable_data_ptr<int32_t>(),
          bound.mutable_data_ptr<float>(), keys.size(1), keep};
}

void knn_scan_(const Tensor& X, const Tensor& sq_norms, Tensor keys, Tensor count, Tensor bound,
               int64_t keep, const Tensor& blocks, const Tensor& tiles) {
  const ProfiledCall call(Kernel::knn_scan);
  const int64_t largest_block = check_scan(X, sq_norms, keys, count, bound, keep, blocks, tiles);
  const Candidates candidates = view(keys, count, bound, keep, X.size(0));
  const int64_t scratch_bytes = tile_scratch_bytes(largest_block, X.size(1));
  const int64_t* begin = blocks.const_data_ptr<int64_t>();
  const int64_t* tile = tiles.const_data_ptr<int64_t>();
  for_each_item_with(
      tiles.size(0), X.numel() * ceil_div(X.size(0), std::max<int64_t>(blocks.numel() - 1, 1)),
      [&] { return AlignedBytes(scratch_bytes); },
      [&](int64_t t, AlignedBytes& scratch) {
        const int64_t a = tile[2 * t], b = tile[2 * t + 1];
        Candidates mine = candidates;
        scan_tile(points(X), sq_norms.const_data_ptr<float>(), mine, {begin[a], begin[a + 1]},
                  {begin[b], begin[b + 1]}, scratch.data());
      });
}

std::tuple<Tensor, Tensor, Tensor> knn_rerank(const Tensor& X, const Tensor& keys,
                                              const Tensor& count, const Tensor& bound,
                                              int64_t keep, int64_t k) {
  const ProfiledCall call(Kernel::knn_rerank);
  check_points(X, "X");
  check(keys, "keys", ScalarType::Long, 2);
  const int64_t n = keys.size(0);
  STD_TORCH_CHECK(n <= X.size(0), "keys must have no more rows than X");
  const Candidates candidates = view(keys, count, bound, keep, n);
  STD_TORCH_CHECK(0 < k && k <= keep, "k must be in 1 .. keep");
  for (int64_t i = 0; i < n; ++i)
    STD_TORCH_CHECK(k <= candidates.count[i], "every row must have k candidates or more, but row ",
                    i, " has ", candidates.count[i], ", whose distances are finite");
  Tensor indices = empty(X, {n, k}, ScalarType::Int);
  Tensor sq_distances = empty(X, {n, k}, ScalarType::Float);
  int32_t* to_indices = indices.mutable_data_ptr<int32_t>();
  Tensor unmeasured = empty(X, {n}, ScalarType::Float);
  float* to_distances = sq_distances.mutable_data_ptr<float>();
  float* to_unmeasured = unmeasured.mutable_data_ptr<float>();
  std::atomic<bool> in_range{true};
  for_each_block(n, kBlockRows, n * X.size(1) * k, [&](int64_t, RowRange rows) {
    if (!rerank_rows(points(X), candidates, k, to_indices, to_distances, to_unmeasured, rows))
      in_range = false;
  });
  STD_TORCH_CHECK(in_range, "keys must hold rows of X, 0 .. n - 1 = ", X.size(0) - 1);
  return {indices, sq_distances, unmeasured};
}

// Checks the cells of knn_cells, and returns the rows of the largest.
int64_t check_cells(const Tensor& cells, int64_t n) {
  check(cells, "cells", ScalarType::Long, 1);
  STD_TORCH_CHECK(cells.numel() > 0, "cells must not be empty");
  const int64_t* begin = cells.const_data_ptr<int64_t>();
  int64_t largest = 0;
  for (int64_t c = 0; c + 1 < cells.numel(); ++c) {
    STD_TORCH_CHECK(0 <= begin[c] && begin[c] <= begin[c + 1] && begin[c + 1] <= n,
                    "cells must hold rising row numbers");
    largest = std::max(largest, begin[c + 1] - begin[c]);
  }
  return largest;
}

struct Probes {
  std::vector<int64_t> results;  // where those of each range begin, and the number of all
  int64_t most_rows = 0;         // that a range probes
};

// Checks the ranges of knn_cells and the cells that each of them probes.
Probes check_probes(const Tensor& ranges, const Tensor& probe_starts, const Tensor& probes,
                    const Tensor& cells, int64_t n, int64_t k) {
  check(ranges, "ranges", ScalarType::Long, 2);
  check(probe_starts, "probe_starts", ScalarType::Long, 1);
  check(probes, "probes", ScalarType::Long, 1);
  STD_TORCH_CHECK(ranges.size(1) == 2, "ranges must have two columns");
  check_rows(probe_starts, "probe_starts", ranges.size(0) + 1);
  const int64_t* range = ranges.const_data_ptr<int64_t>();
  const int64_t* start = probe_starts.const_data_ptr<int64_t>();
  const int64_t* probe = probes.const_data_ptr<int64_t>();
  const int64_t* begin = cells.const_data_ptr<int64_t>();
  Probes out{{0}};
  std::vector<int64_t>& results = out.results;
  std::vector<int64_t> last_range(cells.numel() - 1, -1);  // that probed the cell
  for (int64_t r = 0; r < ranges.size(0); ++r) {
    STD_TORCH_CHECK(0 <= range[2 * r] && range[2 * r] <= range[2 * r + 1] && range[2 * r + 1] <= n,
                    "ranges must hold pairs of rising row numbers");
    STD_TORCH_CHECK(0 <= start[r] && start[r] <= start[r + 1] && start[r + 1] <= probes.numel(),
                    "probe_starts must hold rising places in probes");
    int64_t rows = 0;
    for (int64_t p = start[r]; p < start[r + 1]; ++p) {
      const int64_t cell = probe[p];
      STD_TORCH_CHECK(0 <= cell && cell < cells.numel() - 1, "probes must hold cell numbers");
      STD_TORCH_CHECK(last_range[cell] != r, "range ", r, " must probe cell ", cell, " only once");
      last_range[cell] = r;
      rows += begin[cell + 1] - begin[cell];
    }
    STD_TORCH_CHECK(rows > k, "the cells that a range probes must hold more than k = ", k,
                    " rows, but those of range ", r, " hold ", rows);
    out.most_rows = std::max(out.most_rows, rows);
    results.push_back(results.back() + range[2 * r + 1] - range[2 * r]);
    // Ranges may overlap, so that the number of results is not limited by that of the rows.
    STD_TORCH_CHECK(results.back() <= INT32_MAX, "ranges must hold 2^31 - 1 rows or fewer");
  }
  return out;
}

std::tuple<Tensor, Tensor> knn_cells(const Tensor& X, const Tensor& lead, const Tensor& sq_norms,
                                     const Tensor& cells, const Tensor& ranges,
                                     const Tensor& probe_starts, const Tensor& probes, int64_t keep,
                                     int64_t k) {
  const ProfiledCall call(Kernel::knn_cells);
  check_points(X, "X");
  check_points(lead, "lead");
  check_float(sq_norms, "sq_norms", 1);
  check_rows(lead, "lead", X.size(0));
  check_rows(sq_norms, "sq_norms", X.size(0));
  STD_TORCH_CHECK(0 < k && k <= keep, "k must be in 1 .. keep");
  const int64_t largest = check_cells(cells, X.size(0));
  const auto [results, most_rows] = check_probes(ranges, probe_starts, probes, cells, X.size(0), k);
  Tensor indices = empty(X, {results.back(), k}, ScalarType::Int);
  Tensor sq_distances = empty(X, {results.back(), k}, ScalarType::Float);
  if (results.back() == 0) return {indices, sq_distances};
  int32_t* to_indices = indices.mutable_data_ptr<int32_t>();
  float* to_distances = sq_distances.mutable_data_ptr<float>();
  const int64_t* first_result = results.data();
  const int64_t* range = ranges.const_data_ptr<int64_t>();
  const int64_t* start = probe_starts.const_data_ptr<int64_t>();
  const CellSearch search{.X = points(X),
                          .lead = points(lead),
                          .sq_norms = sq_norms.const_data_ptr<float>(),
                          .cells = cells.const_data_ptr<int64_t>(),
                          .largest_cell = largest,
                          .keep = std::min(keep, most_rows),  // a list never holds more
                          .k = k};
  std::atomic<bool> enough{true};
  for_each_item_with(
      ranges.size(0), results.back() * search.keep, [&] { return CellScratch(search); },
      [&](int64_t r, CellScratch& scratch) {
        if (!search_cells(search, {range[2 * r], range[2 * r + 1]},
                          probes.const_data_ptr<int64_t>() + start[r], start[r + 1] - start[r],
                          scratch, to_indices + first_result[r] * k,
                          to_distances + first_result[r] * k))
          enough = false;
      });
  STD_TORCH_CHECK(enough, "a row has fewer than k candidates whose distances are finite");
  return {indices, sq_distances};
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(fasttsne, CPU, m) {
  m.impl("pairwise_sq_distances", TORCH_BOX(&pairwise_sq_distances));
  m.impl("knn_scan_", TORCH_BOX(&knn_scan_));
  m.impl("knn_rerank", TORCH_BOX(&knn_rerank));
  m.impl("knn_cells", TORCH_BOX(&knn_cells));
}

}  // namespace fasttsne::bindings
