// The CUDA kernels, as the cases call them: through their launchers, with the memory that the
// bindings would give them.
#include "cases/kernels.h"

#include <stdexcept>

#include "cuda/attractive_forces.h"
#include "cuda/knn_rerank.h"
#include "cuda/knn_scan.h"
#include "cuda/mesh.h"
#include "cuda/pairwise_sq_distances.h"
#include "cuda/perplexity_search.h"
#include "cuda/repulsive_bh.h"
#include "cuda/repulsive_exact.h"
#include "cuda/repulsive_sne.h"
#include "cuda/symmetrize.h"
#include "cuda/update_embedding.h"
#include "cuda_on_cpu/buffer.h"
#include "cuda_on_cpu/check.h"

namespace fasttsne::tests::kernels {
namespace {

template <class Edge>
Joint symmetrize_edges(const Neighbors& given) {
  const int64_t n = given.n, k = given.k;
  Buffer<int32_t> indices(given.indices), errors(2);
  Buffer<float> conditional(given.conditional);
  Buffer<int64_t> begin(n + 1), indptr(n + 1);
  Buffer<uint16_t> own(n * k);
  Buffer<uint32_t> keys[2]{Buffer<uint32_t>(n * k), Buffer<uint32_t>(n * k)};
  Buffer<Edge> edges[2]{Buffer<Edge>(n * k), Buffer<Edge>(n * k)};
  cuda::SymmetrizeArguments<Edge> a{};
  a.indices = indices.data();
  a.conditional = conditional.data();
  a.n = n;
  a.k = k;
  a.incoming_begin = begin.data();
  a.own_place = own.data();
  a.indptr = indptr.data();
  a.errors = errors.data();
  size_t bytes = 0;
  check(cuda::transpose_workspace<Edge>(n, k, &bytes));
  Buffer<char> workspace(static_cast<int64_t>(bytes));
  int current = 0;
  check(cuda::transpose(a,
                        {{keys[0].data(), keys[1].data()},
                         {edges[0].data(), edges[1].data()},
                         workspace.data(),
                         bytes},
                        &current, nullptr));
  Joint out{{}, {}, {}, errors[0] == 0, true};
  if (!out.in_range) return out;
  a.incoming = edges[current].data();
  check(cuda::sort_rows(a, nullptr));
  check(cuda::scan_workspace(n, &bytes));
  Buffer<char> scan(static_cast<int64_t>(bytes));
  check(cuda::count_rows(a, scan.data(), bytes, nullptr));
  out.distinct = errors[1] == 0;
  if (!out.distinct) return out;
  Buffer<int32_t> columns(indptr[n]);
  Buffer<float> values(indptr[n]);
  a.columns = columns.data();
  a.values = values.data();
  check(cuda::fill_rows(a, nullptr));
  for (int64_t i = 0; i < n; ++i) out.lengths.push_back(indptr[i + 1] - indptr[i]);
  out.columns = columns.values();
  out.values = values.values();
  return out;
}

// A grid as the device sees it.
struct DeviceGrid {
  Buffer<float> origin;
  cuda::MeshView view;

