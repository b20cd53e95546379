// What only the CUDA kernels have: blocks and threads in any order, arrays larger than 32 bits can
// count, and numbers that the host does not check.
#include <doctest/doctest.h>
#include <sys/mman.h>

#include <cmath>

#include "cases/kernels.h"
#include "cuda/attractive_forces.h"
#include "cuda/knn_rerank.h"
#include "cuda/knn_scan.h"
#include "cuda/mesh.h"
#include "cuda/pairwise_sq_distances.h"
#include "cuda/perplexity_search.h"
#include "cuda/symmetrize.h"
#include "cuda/update_embedding.h"
#include "cuda_on_cpu/buffer.h"
#include "cuda_on_cpu/check.h"
#include "cuda_on_cpu/grid.h"
#include "math/candidate.h"

namespace fasttsne::tests {
namespace {

// The bytes of the results of all kernels, for a few sizes.
template <class T>
void append(std::vector<char>& to, const std::vector<T>& values) {
  const char* bytes = reinterpret_cast<const char*>(values.data());
  to.insert(to.end(), bytes, bytes + values.size() * sizeof(T));
}
std::vector<char> all_results() {
  std::vector<char> out;
  for (const Kind kind : {Kind::normal, Kind::duplicates}) {
    const Points Y = make_points(kind, 333, 2), X = make_points(kind, 333, 70);
    const auto exact = kernels::repulsive_exact(Y, 1);
    const auto tree = kernels::repulsive_bh(Y, 0.5, 1);
    const auto sne = kernels::repulsive_sne(Y, true), symmetric = kernels::repulsive_sne(Y, false);
    const auto pull = kernels::attractive_forces(Y, make_edges(333, 40, 1), 0, 1, true);
    for (const int64_t dims : {1, 3, 5}) {
      const Points other = make_points(kind, 150, dims);
      append(out, kernels::repulsive_exact(other, 0.5).forces);
      append(out, kernels::repulsive_sne(other, true).forces);
      if (dims <= 3) append(out, kernels::repulsive_bh(other, 0.5, 0.5).forces);
      for (const int64_t most : {20, 100, 400})
        append(out, kernels::attractive_forces(other, make_edges(150, most, 1), 0, 2, true).forces);
    }
    append(out, exact.forces);
    append(out, tree.forces);
    append(out, sne.forces);
    append(out, symmetric.forces);
    append(out, pull.forces);
    append(out, std::vector{exact.Z, tree.Z, sne.log_Z, symmetric.log_Z, pull.cost});
    append(out, kernels::pairwise_sq_distances(X, X));
    const auto nearest = kernels::nearest_by_tiles(X, 20, 28);
    append(out, nearest.indices);
    append(out, nearest.sq_distances);
    const auto P = kernels::symmetrize(make_neighbors(333, 20, true, 2));
    append(out, P.columns);
    append(out, P.values);
    const auto conditional = kernels::perplexity_search(nearest.sq_distances, 333, 20, 6);
    append(out, conditional.P);
    append(out, conditional.beta);
    Grid grid = make_grid(2, 40, 0.25);
    kernels::mesh_spread(grid, Y);
    append(out, grid.nodes);
    const auto gathered = kernels::mesh_gather(grid, Y);
    append(out, gathered.forces);
    append(out, gathered.values);
    append(out, std::vector{gathered.total});
    Points moved = Y, velocity = Y, gains = Y;
    append(out,
           std::vector{kernels::update_embedding({12, .3, .8, 1, 40}, Y, Y, moved, velocity, gains)
                           .sq_gradient});
    append(out, moved.values);
    append(out, velocity.values);
    append(out, gains.values);
  }
  return out;
}

// An array so large that it exists only where it is touched; zeros elsewhere.
template <class T>
class Sparse {
 public:
  explicit Sparse(int64_t size)
      : bytes_(size * sizeof(T)),
        data_(static_cast<T*>(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    REQUIRE(data_ != MAP_FAILED);
    madvise(data_, bytes_,
            MADV_NOHUGEPAGE);  // a touched number takes a page of 4 KiB, not of 2 MiB
  }
  ~Sparse() { munmap(data_, bytes_); }
  Sparse(const Sparse&) = delete;
  Sparse& operator=(const Sparse&) = delete;
  T* data() { return data_; }
  T& operator[](int64_t i) { return data_[i]; }

 private:
  size_t bytes_;
  T* data_;
};

// As long as it exists, only two blocks at each end of a grid run.
struct AtEnds {
  AtEnds() { on_cpu::set_blocks_at_ends(2); }
  ~AtEnds() { on_cpu::set_blocks_at_ends(0); }
};

}  // namespace

TEST_CASE("any order of blocks and threads gives the same bits") {
  const std::vector<char> results = all_results();
#if defined(__SANITIZE_THREAD__)
  const std::vector<unsigned> orders{2};  // each takes a minute
#else
  const std::vector<unsigned> orders{1, 2, 3};
#endif
  for (const unsigned order : orders) {
    on_cpu::set_order(order);
    CAPTURE(order);
    CHECK(all_results() == results);
    on_cpu::set_order(0);
  }
}

TEST_CASE("distances of tiles are as accurate as is said") {
  const int64_t n = 130, depth = 70, keep = n - 1, capacity = keep + cuda::kScanTile;
  const Points X = make_points(Kind::normal, n, depth);
  Buffer<float> x(X.values), norms(squared_norms(X)), bound(std::vector<float>(n, kInfinity));
  Buffer<int64_t> keys(n * capacity);
  Buffer<int32_t> count(std::vector<int32_t>(n, 0));
  Buffer<cuda::Tile> tile(std::vector<cuda::Tile>{{0, n, 0, n}});
  check(cuda::knn_scan({.X = x.data(),
                        .sq_norms = norms.data(),
                        .depth = depth,
                        .candidates = {keys.data(), count.data(), bound.data(), capacity, keep},
                        .tiles = tile.data(),
                        .n_tiles = 1,
                        .largest_block = n},
                       nullptr));
  double largest = 0;
  for (int64_t i = 0; i < n; ++i) {
    REQUIRE(count[i] == n - 1);
    for (int64_t c = 0; c < count[i]; ++c) {
      const int64_t key = keys[i * capacity + c];
      const double error = math::key_distance(key) - X.sq_distance(i, math::key_index(key));
      largest = std::max(largest, std::abs(error) / norms[i]);
    }
  }
  CHECK(largest < kernels::tile_error());
}

TEST_CASE("candidates that are no rows are dropped") {
  const Points X = make_points(Kind::normal, 50, 3);
  for (const int64_t bad : {int64_t{-1}, int64_t{50}, int64_t{INT32_MAX}, int64_t{1} << 60}) {
    std::vector<int64_t> all(50 * 80);
    for (size_t i = 0; i < all.size(); ++i) all[i] = math::make_key(1.f, int64_t(i % 80 % 50));
    all[7 * 80 + 3] = bad;
    Buffer<int64_t> keys(all);
    for (const int32_t listed : {12, -5, INT32_MAX}) {
      Buffer<int32_t> count(std::vector<int32_t>(50, listed)), indices(50 * 10);
      Buffer<float> x(X.values), bound(std::vector<float>(50, kInfinity)), sq(50 * 10),
          unmeasured(50);
      check(cuda::knn_rerank({.X = x.data(),
                              .n = 50,
                              .X_rows = 50,
                              .depth = 3,
                              .k = 10,
                              .candidates = {keys.data(), count.data(), bound.data(), 80, 12},
                              .indices = indices.data(),
                              .sq_distances = sq.data(),
                              .unmeasured = unmeasured.data()},
                             nullptr));
      for (const int32_t j : indices.values()) CHECK((-1 <= j && j < 50));
    }
  }
}

TEST_CASE("rows of P that do not exist are not read") {
  const Points Y = make_points(Kind::normal, 40, 2);
  for (const int64_t bad : {int64_t{-1}, int64_t{1} << 40}) {
    Edges P = make_edges(40, 9, 2);
    P.indptr[7] = bad;
    CHECK(kernels::attractive_forces(Y, P, 0, 1, true).forces.size() == 80);
  }
}

// The sanitizers keep books of all memory, which is too much of it here.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("arrays of more than 2^32 numbers") {
  const AtEnds at_ends;

