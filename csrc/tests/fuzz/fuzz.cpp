// Calls every kernel with random inputs, and checks what must hold of any result. Built with the
// address and undefined-behaviour sanitizers, it also finds what touches foreign memory.
//
//   native_fuzz [--inputs N | --seconds S] [--seed K] [--only KERNEL] [--first I]
//
// N inputs for each kernel, or as many as come in S seconds for all. In one build, input I of a
// seed is always the same.
#include "fuzz/fuzz.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>

#include "cases/kernels.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace fasttsne::tests {
namespace {

const char* running = "";
uint64_t running_seed = 0, running_number = 0;

bool all_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

double some_dof(Random& random) {
  static constexpr double kDofs[] = {1, 0.5, 2, 10, 0.01, 1e4};
  return kDofs[random.below(std::size(kDofs))];
}

void repulsive_exact(Random& random) {
  const Points Y = random.points(random.between(1, 40), random.between(1, 6));
  const auto found = kernels::repulsive_exact(Y, some_dof(random));
  if (random.is_wild()) return;
  const auto n = static_cast<double>(Y.n);
  require(all_finite(found.forces), "forces are finite");
  require(0 <= found.Z && found.Z <= n * (n - 1) * 1.0001, "Z is between 0 and n (n - 1)");
}

void repulsive_bh(Random& random) {
  const Points Y = random.points(random.between(1, 40), random.between(1, 3));
  const auto found = kernels::repulsive_bh(Y, random.uniform(), some_dof(random));
  if (random.is_wild()) return;
  const auto n = static_cast<double>(Y.n);
  require(all_finite(found.forces), "forces are finite");
  require(std::abs(found.Z) <= n * (n - 1) * 1.0001 + 1e-3 * n, "Z is at most n (n - 1)");
}

void repulsive_sne(Random& random) {
  const Points Y = random.points(random.between(2, 30), random.between(1, 5));
  const auto found = kernels::repulsive_sne(Y, random.below(2));
  require(random.is_wild() || all_finite(found.forces), "forces are finite");
}

void attractive_forces(Random& random) {
  const Points Y = random.points(random.between(1, 40), random.between(1, 6));
  Edges P;
  bool are_valid = true;
  for (int64_t i = 0; i < Y.n; ++i) {
    for (int64_t c = random.below(20); c > 0; --c) {
      P.indices.push_back(random.index(Y.n));
      are_valid &= 0 <= P.indices.back() && P.indices.back() < Y.n;
      P.values.push_back(static_cast<float>(random.uniform()));
    }
    P.indptr.push_back(std::ssize(P.indices));
  }
  if (random.is_wild() && random.below(4) == 0)
    P.indptr[random.below(std::ssize(P.indptr))] = random.below(2) ? -1 : int64_t{1} << 40;
  const auto found =
      kernels::attractive_forces(Y, P, random.below(Y.n), some_dof(random), random.below(2));
  if (random.is_wild()) return;
  require(are_valid && all_finite(found.forces), "forces are finite");
  require(found.cost >= 0, "the cost is not negative");
}

void pairwise_sq_distances(Random& random) {
  const int64_t dims = random.between(1, 40);
  const Points X = random.points(random.below(20), dims), Z = random.points(random.below(40), dims);
  for (const float sq : kernels::pairwise_sq_distances(X, Z))
    require(random.is_wild() || sq >= 0, "squared distances are not negative");
}

void nearest_by_tiles(Random& random) {
  const Points X = random.points(random.between(2, 90), random.between(1, 40));
  const int64_t k = random.between(1, std::min<int64_t>(X.n - 1, 20));
  const auto found = kernels::nearest_by_tiles(X, k, random.between(k, X.n - 1));
  for (int64_t i = 0; i < X.n; ++i)
    for (int64_t c = 0; c < k; ++c) {
      const int32_t j = found.indices[i * k + c];
      const float* sq = &found.sq_distances[i * k];
      require(-1 <= j && j < X.n, "neighbours are rows");
      if (random.is_wild()) continue;
      require(j >= 0 && j != i, "neighbours are other rows");
      require(c == 0 || sq[c - 1] <= sq[c], "distances rise");
      for (int64_t other = 0; other < c; ++other)
        require(found.indices[i * k + other] != j, "neighbours differ");
    }
}

void perplexity_search(Random& random) {
  const int64_t n = random.between(1, 12), k = random.between(1, 60);
  std::vector<float> sq(n * k);
  for (float& x : sq) x = random.positive();
  const auto found =
      kernels::perplexity_search(sq, n, k, 1 + random.uniform() * static_cast<double>(k - 1));
  if (random.is_wild()) return;
  for (int64_t i = 0; i < n; ++i) {
    double sum = 0;
    for (int64_t c = 0; c < k; ++c) {
      require(found.P[i * k + c] >= 0, "probabilities are not negative");
      sum += found.P[i * k + c];
    }
    require(std::abs(sum - 1) < 1e-4, "the probabilities of a row sum to 1");
    require(std::isfinite(found.beta[i]), "beta is finite");
  }
}

void symmetrize(Random& random) {
  const int64_t n = random.between(1, 60), k = random.between(1, std::min<int64_t>(n, 20));
  Neighbors given{{}, {}, n, k};
  for (int64_t i = 0; i < n; ++i) {
    const int64_t first = random.below(n), step = random.between(1, std::max<int64_t>(1, n / k));
    for (int64_t c = 0; c < k; ++c) {
      const auto j = static_cast<int32_t>((first + c * step) % n);
      given.indices.push_back(random.is_wild() ? random.index(n) : j);
      given.conditional.push_back(static_cast<float>(random.uniform()));
    }
  }
  const auto P = kernels::symmetrize(given);
  if (random.is_wild() && !(P.in_range && P.distinct)) return;
  require(P.in_range && P.distinct, "valid edges are taken");
  require(std::accumulate(P.lengths.begin(), P.lengths.end(), int64_t{0}) == std::ssize(P.columns),
          "the lengths of the rows sum to the number of entries");
  int64_t e = 0;
  double total = 0, given_total = 0;
  for (const int64_t length : P.lengths)
    for (int64_t c = 0; c < length; ++c, ++e) {
      require(0 <= P.columns[e] && P.columns[e] < n, "columns are rows");
      require(c == 0 || P.columns[e - 1] < P.columns[e], "columns rise");
      total += P.values[e];
    }
  for (const float p : given.conditional) given_total += p;
  require(std::abs(total * static_cast<double>(n) - given_total) < 1e-4 * (1 + given_total),
          "the sum of all P stays");
}

void mesh(Random& random) {
  const int64_t dims = random.between(1, 3);
  const Points Y = random.points(random.below(50), dims);
  Grid grid = make_grid(dims, random.between(4, 12), std::pow(2, random.between(-8, 8)));
  kernels::mesh_spread(grid, Y);
  double charge = 0;
  for (const float node : grid.nodes) charge += node;
  if (!random.is_wild())
    require(std::abs(charge - static_cast<double>(Y.n)) < 1e-3 * static_cast<double>(Y.n + 1),
            "all charges are on the grid");
  const auto found = kernels::mesh_gather(grid, Y);
  if (!random.is_wild()) require(all_finite(found.forces), "forces are finite");
}

void update_embedding(Random& random) {
  const int64_t n = random.between(1, 60), dims = random.between(1, 6);
  Points Y = random.points(n, dims), velocity = random.points(n, dims),
         gains = random.points(n, dims);
  for (float& gain : gains.values) gain = std::abs(gain);
  const Points pull = random.points(n, dims), push = random.points(n, dims);
  const kernels::Step step{1 + 11 * random.uniform(), random.uniform(), random.uniform(),
                           random.below(2) ? INFINITY : random.uniform(), 0.5 + random.uniform()};
  const auto found = kernels::update_embedding(step, pull, push, Y, velocity, gains);
  if (random.is_wild()) return;
  require(all_finite(Y.values), "the map is finite");
  require(found.sq_gradient >= 0, "the squared gradient is not negative");
  for (int64_t c = 0; c < n * dims; ++c)
    require(found.low[c % dims] <= Y.values[c] && Y.values[c] <= found.high[c % dims],
            "the bounds are those of the map");
}

const std::vector<Target> kTargets{{"repulsive_exact", repulsive_exact},
                                   {"repulsive_bh", repulsive_bh},
                                   {"repulsive_sne", repulsive_sne},
                                   {"attractive_forces", attractive_forces},
                                   {"pairwise_sq_distances", pairwise_sq_distances},
                                   {"nearest_by_tiles", nearest_by_tiles},
                                   {"perplexity_search", perplexity_search},
                                   {"symmetrize", symmetrize},
                                   {"mesh", mesh},
                                   {"update_embedding", update_embedding}};

}  // namespace

