#include <doctest/doctest.h>

#include <atomic>

#include "inputs.h"
#include "kernels/attractive_forces.h"
#include "kernels/repulsive_bh.h"
#include "kernels/repulsive_exact.h"
#include "kernels/repulsive_sne.h"
#include "threads.h"

namespace fasttsne::tests {
namespace {

constexpr double kSpans[] = {1e-6, 1, 1e6};

// q of the kernel and the weight of a force, for a squared distance.
double q_of(double sq, double dof) { return std::pow(1 + sq / dof, -dof); }
double w_of(double sq, double dof) { return 1 / (1 + sq / dof); }

struct Truth {
  std::vector<double> forces, sizes;  // [n, dims], and the sum of the absolute terms of each
  double Z = 0;
};

Truth repulsion(const Points& Y, double dof) {
  Truth out{std::vector<double>(Y.values.size()), std::vector<double>(Y.values.size())};
  for (int64_t i = 0; i < Y.n; ++i)
    for (int64_t j = 0; j < Y.n; ++j) {
      if (i == j) continue;
      const double sq = Y.sq_distance(i, j), q = q_of(sq, dof);
      out.Z += q;
      for (int64_t m = 0; m < Y.dims; ++m) {
        const double term = q * w_of(sq, dof) * (Y(i, m) - Y(j, m));
        out.forces[i * Y.dims + m] += term;
        out.sizes[i * Y.dims + m] += std::abs(term);
      }
    }
  return out;
}

void check_forces(const std::vector<float>& forces, const Truth& truth, double tolerance) {
  for (size_t c = 0; c < forces.size(); ++c)
    if (!is_near(forces[c], truth.forces[c], truth.sizes[c], tolerance)) {
      FAIL_CHECK("number ", c, " is ", forces[c], ", not ", truth.forces[c]);
      return;
    }
}

// Relative to the sizes of the terms, as forces may cancel.
double root_mean_square_error(const std::vector<float>& forces, const Truth& truth) {
  double error = 0, size = 0;
  for (size_t c = 0; c < forces.size(); ++c) {
    if (!is_near(forces[c], truth.forces[c], 0, 0))
      error += std::pow(forces[c] - truth.forces[c], 2);
    size += truth.sizes[c] * truth.sizes[c];
  }
  return size > 0 ? std::sqrt(error / size) : std::sqrt(error);
}

template <int kDims>
void check_tree(const Points& Y, double dof, const Truth& truth) {
  for (const float theta : {0.f, 0.5f}) {
    CAPTURE(theta);
    std::vector<float> forces(Y.values.size(), 7.f);
    const Quadtree<kDims> tree(Y.view());
    std::vector<double> parts(tree.groups().size());
    for_each_block(static_cast<int64_t>(parts.size()), 1, [&](RowRange groups) {
      repulsive_bh<kDims>(tree, theta, static_cast<float>(dof), forces.data(), parts.data(),
                          groups);
    });
    double Z = 0;
    for (const double part : parts) Z += part;
    if (theta == 0) check_forces(forces, truth, 1e-5);
    CHECK(root_mean_square_error(forces, truth) < (theta == 0 ? 1e-5 : 0.05));
    // Each point also adds 1 for itself, which is subtracted again.
    const double itself = 0.1 * static_cast<double>(Y.n);
    CHECK(is_near(Z, truth.Z, truth.Z + itself, theta == 0 ? 1e-5 : 0.02));
  }
}

struct Edges {
  std::vector<int64_t> indptr{0};
  std::vector<int32_t> indices;
  std::vector<float> values;

  // The rows from `first` on.
  CsrView view(int64_t first = 0) const {
    return {indptr.data() + first, indices.data(), values.data(),
            static_cast<int64_t>(indices.size()), first};
  }
};

Edges make_edges(int64_t n, int64_t most, unsigned seed) {
  std::mt19937 random(seed);
  Edges out;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t c = random() % (most + 1); c > 0; --c) {
      out.indices.push_back(static_cast<int32_t>(random() % n));
      out.values.push_back(static_cast<float>(random() % 1000) / 1000);
    }
    out.indptr.push_back(static_cast<int64_t>(out.indices.size()));
  }
  return out;
}

}  // namespace