  SUBCASE("pairwise distances") {
    const int64_t n = 70'001;
    Sparse<float> X(n), out(n * n);
    X[n - 1] = 3;
    check(cuda::pairwise_sq_distances(X.data(), n, X.data(), n, 1, out.data(), nullptr));
    CHECK(out[n * n - 2] == 9);
    CHECK(out[n * n - 1] == 0);
  }

  SUBCASE("neighbours") {
    const int64_t n = int64_t{1} << 22, depth = 1200, keep = 1100, capacity = keep + 64, k = 1050;
    Sparse<float> X(n * depth), norms(n), bound(n), sq(n * k), unmeasured(n);
    Sparse<int64_t> keys(n * capacity);
    Sparse<int32_t> count(n), indices(n * k);
    // The last 1,101 rows differ, in the last column.
    const int64_t first = n - keep - 1;
    for (int64_t i = first; i < n; ++i) {
      X[i * depth + depth - 1] = static_cast<float>(i - first);
      norms[i] = static_cast<float>((i - first) * (i - first));
      bound[i] = kInfinity;
    }
    const cuda::Candidates candidates{keys.data(), count.data(), bound.data(), capacity, keep};
    const auto block = [&](int64_t b) {
      return std::pair{static_cast<int32_t>(n - 1101 + 64 * b),
                       static_cast<int32_t>(std::min(n, n - 1101 + 64 * (b + 1)))};
    };
    const auto [own_begin, own_end] = block(17);
    on_cpu::set_blocks_at_ends(0);
    for (int64_t b = 0; b <= 17; ++b) {
      Buffer<cuda::Tile> tile(
          std::vector<cuda::Tile>{{own_begin, own_end, block(b).first, block(b).second}});
      check(cuda::knn_scan({.X = X.data(),
                            .sq_norms = norms.data(),
                            .depth = depth,
                            .candidates = candidates,
                            .tiles = tile.data(),
                            .n_tiles = 1,
                            .largest_block = 64},
                           nullptr));
    }
    on_cpu::set_blocks_at_ends(2);
    CHECK(count[n - 1] == keep);
    check(cuda::knn_rerank({.X = X.data(),
                            .n = n,
                            .X_rows = n,
                            .depth = depth,
                            .k = k,
                            .candidates = candidates,
                            .indices = indices.data(),
                            .sq_distances = sq.data(),
                            .unmeasured = unmeasured.data()},
                           nullptr));
    for (const int64_t c : {int64_t{0}, k - 1}) {
      CHECK(indices[(n - 1) * k + c] == n - 2 - c);
      CHECK(sq[(n - 1) * k + c] == static_cast<float>((c + 1) * (c + 1)));
    }
  }