  DeviceGrid(const Grid& grid, int64_t dims)
      : origin(std::vector<float>(grid.origin, grid.origin + dims)),
        view{dims, {}, origin.data(), grid.inverse_step} {
    std::copy_n(grid.sides, dims, view.nodes);
  }
};

}  // namespace

const char* name() { return "CUDA's, on a CPU"; }
bool are_slow() { return true; }
double tree_error() { return 0.4; }

Repulsion repulsive_exact(const Points& Y, double dof) {
  Buffer<float> from(Y.values), forces(std::ssize(Y.values));
  Buffer<double> parts(cuda::repulsive_exact_parts(Y.n)), Z(1);
  check(cuda::repulsive_exact({.Y = from.data(),
                               .n = Y.n,
                               .dims = Y.dims,
                               .dof = static_cast<float>(dof),
                               .forces = forces.data(),
                               .parts = parts.data(),
                               .Z = Z.data()},
                              nullptr));
  return {forces.values(), Z[0]};
}

Repulsion repulsive_bh(const Points& Y, double theta, double dof) {
  const int64_t n = Y.n, dims = Y.dims, inner = n - 1;
  Buffer<float> from(Y.values), forces(n * dims), sorted(n * dims);
  Buffer<uint64_t> codes[2]{Buffer<uint64_t>(n), Buffer<uint64_t>(n)};
  Buffer<int32_t> order[2]{Buffer<int32_t>(n), Buffer<int32_t>(n)};
  Buffer<cuda::TreeNode> nodes(inner);
  Buffer<int32_t> parents(2 * n - 1), arrivals(inner);
  Buffer<float> centers(inner * dims), low(inner * dims), high(inner * dims), bounds(2 * dims);
  Buffer<double> parts(cuda::repulsive_bh_parts(n)), Z(1);
  size_t bytes = 0;
  check(cuda::tree_workspace(n, dims, &bytes));
  Buffer<char> workspace(static_cast<int64_t>(bytes));
  const cuda::TreeArguments tree{.Y = from.data(),
                                 .n = n,
                                 .dims = dims,
                                 .codes = {codes[0].data(), codes[1].data()},
                                 .order = {order[0].data(), order[1].data()},
                                 .sorted = sorted.data(),
                                 .nodes = nodes.data(),
                                 .parents = parents.data(),
                                 .arrivals = arrivals.data(),
                                 .centers = centers.data(),
                                 .low = low.data(),
                                 .high = high.data(),
                                 .bounds = bounds.data(),
                                 .workspace = workspace.data(),
                                 .workspace_bytes = bytes};
  int current = 0;
  check(cuda::make_tree(tree, &current, nullptr));
  check(cuda::repulsive_bh({.tree = tree,
                            .order = tree.order[current],
                            .theta = static_cast<float>(theta),
                            .dof = static_cast<float>(dof),
                            .forces = forces.data(),
                            .parts = parts.data(),
                            .Z = Z.data()},
                           nullptr));
  return {forces.values(), Z[0]};
}

SneRepulsion repulsive_sne(const Points& Y, bool conditional) {
  Buffer<float> from(Y.values), forces(std::ssize(Y.values)), nearest(Y.n), scale(Y.n);
  Buffer<double> sums(Y.n), log_Z(1);
  check(cuda::repulsive_sne({.Y = from.data(),
                             .n = Y.n,
                             .dims = Y.dims,
                             .conditional = conditional,
                             .forces = forces.data(),
                             .nearest = nearest.data(),
                             .sums = sums.data(),
                             .scale = scale.data(),
                             .log_Z = log_Z.data()},
                            nullptr));
  return {forces.values(), log_Z[0]};
}

Attraction attractive_forces(const Points& Y, const Edges& P, int64_t first, double dof,
                             bool with_cost) {
  const int64_t rows = Y.n - first, edges = std::ssize(P.indices);
  Buffer<int64_t> indptr(std::vector<int64_t>(P.indptr.begin() + first, P.indptr.end()));
  Buffer<int32_t> indices(P.indices);
  Buffer<float> values(P.values), from(Y.values), forces(rows * Y.dims);
  Buffer<double> parts(with_cost ? cuda::attractive_parts(rows, Y.dims, edges) : 0), cost(1);
  check(cuda::attractive_forces({.indptr = indptr.data(),
                                 .indices = indices.data(),
                                 .values = values.data(),
                                 .Y = from.data(),
                                 .n = Y.n,
                                 .dims = Y.dims,
                                 .edges = edges,
                                 .rows = rows,
                                 .first = first,
                                 .dof = static_cast<float>(dof),
                                 .with_cost = with_cost,
                                 .forces = forces.data(),
                                 .parts = parts.data(),
                                 .cost = cost.data()},
                                nullptr));
  return {forces.values(), with_cost ? cost[0] : 0};
}

std::vector<float> pairwise_sq_distances(const Points& X, const Points& Z) {
  Buffer<float> x(X.values), z(Z.values), out(X.n * Z.n);
  check(cuda::pairwise_sq_distances(x.data(), X.n, z.data(), Z.n, X.dims, out.data(), nullptr));
  return out.values();
}

Nearest nearest_by_tiles(const Points& X, int64_t k, int64_t keep) {
  const int64_t n = X.n, capacity = keep + cuda::kScanTile;
  Buffer<float> x(X.values), norms(squared_norms(X)), bound(std::vector<float>(n, kInfinity));
  Buffer<int64_t> keys(n * capacity);
  Buffer<int32_t> count(std::vector<int32_t>(n, 0));
  const cuda::Candidates candidates{keys.data(), count.data(), bound.data(), capacity, keep};
  constexpr int64_t kBlock = 100;
  const int64_t blocks = (n + kBlock - 1) / kBlock;
  const auto end = [&](int64_t b) { return static_cast<int32_t>(std::min((b + 1) * kBlock, n)); };
  // Round r has the tiles of blocks whose sum is r modulo their number, which share none.
  for (int64_t r = 0; r < blocks; ++r) {
    std::vector<cuda::Tile> tiles;
    for (int64_t a = 0; a < blocks; ++a) {
      const int64_t b = (r - a + blocks) % blocks;
      if (b >= a)
        tiles.push_back(
            {static_cast<int32_t>(a * kBlock), end(a), static_cast<int32_t>(b * kBlock), end(b)});
    }
    Buffer<cuda::Tile> on_device(tiles);
    check(cuda::knn_scan({.X = x.data(),
                          .sq_norms = norms.data(),
                          .depth = X.dims,
                          .candidates = candidates,
                          .tiles = on_device.data(),
                          .n_tiles = std::ssize(tiles),
                          .largest_block = std::min(kBlock, n)},
                         nullptr));
  }
  Buffer<int32_t> indices(n * k);
  Buffer<float> sq_distances(n * k), unmeasured(n);
  check(cuda::knn_rerank({.X = x.data(),
                          .n = n,
                          .X_rows = n,
                          .depth = X.dims,
                          .k = k,
                          .candidates = candidates,
                          .indices = indices.data(),
                          .sq_distances = sq_distances.data(),
                          .unmeasured = unmeasured.data()},
                         nullptr));
  return {indices.values(), sq_distances.values()};
}

// Each number is split into two of 8 bits.
double tile_error() { return 1e-4; }

Conditional perplexity_search(const std::vector<float>& sq_distances, int64_t n, int64_t k,
                              double perplexity) {
  Buffer<float> from(sq_distances), beta(n), P(n * k);
  check(cuda::perplexity_search(from.data(), n, k, perplexity, beta.data(), P.data(), nullptr));
  return {beta.values(), P.values()};
}

Joint symmetrize(const Neighbors& given) {
  const Joint out = symmetrize_edges<uint32_t>(given), wide = symmetrize_edges<int64_t>(given);
  if (out.columns != wide.columns || out.values != wide.values)
    throw std::runtime_error("edges of 32 and of 64 bits give different results");
  return out;
}

void mesh_spread(Grid& grid, const Points& Y) {
  DeviceGrid on_device(grid, Y.dims);
  Buffer<float> from(Y.values), nodes(std::ssize(grid.nodes));
  Buffer<uint64_t> counts(std::ssize(grid.nodes));
  check(cuda::mesh_spread({.mesh = on_device.view,
                           .Y = from.data(),
                           .n = Y.n,
                           .size = std::ssize(grid.nodes),
                           .counts = counts.data(),
                           .grid = nodes.data()},
                          nullptr));
  grid.nodes = nodes.values();
}

Gathered mesh_gather(const Grid& grid, const Points& Y) {
  DeviceGrid on_device(grid, Y.dims);
  Buffer<float> from(Y.values), potential(grid.nodes), forces(std::ssize(Y.values)), values(Y.n);
  Buffer<double> parts(cuda::mesh_gather_parts(Y.n)), total(1);
  check(cuda::mesh_gather({.mesh = on_device.view,
                           .Y = from.data(),
                           .potential = potential.data(),
                           .n = Y.n,
                           .forces = forces.data(),
                           .values = values.data(),
                           .parts = parts.data(),
                           .total = total.data()},
                          nullptr));
  return {forces.values(), values.values(), total[0]};
}

Statistics update_embedding(const Step& step, const Points& attractive, const Points& repulsive,
                            Points& Y, Points& velocity, Points& gains) {
  const int64_t n = Y.n, dims = Y.dims;
  Buffer<float> y(Y.values), v(velocity.values), g(gains.values), pull(attractive.values),
      push(repulsive.values);
  Buffer<double> Z(std::vector<double>{step.Z}), parts(cuda::update_parts(n, dims)),
      statistics(1 + 2 * dims);
  check(cuda::update_embedding({.Y = y.data(),
                                .velocity = v.data(),
                                .gains = g.data(),
                                .attractive = pull.data(),
                                .repulsive = push.data(),
                                .Z = Z.data(),
                                .n = n,
                                .dims = dims,
                                .exaggeration = static_cast<float>(step.exaggeration),
                                .learning_rate = static_cast<float>(step.learning_rate),
                                .momentum = static_cast<float>(step.momentum),
                                .max_step = static_cast<float>(step.max_step),
                                .parts = parts.data(),
                                .statistics = statistics.data()},
                               nullptr));
  Y.values = y.values();
  velocity.values = v.values();
  gains.values = g.values();
  const std::vector<double> all = statistics.values();
  return {all[0], {all.begin() + 1, all.begin() + 1 + dims}, {all.begin() + 1 + dims, all.end()}};
}

}  // namespace fasttsne::tests::kernels