void tell_input() {
  std::printf("again: --only %s --seed %llu --first %llu --inputs 1\n", running,
              static_cast<unsigned long long>(running_seed),
              static_cast<unsigned long long>(running_number));
  std::fflush(stdout);
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::printf("%s: not true that %s\n", running, what);
  tell_input();
  std::exit(1);
}

}  // namespace fasttsne::tests

int main(int argc, char** argv) {
  using namespace fasttsne::tests;
  std::string only;
  double seconds = INFINITY;
  uint64_t inputs = UINT64_MAX, first = 0;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    if (value.empty())
      return std::printf("no value: %s; see csrc/tests/fuzz/fuzz.cpp\n", option.c_str()), 2;
    if (option == "--inputs")
      inputs = std::stoull(value);
    else if (option == "--seconds")
      seconds = std::stod(value);
    else if (option == "--seed")
      running_seed = std::stoull(value);
    else if (option == "--first")
      first = std::stoull(value);
    else if (option == "--only")
      only = value;
    else
      return std::printf("unknown: %s; see csrc/tests/fuzz/fuzz.cpp\n", option.c_str()), 2;
  }
  if (inputs == UINT64_MAX && std::isinf(seconds)) inputs = 10'000;
  std::vector<Target> targets = kTargets;
  targets.insert(targets.end(), kOwnTargets.begin(), kOwnTargets.end());
  std::erase_if(targets,
                [&](const Target& target) { return !only.empty() && only != target.name; });
  if (targets.empty()) return std::printf("no such kernel: %s\n", only.c_str()), 2;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(tell_input);
#endif
  std::printf("kernels: %s\n", kernels::name());
  for (const Target& target : targets) {
    running = target.name;
    const auto begin = std::chrono::steady_clock::now();
    const auto passed = [&] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    uint64_t done = 0;
    for (; done < inputs && (done % 64 > 0 || passed() * std::ssize(targets) < seconds); ++done) {
      running_number = first + done;
      Random random(running_seed, running_number);
      try {
        target.run(random);
      } catch (const std::exception& error) {
        std::printf("%s\n", error.what());
        require(false, "it runs");
      }
    }
    std::printf("%-22s %10llu inputs, %.1f s\n", target.name, static_cast<unsigned long long>(done),
                passed());
    std::fflush(stdout);
  }
}
