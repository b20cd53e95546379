#include "cuda/common.cuh"
#include "cuda/update_embedding.h"
#include "math/descent.h"

namespace fasttsne::cuda {
namespace {

constexpr int kThreads = 256;
// Largest number of blocks: one block can still sum that many partial sums quickly. Each thread
// handles every (blocks * kThreads)-th point (a grid-stride loop).
constexpr unsigned kMaxBlocks = 512;

unsigned blocks_of(int64_t n) {
  const unsigned blocks = blocks_for(n, kThreads);
  return blocks < kMaxBlocks ? blocks : kMaxBlocks;
}

// The layout of the workspace: the squared gradient norm of each block [blocks], then per
// coordinate and block the sum [dims, blocks], the smallest value [dims, blocks] and the largest
// [dims, blocks].
struct Parts {
  double *sq_gradient, *sum, *low, *high;
  __host__ __device__ Parts(double* parts, unsigned blocks, int64_t dims)
      : sq_gradient(parts),
        sum(parts + blocks),
        low(parts + blocks * (1 + dims)),
        high(parts + blocks * (1 + 2 * dims)) {}
};

__global__ void __launch_bounds__(kThreads) move_kernel(UpdateArguments a) {
  const Parts parts(a.parts, gridDim.x, a.dims);
  const math::StepFactors f{4 * a.exaggeration, (float)(4 / *a.Z), a.learning_rate, a.momentum};
  const int64_t stride = int64_t{gridDim.x} * kThreads;
  double sq_gradient = 0;
  for (int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x; i < a.n; i += stride) {
    double sq_velocity = 0;
    for (int64_t e = i * a.dims; e < (i + 1) * a.dims; ++e) {
      float v = a.velocity[e], g = a.gains[e];
      const float gradient = math::descent_step(f, a.attractive[e], a.repulsive[e], v, g);
      sq_gradient += (double)gradient * gradient;
      sq_velocity += (double)v * v;
      a.velocity[e] = v;
      a.gains[e] = g;
    }
    const double most = a.max_step;
    const float shorter = sq_velocity > most * most ? (float)(most / sqrt(sq_velocity)) : 1.f;
    for (int64_t e = i * a.dims; e < (i + 1) * a.dims; ++e) {
      const float v = a.velocity[e] * shorter;
      a.velocity[e] = v;
      a.Y[e] += v;
    }
  }
  sq_gradient = block_sum<kThreads>(sq_gradient);
  if (threadIdx.x == 0) parts.sq_gradient[blockIdx.x] = sq_gradient;
  for (int64_t m = 0; m < a.dims; ++m) {
    double sum = 0;
    for (int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x; i < a.n; i += stride)
      sum += a.Y[i * a.dims + m];
    sum = block_sum<kThreads>(sum);
    if (threadIdx.x == 0) parts.sum[m * gridDim.x + blockIdx.x] = sum;
  }
}

__global__ void __launch_bounds__(kThreads) center_kernel(UpdateArguments a) {
  const Parts parts(a.parts, gridDim.x, a.dims);
  __shared__ float mean;
  const int64_t stride = int64_t{gridDim.x} * kThreads;
  for (int64_t m = 0; m < a.dims; ++m) {
    double sum = 0;
    for (unsigned b = threadIdx.x; b < gridDim.x; b += kThreads)
      sum += parts.sum[m * gridDim.x + b];
    sum = block_sum<kThreads>(sum);
    if (threadIdx.x == 0) mean = (float)(sum / (double)a.n);
    __syncthreads();
    float low = __builtin_inff(), high = -__builtin_inff();
    for (int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x; i < a.n; i += stride) {
      const float y = a.Y[i * a.dims + m] - mean;
      a.Y[i * a.dims + m] = y;
      low = fminf(low, y);
      high = fmaxf(high, y);
    }
    low = block_reduce<kThreads>(low, [](float p, float q) { return fminf(p, q); });
    high = block_reduce<kThreads>(high, [](float p, float q) { return fmaxf(p, q); });
    if (threadIdx.x == 0) {
      // fminf ignores a NaN, but the bounds must show it. A NaN in Y makes the mean NaN.
      if (!(fabsf(mean) < __builtin_inff())) low = high = __builtin_nanf("");
      parts.low[m * gridDim.x + blockIdx.x] = low;
      parts.high[m * gridDim.x + blockIdx.x] = high;
    }
  }
}

__global__ void __launch_bounds__(kThreads) statistics_kernel(UpdateArguments a, unsigned blocks) {
  const Parts parts(a.parts, blocks, a.dims);
  double sq_gradient = 0;
  for (unsigned b = threadIdx.x; b < blocks; b += kThreads) sq_gradient += parts.sq_gradient[b];
  sq_gradient = block_sum<kThreads>(sq_gradient);
  if (threadIdx.x == 0) a.statistics[0] = sq_gradient;
  for (int64_t m = 0; m < a.dims; ++m) {
    double low = parts.low[m * blocks], high = parts.high[m * blocks];
    for (unsigned b = threadIdx.x; b < blocks; b += kThreads) {
      low = fmin(low, parts.low[m * blocks + b]);
      high = fmax(high, parts.high[m * blocks + b]);
    }
    low = block_reduce<kThreads>(low, [](double p, double q) { return fmin(p, q); });
    high = block_reduce<kThreads>(high, [](double p, double q) { return fmax(p, q); });
    if (threadIdx.x == 0) {
      a.statistics[1 + m] = low;
      a.statistics[1 + a.dims + m] = high;
    }
  }
}

}  // namespace

int64_t update_parts(int64_t n, int64_t dims) { return int64_t{blocks_of(n)} * (1 + 3 * dims); }

cudaError_t update_embedding(const UpdateArguments& a, cudaStream_t stream) {
  const unsigned blocks = blocks_of(a.n);
  launch(move_kernel, blocks, kThreads, 0, stream, a);
  launch(center_kernel, blocks, kThreads, 0, stream, a);
  launch(statistics_kernel, 1, kThreads, 0, stream, a, blocks);
  return cudaGetLastError();
}

}  // namespace fasttsne::cuda