TEST_CASE("repulsive forces, exact and by the tree") {
  for (const Kind kind : kKinds)
    for (const double span : kSpans)
      for (const int64_t n : {1, 2, 17, 33, 300})
        for (const int64_t dims : {1, 2, 3, 5})
          for (const double dof : {1.0, 0.5, 10.0}) {
            CAPTURE(static_cast<int>(kind));
            CAPTURE(span);
            CAPTURE(n);
            CAPTURE(dims);
            CAPTURE(dof);
            const Points Y = make_points(kind, n, dims, span);
            const Truth truth = repulsion(Y, dof);
            std::vector<float> forces(Y.values.size(), 7.f);
            const Columns columns(Y.view());
            std::vector<double> parts(ceil_div(n, 32));
            for_each_block(n, 32, [&](RowRange rows) {
              parts[rows.begin / 32] =
                  repulsive_exact(Y.view(), columns, static_cast<float>(dof), forces.data(), rows);
            });
            double Z = 0;
            for (const double part : parts) Z += part;
            check_forces(forces, truth, 1e-5);
            CHECK(is_near(Z, truth.Z, truth.Z, 1e-5));
            if (dims == 1) check_tree<1>(Y, dof, truth);
            if (dims == 2) check_tree<2>(Y, dof, truth);
            if (dims == 3) check_tree<3>(Y, dof, truth);
          }
}

TEST_CASE("repulsive forces of maps that have left the range of numbers") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {infinity, -infinity, std::nanf(""), 3e38f}) {
    Points Y = make_points(Kind::normal, 100, 2);
    for (int64_t i = 0; i < 100; i += 9) Y.values[2 * i] = bad;
    std::vector<float> forces(Y.values.size());
    const Columns columns(Y.view());
    repulsive_exact(Y.view(), columns, 1.f, forces.data(), {0, 100});
    const Quadtree<2> tree(Y.view());
    std::vector<double> parts(tree.groups().size());
    repulsive_bh<2>(tree, 0.5f, 1.f, forces.data(), parts.data(),
                    {0, static_cast<int64_t>(parts.size())});
    CHECK(tree.order().size() == 100);
  }
}

TEST_CASE("repulsive forces of SNE") {
  for (const Kind kind : kKinds)
    for (const double span : {1e-6, 1.0, 30.0})
      for (const int64_t n : {2, 17, 200})
        for (const int64_t dims : {1, 2, 4})
          for (const bool conditional : {false, true}) {
            CAPTURE(static_cast<int>(kind));
            CAPTURE(span);
            CAPTURE(n);
            CAPTURE(dims);
            CAPTURE(conditional);
            const Points Y = make_points(kind, n, dims, span);
            std::vector<double> nearest(n, INFINITY), log_sums(n);
            for (int64_t i = 0; i < n; ++i)
              for (int64_t j = 0; j < n; ++j)
                if (i != j) nearest[i] = std::min(nearest[i], Y.sq_distance(i, j));
            double mean_log = 0, least = INFINITY;
            for (int64_t i = 0; i < n; ++i) {
              double sum = 0;
              for (int64_t j = 0; j < n; ++j)
                if (i != j) sum += std::exp(nearest[i] - Y.sq_distance(i, j));
              log_sums[i] = std::log(sum) - nearest[i];
              mean_log += log_sums[i] / static_cast<double>(n);
              least = std::min(least, nearest[i]);
            }
            double joint = 0;
            for (int64_t i = 0; i < n; ++i) joint += std::exp(log_sums[i] + least);
            const double log_Z = std::log(joint) - least;
            Truth truth{std::vector<double>(Y.values.size()), std::vector<double>(Y.values.size())};
            for (int64_t i = 0; i < n; ++i)
              for (int64_t j = 0; j < n; ++j) {
                if (i == j) continue;
                const double sq = Y.sq_distance(i, j);
                const double q = conditional
                                     ? (std::exp(-sq - log_sums[i]) + std::exp(-sq - log_sums[j])) /
                                           (2. * static_cast<double>(n))
                                     : std::exp(-sq - log_Z);
                for (int64_t m = 0; m < dims; ++m) {
                  truth.forces[i * dims + m] += q * (Y(i, m) - Y(j, m));
                  truth.sizes[i * dims + m] += q * std::abs(Y(i, m) - Y(j, m));
                }
              }
            SneRepulsion repulsion(Y.view());
            std::vector<float> forces(Y.values.size());
            for_each_block(n, 32, [&](RowRange rows) { repulsion.sum(forces.data(), rows); });
            const double found = repulsion.normalize(conditional);
            for_each_block(
                n, 32, [&](RowRange rows) { repulsion.finish(conditional, forces.data(), rows); });
            const double expected = conditional ? mean_log : log_Z;
            CHECK(is_near(found, expected, 1 + std::abs(expected), 1e-5));
            // exp(nearest - d2) amplifies the rounding of d2.
            const double rounding = 1e-5 * (1 + span * span);
            for (size_t c = 0; c < forces.size(); ++c)
              if (!is_near(forces[c], truth.forces[c], truth.sizes[c] + 1e-6 * span, rounding)) {
                FAIL_CHECK("number ", c, " is ", forces[c], ", not ", truth.forces[c]);
                break;
              }
          }
}

