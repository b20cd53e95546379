// The CPU kernels, as the cases call them: blocks of rows, from several threads.
#include "cases/kernels.h"

#include <atomic>
#include <memory>
#include <numeric>

#include "cpu/symmetrized.h"
#include "cpu/threads.h"
#include "cpu/views.h"
#include "kernels/attractive_forces.h"
#include "kernels/knn_rerank.h"
#include "kernels/knn_scan.h"
#include "kernels/mesh.h"
#include "kernels/pairwise_sq_distances.h"
#include "kernels/perplexity_search.h"
#include "kernels/repulsive_bh.h"
#include "kernels/repulsive_exact.h"
#include "kernels/repulsive_sne.h"
#include "kernels/simd_level.h"
#include "kernels/update_embedding.h"

namespace fasttsne::tests::kernels {
namespace {

double sum(const std::vector<double>& parts) {
  return std::accumulate(parts.begin(), parts.end(), 0.);
}

template <int kDims>
Repulsion by_tree(const Points& Y, double theta, double dof) {
  std::vector<float> forces(Y.values.size(), 7.f);
  const Quadtree<kDims> tree(view(Y));
  std::vector<double> parts(tree.groups().size());
  for_each_block(std::ssize(parts), 1, [&](RowRange groups) {
    fasttsne::repulsive_bh<kDims>(tree, static_cast<float>(theta), static_cast<float>(dof),
                                  forces.data(), parts.data(), groups);
  });
  return {forces, sum(parts)};
}

}  // namespace

const char* name() { return simd_level_name(simd_level()); }
bool are_slow() { return false; }
double tree_error() { return 0.2; }

Repulsion repulsive_exact(const Points& Y, double dof) {
  std::vector<float> forces(Y.values.size(), 7.f);
  const Columns columns(view(Y));
  std::vector<double> parts(ceil_div(Y.n, 32));
  for_each_block(Y.n, 32, [&](RowRange rows) {
    parts[rows.begin / 32] =
        fasttsne::repulsive_exact(view(Y), columns, static_cast<float>(dof), forces.data(), rows);
  });
  return {forces, sum(parts)};
}

Repulsion repulsive_bh(const Points& Y, double theta, double dof) {
  return Y.dims == 1   ? by_tree<1>(Y, theta, dof)
         : Y.dims == 2 ? by_tree<2>(Y, theta, dof)
                       : by_tree<3>(Y, theta, dof);
}

SneRepulsion repulsive_sne(const Points& Y, bool conditional) {
  fasttsne::SneRepulsion repulsion(view(Y));
  std::vector<float> forces(Y.values.size());
  for_each_block(Y.n, 32, [&](RowRange rows) { repulsion.sum(forces.data(), rows); });
  const double log_Z = repulsion.normalize(conditional);
  for_each_block(Y.n, 32,
                 [&](RowRange rows) { repulsion.finish(conditional, forces.data(), rows); });
  return {forces, log_Z};
}

Attraction attractive_forces(const Points& Y, const Edges& P, int64_t first, double dof,
                             bool with_cost) {
  const int64_t n = Y.n - first;
  std::vector<float> forces(n * Y.dims, 7.f);
  std::vector<double> parts(ceil_div(n, 64));
  std::atomic<bool> in_range{true};
  for_each_block(n, 64, [&](RowRange rows) {
    const AttractiveSums sums = fasttsne::attractive_forces(
        view(P, first), view(Y), static_cast<float>(dof), with_cost, forces.data(), rows);
    parts[rows.begin / 64] = sums.cost;
    if (!sums.in_range) in_range = false;
  });
  // For an index out of range a GPU's kernel gives NaN. So do these, so that one case tests both.
  return {in_range ? forces : std::vector<float>(forces.size(), std::nanf("")), sum(parts)};
}

std::vector<float> pairwise_sq_distances(const Points& X, const Points& Z) {
  std::vector<float> out(X.n * Z.n, -1.f);
  for_each_block(X.n, 4, [&](RowRange rows) {
    for (int64_t begin = 0; begin < Z.n; begin += 48)
      pairwise_tile(view(X), view(Z), out.data(), rows, {begin, std::min(begin + 48, Z.n)});
  });
  return out;
}

Nearest nearest_by_tiles(const Points& X, int64_t k, int64_t keep) {
  const int64_t n = X.n, capacity = keep + 64;
  const std::vector<float> norms = squared_norms(X);
  std::vector<int64_t> keys(n * capacity);
  std::vector<int32_t> count(n);
  std::vector<float> bound(n, kInfinity);
  const Candidates candidates{keys.data(), count.data(), bound.data(), capacity, keep};
  constexpr int64_t kBlock = 64;
  const int64_t blocks = ceil_div(n, kBlock);
  const auto block = [&](int64_t b) { return RowRange{b * kBlock, std::min((b + 1) * kBlock, n)}; };
  // Round r has the tiles of blocks whose sum is r modulo their number, which share none.
  for (int64_t r = 0; r < blocks; ++r)
    for_each_item(blocks, [&](int64_t a) {
      const int64_t b = (r - a + blocks) % blocks;
      if (b < a) return;
      std::vector<char> scratch(tile_scratch_bytes(kBlock, X.dims) + 64);
      void* aligned = scratch.data();
      size_t space = scratch.size();
      std::align(64, space - 64, aligned, space);
      Candidates mine = candidates;
      scan_tile(view(X), norms.data(), mine, block(a), block(b), aligned);
    });
  Nearest out{std::vector<int32_t>(n * k, -1), std::vector<float>(n * k)};
  std::vector<float> unmeasured(n);
  for_each_block(n, 32, [&](RowRange rows) {
    if (!rerank_rows(view(X), candidates, k, out.indices.data(), out.sq_distances.data(),
                     unmeasured.data(), rows))
      std::fill(out.indices.begin() + rows.begin * k, out.indices.begin() + rows.end * k, -1);
  });
  return out;
}

// The units for matrices split each number into two of 8 bits.
double tile_error() { return simd_level() >= SimdLevel::amx ? 1e-4 : 4e-6; }

Conditional perplexity_search(const std::vector<float>& sq_distances, int64_t n, int64_t k,
                              double perplexity) {
  Conditional out{std::vector<float>(n), std::vector<float>(n * k)};
  for_each_block(n, 8, [&](RowRange rows) {
    fasttsne::perplexity_search(sq_distances.data(), k, perplexity, out.beta.data(), out.P.data(),
                                rows);
  });
  return out;
}

Joint symmetrize(const Neighbors& given) { return symmetrized(given, {0, given.n}, {}, 2); }

void mesh_spread(Grid& grid, const Points& Y) {
  MeshStrips strips(view(grid, Y.dims), view(Y));
  for_each_item(strips.blocks(), [&](int64_t block) { strips.count_points(block); });
  strips.add_counts();
  for_each_item(strips.blocks(), [&](int64_t block) { strips.sort_points(block); });
  for_each_item(strips.count(), [&](int64_t s) { strips.clear(s, grid.nodes.data()); });
  for (const int64_t parity : {0, 1})
    for_each_item((strips.count() + 1 - parity) / 2,
                  [&](int64_t s) { strips.spread(2 * s + parity, grid.nodes.data()); });
}

Gathered mesh_gather(const Grid& grid, const Points& Y) {
  Gathered out{std::vector<float>(Y.values.size()), std::vector<float>(Y.n), 0};
  std::vector<double> parts(ceil_div(Y.n, 64));
  for_each_block(Y.n, 64, [&](RowRange rows) {
    parts[rows.begin / 64] = fasttsne::mesh_gather(view(grid, Y.dims), view(Y), grid.nodes.data(),
                                                   out.forces.data(), out.values.data(), rows);
  });
  out.total = sum(parts);
  return out;
}

Statistics update_embedding(const Step& step, const Points& attractive, const Points& repulsive,
                            Points& Y, Points& velocity, Points& gains) {
  constexpr int64_t kBlock = 100;
  const int64_t n = Y.n, dims = Y.dims, blocks = ceil_div(n, kBlock);
  const UpdateStep update{step.exaggeration, step.learning_rate, step.momentum, step.max_step,
                          step.Z};
  std::vector<double> sums(blocks * dims), sq_gradients(blocks);
  for_each_block(n, kBlock, [&](RowRange rows) {
    const int64_t block = rows.begin / kBlock;
    sq_gradients[block] =
        move_rows(update, attractive.values.data(), repulsive.values.data(), dims, Y.values.data(),
                  velocity.values.data(), gains.values.data(), &sums[block * dims], rows);
  });
  std::vector<float> center(dims), low(blocks * dims), high(blocks * dims);
  for (int64_t m = 0; m < dims; ++m) {
    double total = 0;
    for (int64_t block = 0; block < blocks; ++block) total += sums[block * dims + m];
    center[m] = static_cast<float>(total / static_cast<double>(n));
  }
  for_each_block(n, kBlock, [&](RowRange rows) {
    const int64_t block = rows.begin / kBlock;
    center_rows(center.data(), dims, Y.values.data(), &low[block * dims], &high[block * dims],
                rows);
  });
  Statistics out{sum(sq_gradients), std::vector<double>(dims, kInfinity),
                 std::vector<double>(dims, -kInfinity)};
  for (int64_t c = 0; c < blocks * dims; ++c) {
    out.low[c % dims] = std::min(out.low[c % dims], double{low[c]});
    out.high[c % dims] = std::max(out.high[c % dims], double{high[c]});
  }
  return out;
}

}  // namespace fasttsne::tests::kernels
