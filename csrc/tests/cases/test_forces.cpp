// Attraction and repulsion, beside sums in double precision.
#include <doctest/doctest.h>

#include "cases/kernels.h"

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

void check_tree(const Points& Y, double dof, const Truth& truth) {
  for (const double theta : {0., 0.25, 0.5}) {
    CAPTURE(theta);
    const auto found = kernels::repulsive_bh(Y, theta, dof);
    if (theta == 0) check_forces(found.forces, truth, 1e-5);
    CHECK(root_mean_square_error(found.forces, truth) <
          1e-5 + kernels::tree_error() * theta * theta);
    // Each point also adds 1 for itself, which is subtracted again.
    const double itself = 0.1 * static_cast<double>(Y.n);
    CHECK(is_near(found.Z, truth.Z, truth.Z + itself, theta == 0 ? 1e-5 : 0.02));
  }
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
            const auto found = kernels::repulsive_exact(Y, dof);
            check_forces(found.forces, truth, 1e-5);
            CHECK(is_near(found.Z, truth.Z, truth.Z, 1e-5));
            if (dims <= 3) check_tree(Y, dof, truth);
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
            const auto found = kernels::repulsive_sne(Y, conditional);
            const double expected = conditional ? mean_log : log_Z;
            CHECK(is_near(found.log_Z, expected, 1 + std::abs(expected), 1e-5));
            // exp(nearest - d2) amplifies the rounding of d2.
            const double rounding = 1e-5 * (1 + span * span);
            for (double& size : truth.sizes) size += 1e-6 * span;
            check_forces(found.forces, truth, rounding);
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
                const auto found = kernels::attractive_forces(Y, P, 0, dof, with_cost);
                check_forces(found.forces, truth, 1e-5);
                if (with_cost) CHECK(is_near(found.cost, cost, cost + 1e-6, 2e-5));
                // A part of the rows has the forces that it has among all.
                const int64_t first = n / 3;
                const auto some = kernels::attractive_forces(Y, P, first, dof, with_cost);
                CHECK(std::equal(some.forces.begin(), some.forces.end(),
                                 found.forces.begin() + first * dims));
              }
            }
}

TEST_CASE("repulsive forces of maps that have left the range of numbers") {
  for (const float bad : {kInfinity, -kInfinity, std::nanf(""), 3e38f}) {
    Points Y = make_points(Kind::normal, 100, 2);
    for (int64_t i = 0; i < 100; i += 9) Y.values[2 * i] = bad;
    CHECK(kernels::repulsive_exact(Y, 1).forces.size() == 200);
    CHECK(kernels::repulsive_bh(Y, 0.5, 1).forces.size() == 200);
  }
}

TEST_CASE("attractive forces read through no index that is out of range") {
  const Points Y = make_points(Kind::normal, 40, 2);
  for (const int32_t bad : {-1, 40, INT32_MIN, INT32_MAX})
    for (const size_t place : {0, 5, 38}) {
      Edges P = make_edges(40, 9, 2);
      const auto edge = static_cast<size_t>(P.indptr[place]);
      P.indices[std::min(edge, P.indices.size() - 1)] = bad;
      const auto found = kernels::attractive_forces(Y, P, 0, 1, false);
      CHECK(std::any_of(found.forces.begin(), found.forces.end(),
                        [](float force) { return std::isnan(force); }));
    }
}

}  // namespace fasttsne::tests
