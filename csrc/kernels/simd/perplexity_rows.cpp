#include "kernels/simd/perplexity_rows.h"

#include "kernels/simd/vec.h"

namespace fasttsne::FASTTSNE_ISA {
namespace {

// Sums over a row of e = exp(-beta * x), e * x and e * x^2.
struct Moments {
  float e, ex, exx;
};

// x = (sq - lowest) * scale, so that the largest e is 1 and beta is a pure number.
FASTTSNE_INLINE Moments moments(const float* sq, int64_t k, float lowest, float scale, float beta) {
  Vec e{}, ex{}, exx{};
  int64_t c = 0;
  const auto add = [&](Vec x) __attribute__((always_inline)) {
    const Vec weight = exp(x * -beta);
    e += weight;
    ex += weight * x;
    exx += weight * x * x;
  };
  for (; c + kLanes <= k; c += kLanes) add((load(sq + c) - lowest) * scale);
  if (c < k) {
    const Vec x = (load_first(sq + c, k - c, lowest) - lowest) * scale;
    // The filled lanes have x = 0 and so weight 1: take them off again.
    add(x);
    return {sum(e) - (float)(kLanes - (k - c)), sum(ex), sum(exx)};
  }
  return {sum(e), sum(ex), sum(exx)};
}

}  // namespace

void perplexity_rows(const float* sq_distances, int64_t k, float log_perplexity, float* beta_out,
                     float* conditional, int64_t begin, int64_t end) {
  // A row of many equal distances reaches no finite beta: stop where the others have vanished.
  constexpr float kLargest = 1e12f, kSmallest = 1e-12f;
  constexpr float kTolerance = 1e-5f;  // in nats of entropy, as scikit-learn
  for (int64_t i = begin; i < end; ++i) {
    const float* sq = sq_distances + i * k;
    float lowest = sq[0];
    double total = 0;
    for (int64_t c = 0; c < k; ++c) {
      lowest = sq[c] < lowest ? sq[c] : lowest;
      total += sq[c];
    }
    const float mean = (float)(total / (double)k) - lowest;
    // Equal distances, or so nearly that the inverse is no number: all alike.
    const float inverse_mean = mean > 0 ? 1.0f / mean : 0.0f;
    const float scale = inverse_mean < __builtin_inff() ? inverse_mean : 0.0f;
    float beta = 1.0f, low = 0.0f, high = __builtin_inff();
    Moments m = moments(sq, k, lowest, scale, beta);
    if (scale > 0) {
      for (int step = 0; step < 100; ++step) {
        const float mean_x = m.ex / m.e;
        const float excess = __builtin_logf(m.e) + beta * mean_x - log_perplexity;
        if (excess < kTolerance && excess > -kTolerance) break;
        if (excess > 0)
          low = beta;
        else
          high = beta;
        // Newton on log beta: dH / d(log beta) = -beta^2 Var(x). Outside the bracket: halve it.
        const float slope = beta * beta * (m.exx / m.e - mean_x * mean_x);
        float ratio = slope > 0 ? excess / slope : 4.0f;
        ratio = ratio > 2.0f ? 2.0f : ratio < -2.0f ? -2.0f : ratio;
        float next = beta * __builtin_expf(ratio);
        if (!(next > low && next < high))
          next = high < __builtin_inff() ? 0.5f * (low + high) : 2.0f * beta;
        if (next > kLargest || next < kSmallest || next == beta) break;
        beta = next;
        m = moments(sq, k, lowest, scale, beta);
      }
    }
    const float inverse = 1.0f / m.e;
    float* p = conditional + i * k;
    for (int64_t c = 0; c < k; c += kLanes) {
      const int64_t left = k - c < kLanes ? k - c : kLanes;
      const Vec x = (load_first(sq + c, left, lowest) - lowest) * scale;
      store_first(p + c, left, exp(x * -beta) * inverse);
    }
    beta_out[i] = beta * scale;
  }
}

}  // namespace fasttsne::FASTTSNE_ISA
