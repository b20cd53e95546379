#include "kernels/simd/perplexity_rows.h"

#include "kernels/simd/vec.h"
#include "math/perplexity.h"

namespace fasttsne::FASTTSNE_ISA {
namespace {

using math::Moments;

struct Functions {
  FASTTSNE_INLINE float exp(float x) { return __builtin_expf(x); }
  FASTTSNE_INLINE float log(float x) { return __builtin_logf(x); }
};

// The moments of x = (sq - lowest) * scale over a row of k squared distances.
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
    // The lanes past the end have x = 0 and so e = 1, which is subtracted again.
    add(x);
    return {sum(e) - (float)(kLanes - (k - c)), sum(ex), sum(exx)};
  }
  return {sum(e), sum(ex), sum(exx)};
}

}  // namespace

void perplexity_rows(const float* sq_distances, int64_t k, float log_perplexity, float* beta_out,
                     float* conditional, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    const float* sq = sq_distances + i * k;
    float lowest = sq[0];
    double total = 0;
    for (int64_t c = 0; c < k; ++c) {
      lowest = sq[c] < lowest ? sq[c] : lowest;
      total += sq[c];
    }
    const float scale = math::perplexity_scale(total, k, lowest);
    math::BetaSearch<Functions> search(log_perplexity);
    Moments m = moments(sq, k, lowest, scale, search.beta);
    for (int step = 0; scale > 0 && step < search.kMaxSteps && search.step(m); ++step)
      m = moments(sq, k, lowest, scale, search.beta);
    const float inverse = 1.0f / m.e;
    float* p = conditional + i * k;
    for (int64_t c = 0; c < k; c += kLanes) {
      const int64_t left = k - c < kLanes ? k - c : kLanes;
      const Vec x = (load_first(sq + c, left, lowest) - lowest) * scale;
      store_first(p + c, left, exp(x * -search.beta) * inverse);
    }
    beta_out[i] = search.beta * scale;
  }
}

}  // namespace fasttsne::FASTTSNE_ISA
