#include "kernels/simd/update_rows.h"

#include "kernels/simd/vec.h"

namespace fasttsne::FASTTSNE_ISA {
float step_elements(const StepFactors& f, const float* attractive, const float* repulsive,
                    float* velocity, float* gains, int64_t count, double* sq_gradient) {
  Vec total{}, largest{};
  const auto step = [&](Vec a, Vec r, Vec& v, Vec& g) __attribute__((always_inline)) {
    const Vec gradient = math::descent_step(f, a, r, v, g);
    total += gradient * gradient;
    largest = max(largest, v * v);
  };
  int64_t e = 0;
  for (; e + kLanes <= count; e += kLanes) {
    Vec v = load(velocity + e), g = load(gains + e);
    step(load(attractive + e), load(repulsive + e), v, g);
    store(velocity + e, v);
    store(gains + e, g);
  }
  if (e < count) {
    const int64_t left = count - e;
    Vec v = load_first(velocity + e, left, 0.f), g = load_first(gains + e, left, 0.f);
    step(load_first(attractive + e, left, 0.f), load_first(repulsive + e, left, 0.f), v, g);
    store_first(velocity + e, left, v);
    store_first(gains + e, left, g);
  }
  *sq_gradient += (double)sum(total);
  float most = largest[0];
  for (int l = 1; l < kLanes; ++l) most = largest[l] > most ? largest[l] : most;
  return most;
}

void move_elements(const float* velocity, float* Y, int64_t rows, int64_t dims, double* sums) {
  for (int64_t m = 0; m < dims; ++m) sums[m] = 0;
  const int64_t count = rows * dims;
  int64_t e = 0;
  if (kLanes % dims == 0) {
    // Each lane holds the same coordinate in every vector.
    Vec total{};
    for (; e + kLanes <= count; e += kLanes) {
      const Vec y = load(Y + e) + load(velocity + e);
      store(Y + e, y);
      total += y;
    }
    for (int l = 0; l < kLanes; ++l) sums[l % dims] += (double)total[l];
  }
  for (; e < count; ++e) {
    Y[e] += velocity[e];
    sums[e % dims] += (double)Y[e];
  }
}

void center_elements(const float* mean, float* Y, int64_t rows, int64_t dims, float* low,
                     float* high) {
  for (int64_t m = 0; m < dims; ++m) low[m] = high[m] = Y[m] - mean[m];
  const int64_t count = rows * dims;
  int64_t e = 0;
  if (kLanes % dims == 0 && count >= kLanes) {
    Vec shift{};
    for (int l = 0; l < kLanes; ++l) shift[l] = mean[l % dims];
    Vec lowest = load(Y) - shift, highest = lowest;
    for (; e + kLanes <= count; e += kLanes) {
      const Vec y = load(Y + e) - shift;
      store(Y + e, y);
      lowest = min(lowest, y);
      highest = max(highest, y);
    }
    for (int l = 0; l < kLanes; ++l) {
      low[l % dims] = lowest[l] < low[l % dims] ? lowest[l] : low[l % dims];
      high[l % dims] = highest[l] > high[l % dims] ? highest[l] : high[l % dims];
    }
  }
  for (; e < count; ++e) {
    const int64_t m = e % dims;
    Y[e] -= mean[m];
    low[m] = Y[e] < low[m] ? Y[e] : low[m];
    high[m] = Y[e] > high[m] ? Y[e] : high[m];
  }
}

}  // namespace fasttsne::FASTTSNE_ISA