TEST_CASE("attractive forces and the cost") {
  for (const Kind kind : kKinds)
    for (const double span : kSpans)
      for (const int64_t n : {1, 2, 17, 300})
        for (const int64_t dims : {1, 2, 3, 5})
          for (const double dof : {1.0, 0.5})
            for (const int64_t most : {0, 1, 17, 70}) {
              CAPTURE(static_cast<int>(kind));
              CAPTURE(span);
              CAPTURE(n);
              CAPTURE(dims);
              CAPTURE(dof);
              CAPTURE(most);
              const Points Y = make_points(kind, n, dims, span);
              const Edges P = make_edges(n, most, 1);
              Truth truth{std::vector<double>(Y.values.size()),
                          std::vector<double>(Y.values.size())};
              double cost = 0;
              for (int64_t i = 0; i < n; ++i)
                for (int64_t e = P.indptr[i]; e < P.indptr[i + 1]; ++e) {
                  const double sq = Y.sq_distance(i, P.indices[e]), p = P.values[e];
                  cost -= p * std::log(q_of(sq, dof));
                  for (int64_t m = 0; m < dims; ++m) {
                    const double term = p * w_of(sq, dof) * (Y(i, m) - Y(P.indices[e], m));
                    truth.forces[i * dims + m] += term;
                    truth.sizes[i * dims + m] += std::abs(term);
                  }
                }
              for (const bool with_cost : {false, true}) {
                std::vector<float> forces(Y.values.size(), 7.f);
                std::vector<double> parts(ceil_div(n, 64));
                std::atomic<bool> in_range{true};
                for_each_block(n, 64, [&](RowRange rows) {
                  const AttractiveSums sums = attractive_forces(
                      P.view(), Y.view(), static_cast<float>(dof), with_cost, forces.data(), rows);
                  parts[rows.begin / 64] = sums.cost;
                  if (!sums.in_range) in_range = false;
                });
                double found = 0;
                for (const double part : parts) found += part;
                CHECK(in_range);
                check_forces(forces, truth, 1e-5);
                if (with_cost) CHECK(is_near(found, cost, cost + 1e-6, 2e-5));
                // A part of the rows has the forces that it has among all.
                const int64_t first = n / 3;
                std::vector<float> some((n - first) * dims);
                attractive_forces(P.view(first), Y.view(), static_cast<float>(dof), with_cost,
                                  some.data(), {0, n - first});
                CHECK(std::equal(some.begin(), some.end(), forces.begin() + first * dims));
              }
            }
}

TEST_CASE("attractive forces read through no index that is out of range") {
  const Points Y = make_points(Kind::normal, 40, 2);
  for (const int32_t bad : {-1, 40, INT32_MIN, INT32_MAX})
    for (const size_t place : {0, 5, 38}) {
      Edges P = make_edges(40, 9, 2);
      const auto edge = static_cast<size_t>(P.indptr[place]);
      P.indices[std::min(edge, P.indices.size() - 1)] = bad;
      std::vector<float> forces(80);
      CHECK_FALSE(
          attractive_forces(P.view(), Y.view(), 1.f, false, forces.data(), {0, 40}).in_range);
    }
  for (const int64_t bad : {int64_t{-1}, int64_t{1} << 40}) {
    Edges P = make_edges(40, 9, 2);
    P.indptr[7] = bad;
    std::vector<float> forces(80);
    CHECK_FALSE(attractive_forces(P.view(), Y.view(), 1.f, true, forces.data(), {0, 40}).in_range);
  }
}

}  // namespace fasttsne::tests