  SUBCASE("the perplexity search") {
    const int64_t n = int64_t{1} << 26, k = 70;
    Sparse<float> sq(n * k), beta(n), P(n * k);
    for (int64_t c = 0; c < k; ++c) sq[(n - 1) * k + c] = static_cast<float>(c);
    check(cuda::perplexity_search(sq.data(), n, k, 20, beta.data(), P.data(), nullptr));
    double entropy = 0;
    for (int64_t c = 0; c < k; ++c) {
      const double p = P[(n - 1) * k + c];
      entropy -= p * std::log(p);
    }
    CHECK(std::exp(entropy) == doctest::Approx(20).epsilon(1e-3));
  }

  SUBCASE("symmetrising") {
    const int64_t n = int64_t{1} << 26, k = 70, edges = n * k + 10;
    Sparse<int32_t> indices(n * k), columns(edges), errors(2);
    Sparse<float> conditional(n * k), values(edges);
    Sparse<int64_t> incoming(n * k), begin(n + 1), indptr(n + 1);
    Sparse<uint16_t> own(n * k);
    const int64_t row = n - 1;
    // Its neighbours: k - 1, ..., 0; row 0 has it as its last neighbour.
    for (int64_t c = 0; c < k; ++c) {
      indices[row * k + c] = static_cast<int32_t>(k - 1 - c);
      conditional[row * k + c] = static_cast<float>(c);
    }
    conditional[k - 1] = 5;
    for (int64_t i = n - 300; i < n; ++i) begin[i] = n * k - 1;
    begin[n] = n * k;
    incoming[n * k - 1] = k - 1;
    indptr[row] = edges - k;
    cuda::SymmetrizeArguments<int64_t> a{};
    a.indices = indices.data();
    a.conditional = conditional.data();
    a.n = n;
    a.k = k;
    a.incoming = incoming.data();
    a.incoming_begin = begin.data();
    a.own_place = own.data();
    a.indptr = indptr.data();
    a.columns = columns.data();
    a.values = values.data();
    a.errors = errors.data();
    check(cuda::sort_rows(a, nullptr));
    check(cuda::fill_rows(a, nullptr));
    const auto scale = static_cast<float>(0.5 / static_cast<double>(n));
    CHECK(columns[edges - k] == 0);
    CHECK(values[edges - k] == (static_cast<float>(k - 1) + 5) * scale);
    CHECK(columns[edges - 1] == k - 1);
    CHECK(values[edges - 2] == scale);
  }

