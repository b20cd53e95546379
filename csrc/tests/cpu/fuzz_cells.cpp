// Random inputs for the search in near cells.
#include <numeric>

#include "cpu/threads.h"
#include "cpu/views.h"
#include "fuzz/fuzz.h"
#include "kernels/knn_cells.h"

namespace fasttsne::tests {
namespace {

void search_cells_at_random(Random& random) {
  const int64_t n = random.between(2, 80), dims = random.between(1, 20);
  const Points X = random.points(n, dims);
  const int64_t m = random.between(1, dims);
  Points lead{{}, n, m};
  for (int64_t i = 0; i < n; ++i)
    lead.values.insert(lead.values.end(), &X.values[i * dims], &X.values[i * dims] + m);
  const std::vector<float> norms = squared_norms(lead);
  std::vector<int64_t> cells{0}, probes;
  int64_t largest = 0, probed = 0;
  while (cells.back() < n) {
    const int64_t size = std::min(random.below(20), n - cells.back());
    cells.push_back(cells.back() + size);
    largest = std::max(largest, size);
    if (random.below(3) == 0) continue;
    probes.push_back(std::ssize(cells) - 2);
    probed += size;
  }
  if (probed < 2) return;
  const int64_t k = random.between(1, std::min<int64_t>(probed - 1, 15));
  const int64_t keep = random.between(k, probed);
  const CellSearch search{view(X), view(lead), norms.data(), cells.data(), largest, keep, k};
  CellScratch scratch(search);
  const RowRange rows{random.below(n), n};
  std::vector<int32_t> indices((rows.end - rows.begin) * k, -1);
  std::vector<float> sq(indices.size());
  const bool enough = search_cells(search, rows, probes.data(), std::ssize(probes), scratch,
                                   indices.data(), sq.data());
  if (!enough) return;
  for (int64_t i = 0; i < std::ssize(indices); ++i) {
    require(0 <= indices[i] && indices[i] < n, "neighbours are rows");
    require(indices[i] != rows.begin + i / k, "a row is no neighbour of itself");
    require(random.is_wild() || i % k == 0 || sq[i - 1] <= sq[i], "distances rise");
  }
}

}  // namespace

const std::vector<Target> kOwnTargets = [] {
  thread_count = 1;  // to start threads takes longer than such inputs
  return std::vector<Target>{{"search_cells", search_cells_at_random}};
}();

}  // namespace fasttsne::tests
