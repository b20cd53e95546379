// The search for the precision beta = 1 / (2 sigma^2) at which a row's conditional distribution
// p_j = exp(-beta sq_j) / sum has entropy ln(perplexity): Newton's method on ln beta, safeguarded
// by a bracket that shrinks with every step.
#pragma once
#include "math/portable.h"

namespace fasttsne::math {

// Sums over a row: of e = exp(-beta x), of e x and of e x^2.
struct Moments {
  float e, ex, exx;
};

// Upper bound of beta. If as many distances as the perplexity or more tie for the smallest, no
// finite beta reaches it. At this bound the weights of all larger distances have vanished.
constexpr float kMaxBeta = 1e12f;

// The search works on x = (sq - lowest) * scale, with 1 / scale the mean of sq - lowest. Then the
// largest e is 1 and beta has no unit. The scale is 0, and all weights are equal, where all
// distances are equal or so nearly equal that beta * scale would overflow.
FASTTSNE_SHARED float perplexity_scale(double sum, int64_t k, float lowest) {
  const float mean = (float)(sum / (double)k) - lowest;
  const float inverse = mean > 0 ? 1.0f / mean : 0.0f;
  return inverse < __FLT_MAX__ / kMaxBeta ? inverse : 0.0f;
}

// `Functions` provides exp(float) and log(float).
template <class Functions>
struct BetaSearch {
  static constexpr float kMinBeta = 1e-12f;
  static constexpr float kTolerance = 1e-5f;  // in nats of entropy, as in scikit-learn
  static constexpr int kMaxSteps = 100;

  float log_perplexity;
  float beta = 1.0f, low = 0.0f, high = __builtin_inff();

  FASTTSNE_SHARED_MEMBER explicit BetaSearch(float log_perplexity)
      : log_perplexity(log_perplexity) {}

  // Updates beta, given the moments at its current value. Returns false when the search is over.
  FASTTSNE_SHARED_MEMBER bool step(const Moments& m) {
    const float mean_x = m.ex / m.e;
    const float excess = Functions::log(m.e) + beta * mean_x - log_perplexity;
    if (excess < kTolerance && excess > -kTolerance) return false;
    if (excess > 0)
      low = beta;
    else
      high = beta;
    // Newton's step, from dH / d(ln beta) = -beta^2 Var(x). If it leaves the bracket, bisect, or
    // double beta while there is no upper end yet.
    const float slope = beta * beta * (m.exx / m.e - mean_x * mean_x);
    float ratio = slope > 0 ? excess / slope : 4.0f;
    ratio = ratio > 2.0f ? 2.0f : ratio < -2.0f ? -2.0f : ratio;
    float next = beta * Functions::exp(ratio);
    if (!(next > low && next < high))
      next = high < __builtin_inff() ? 0.5f * (low + high) : 2.0f * beta;
    if (next > kMaxBeta || next < kMinBeta || next == beta) return false;
    beta = next;
    return true;
  }
};

}  // namespace fasttsne::math
