// Random inputs for a kernel, and what must hold of its results.
#pragma once
#include <cstdint>
#include <random>
#include <vector>

#include "cases/inputs.h"

namespace fasttsne::tests {

// Chooses the numbers of one input. The same seed and number always choose the same ones.
class Random {
 public:
  Random(uint64_t seed, uint64_t number)
      : engine_(static_cast<unsigned>((seed * 1'000'003 + number) * 0x9e3779b97f4a7c15u >> 33)),
        is_wild_(below(3) == 0),
        span_(std::pow(10., static_cast<double>(below(13)) - 6)) {}

  // From 0 to n - 1.
  int64_t below(int64_t n) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(n)); }
  int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }
  double uniform() { return static_cast<double>(engine_()) / 2147483647.; }

  // Of some inputs all numbers have about one size, of others some are what nobody expects.
  bool is_wild() const { return is_wild_; }
  float number() {
    static constexpr float kWild[] = {0.f,   -0.f,  1.f,      1e-45f,    -1e-38f,    1e-20f,
                                      1e20f, 3e38f, -3.4e38f, kInfinity, -kInfinity, NAN};
    if (is_wild_ && below(4) == 0) return kWild[below(std::size(kWild))];
    return static_cast<float>(span_ * (uniform() + uniform() + uniform() - 1.5));
  }
  float positive() { return std::abs(number()); }
  // Where the rows are few, some may be equal.
  Points points(int64_t n, int64_t dims) {
    Points out{std::vector<float>(n * dims), n, dims};
    for (float& x : out.values) x = number();
    if (n > 1 && below(4) == 0)
      for (int64_t i = 0; i < n; i += 2)
        std::copy_n(out.values.begin() + below(n) * dims, dims, out.values.begin() + i * dims);
    return out;
  }
  // An index, of wild inputs at times one that does not exist.
  int32_t index(int64_t n) {
    static constexpr int32_t kWild[] = {-1, INT32_MIN, INT32_MAX};
    if (is_wild_ && below(40) == 0) return below(2) ? kWild[below(3)] : static_cast<int32_t>(n);
    return static_cast<int32_t>(below(n));
  }

 private:
  std::minstd_rand engine_;
  bool is_wild_;
  double span_;
};

// Ends the program, and tells how to repeat the input, unless `holds`.
void require(bool holds, const char* what);

struct Target {
  const char* name;
  void (*run)(Random& random);
};
// Targets for kernels that only this program has.
extern const std::vector<Target> kOwnTargets;

}  // namespace fasttsne::tests
