#include <cmath>

#include "cuda/common.cuh"
#include "cuda/perplexity_search.h"
#include "math/perplexity.h"

namespace fasttsne::cuda {
namespace {

constexpr int kThreads = 256;

// The moments of x = (sq - lowest) * scale over a row; all lanes of the warp get the sums.
__device__ math::Moments moments(const float* sq, int64_t k, float lowest, float scale,
                                 float beta) {
  math::Moments m{0, 0, 0};
  for (int64_t c = threadIdx.x % kWarp; c < k; c += kWarp) {
    const float x = (sq[c] - lowest) * scale, e = expf(-beta * x);
    m.e += e;
    m.ex += e * x;
    m.exx += e * x * x;
  }
  return {warp_sum_all(m.e), warp_sum_all(m.ex), warp_sum_all(m.exx)};
}

__global__ void __launch_bounds__(kThreads)
    rows_kernel(const float* sq_distances, int64_t n, int64_t k, float log_perplexity,
                float* beta_out, float* conditional) {
  const int64_t i = (int64_t{blockIdx.x} * kThreads + threadIdx.x) / kWarp;
  if (i >= n) return;  // the same for all lanes of a warp
  const int lane = threadIdx.x % kWarp;
  const float* const sq = sq_distances + i * k;
  float lowest = __builtin_inff();
  double total = 0;
  for (int64_t c = lane; c < k; c += kWarp) {
    lowest = fminf(lowest, sq[c]);
    total += sq[c];
  }
  lowest = warp_min_all(lowest);
  const float scale = math::perplexity_scale(warp_sum_all(total), k, lowest);
  math::BetaSearch<FloatFunctions> search(log_perplexity);
  math::Moments m = moments(sq, k, lowest, scale, search.beta);
  for (int step = 0; scale > 0 && step < search.kMaxSteps && search.step(m); ++step)
    m = moments(sq, k, lowest, scale, search.beta);
  const float inverse = 1.0f / m.e;
  for (int64_t c = lane; c < k; c += kWarp)
    conditional[i * k + c] = expf(-search.beta * ((sq[c] - lowest) * scale)) * inverse;
  if (lane == 0) beta_out[i] = search.beta * scale;
}

}  // namespace

cudaError_t perplexity_search(const float* sq_distances, int64_t n, int64_t k, double perplexity,
                              float* beta, float* conditional, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  launch(rows_kernel, blocks_for(n, kThreads / kWarp), kThreads, 0, stream, sq_distances, n, k,
         (float)std::log(perplexity), beta, conditional);
  return cudaGetLastError();
}

}  // namespace fasttsne::cuda
