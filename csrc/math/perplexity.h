// The search for the beta = 1 / (2 sigma^2) at which a row's distribution has a given entropy:
// Newton's method on ln beta within a bracket that shrinks with every step.
#pragma once
#include "math/portable.h"

namespace fasttsne::math {

// Sums over a row of e = exp(-beta x), e x and e x^2.
struct Moments {
  float e, ex, exx;
};

// A row of many equal distances reaches no finite beta: stop where the others have vanished.
constexpr float kLargestBeta = 1e12f;

// x = (sq - lowest) * scale, with 1 / scale the mean of sq - lowest: the largest e is 1, and beta a
// pure number. Where the distances are equal, or so nearly that beta / mean is no number, scale is
// 0 and all weights are alike.
FASTTSNE_SHARED float perplexity_scale(double sum, int64_t k, float lowest) {
  const float mean = (float)(sum / (double)k) - lowest;
  const float inverse = mean > 0 ? 1.0f / mean : 0.0f;
  return inverse < __FLT_MAX__ / kLargestBeta ? inverse : 0.0f;
}

// Functions: exp(float) and log(float).
template <class Functions>
struct BetaSearch {
  static constexpr float kSmallest = 1e-12f;
  static constexpr float kTolerance = 1e-5f;  // in nats of entropy, as scikit-learn
  static constexpr int kMostSteps = 100;

  float log_perplexity;
  float beta = 1.0f, low = 0.0f, high = __builtin_inff();

  FASTTSNE_SHARED_MEMBER explicit BetaSearch(float log_perplexity)
      : log_perplexity(log_perplexity) {}

  // Moves beta, given the moments at it; false when it is found.
  FASTTSNE_SHARED_MEMBER bool step(const Moments& m) {
    const float mean_x = m.ex / m.e;
    const float excess = Functions::log(m.e) + beta * mean_x - log_perplexity;
    if (excess < kTolerance && excess > -kTolerance) return false;
    if (excess > 0)
      low = beta;
    else
      high = beta;
    // dH / d(ln beta) = -beta^2 Var(x). Outside the bracket: halve it.
    const float slope = beta * beta * (m.exx / m.e - mean_x * mean_x);
    float ratio = slope > 0 ? excess / slope : 4.0f;
    ratio = ratio > 2.0f ? 2.0f : ratio < -2.0f ? -2.0f : ratio;
    float next = beta * Functions::exp(ratio);
    if (!(next > low && next < high))
      next = high < __builtin_inff() ? 0.5f * (low + high) : 2.0f * beta;
    if (next > kLargestBeta || next < kSmallest || next == beta) return false;
    beta = next;
    return true;
  }
};

}  // namespace fasttsne::math