  SUBCASE("attractive forces") {
    for (const int64_t dims : {2, 40}) {
      const int64_t n = int64_t{1} << 27, edges = 40 * n;
      Sparse<int64_t> indptr(n + 1);
      Sparse<int32_t> indices(edges);
      Sparse<float> values(edges), Y(n * dims), forces(n * dims);
      Buffer<double> cost(1);
      for (int64_t i = n - 300; i < n; ++i) indptr[i] = edges - 40;
      indptr[n] = edges;
      for (int64_t e = edges - 40; e < edges; ++e) values[e] = 1;
      Y[n * dims - 1] = 1;
      check(cuda::attractive_forces({.indptr = indptr.data(),
                                     .indices = indices.data(),
                                     .values = values.data(),
                                     .Y = Y.data(),
                                     .n = n,
                                     .dims = dims,
                                     .edges = edges,
                                     .rows = n,
                                     .first = 0,
                                     .dof = 1,
                                     .with_cost = false,
                                     .forces = forces.data(),
                                     .parts = nullptr,
                                     .cost = cost.data()},
                                    nullptr));
      CHECK(forces[n * dims - 1] == doctest::Approx(20));
    }
  }

  SUBCASE("the mesh") {
    const int64_t n = int64_t{1} << 31, side = 70'000;
    Sparse<float> Y(2 * n), forces(2 * n), values(n), potential(side * side);
    Sparse<double> parts(cuda::mesh_gather_parts(n));
    Buffer<double> total(1);
    Buffer<float> origin(std::vector<float>{0, 0});
    Y[2 * n - 2] = Y[2 * n - 1] = side - 3;
    for (int64_t r = side - 4; r < side; ++r)
      for (int64_t c = side - 4; c < side; ++c) potential[r * side + c] = static_cast<float>(c);
    cuda::MeshView mesh{2, {side, side}, origin.data(), 1};
    check(cuda::mesh_gather({.mesh = mesh,
                             .Y = Y.data(),
                             .potential = potential.data(),
                             .n = n,
                             .forces = forces.data(),
                             .values = values.data(),
                             .parts = parts.data(),
                             .total = total.data()},
                            nullptr));
    CHECK(values[n - 1] == doctest::Approx(side - 3));
    CHECK(forces[2 * n - 1] == doctest::Approx(-0.5));
    mesh.nodes[0] = mesh.nodes[1] = 20;
    Y[2 * n - 2] = Y[2 * n - 1] = 15;
    Buffer<float> grid(400);
    Buffer<uint64_t> counts(400);
    check(cuda::mesh_spread({.mesh = mesh,
                             .Y = Y.data(),
                             .n = n,
                             .size = 400,
                             .counts = counts.data(),
                             .grid = grid.data()},
                            nullptr));
    CHECK(grid[15 * 20 + 15] == doctest::Approx(4. / 9).epsilon(1e-5));
  }

  SUBCASE("a step of the descent") {
    const int64_t n = int64_t{1} << 30, dims = 4;
    Sparse<float> Y(n * dims), velocity(n * dims), gains(n * dims), pull(n * dims), push(n * dims);
    Buffer<double> Z(std::vector<double>{1}), parts(cuda::update_parts(n, dims)),
        statistics(1 + 2 * dims);
    pull[n * dims - 1] = 1;
    gains[n * dims - 1] = 1;
    check(cuda::update_embedding({.Y = Y.data(),
                                  .velocity = velocity.data(),
                                  .gains = gains.data(),
                                  .attractive = pull.data(),
                                  .repulsive = push.data(),
                                  .Z = Z.data(),
                                  .n = n,
                                  .dims = dims,
                                  .exaggeration = 1,
                                  .learning_rate = 2,
                                  .momentum = 0.5,
                                  .max_step = kInfinity,
                                  .parts = parts.data(),
                                  .statistics = statistics.data()},
                                 nullptr));
    CHECK(velocity[n * dims - 1] == doctest::Approx(-2 * .8 * 4));
  }
}
#endif

}  // namespace fasttsne::tests
