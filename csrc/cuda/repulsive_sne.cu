#include "cuda/common.cuh"
#include "cuda/repulsive_sne.h"

namespace fasttsne::cuda {
namespace {

// One thread per row; all threads of a warp read the same other point at a time. Blocks are small
// for the reason given in repulsive_exact.cu.
constexpr int kThreads = 64;
constexpr int kNormalizeThreads = 256;
// Number of terms that are summed in float32 before the sum is added in float64: few enough to keep
// 6 digits.
constexpr int64_t kChunk = 64;

// The force on one point, and its distances to others. kDims is the number of dimensions, 1 to 3,
// or 0 for any number of them.
template <int kDims>
struct Row {
  float y[kDims];
  float part[kDims] = {};
  double force[kDims] = {};

  __device__ Row(const SneArguments& a, int64_t i) {
    for (int m = 0; m < kDims; ++m) y[m] = a.Y[i * kDims + m];
  }
  __device__ float sq_distance(const SneArguments& a, int64_t j) const {
    float d2 = 0;
    for (int m = 0; m < kDims; ++m) {
      const float d = y[m] - __ldg(a.Y + j * kDims + m);
      d2 += d * d;
    }
    return d2;
  }
  __device__ void push(const SneArguments& a, int64_t j, float q) {
    for (int m = 0; m < kDims; ++m) part[m] += q * (y[m] - __ldg(a.Y + j * kDims + m));
  }
  __device__ void end_chunk() {
    for (int m = 0; m < kDims; ++m) {
      force[m] += part[m];
      part[m] = 0;
    }
  }
  __device__ void add_to(const SneArguments& a, int64_t i) const {
    for (int m = 0; m < kDims; ++m) a.forces[i * kDims + m] += (float)force[m];
  }
};

// Any number of dimensions: adds directly to the row of forces in memory.
template <>
struct Row<0> {
  const float* y;
  float* force;

  __device__ Row(const SneArguments& a, int64_t i)
      : y(a.Y + i * a.dims), force(a.forces + i * a.dims) {}
  __device__ float sq_distance(const SneArguments& a, int64_t j) const {
    float d2 = 0;
    for (int64_t m = 0; m < a.dims; ++m) {
      const float d = y[m] - __ldg(a.Y + j * a.dims + m);
      d2 += d * d;
    }
    return d2;
  }
  __device__ void push(const SneArguments& a, int64_t j, float q) {
    for (int64_t m = 0; m < a.dims; ++m) force[m] += q * (y[m] - __ldg(a.Y + j * a.dims + m));
  }
  __device__ void end_chunk() {}
  __device__ void add_to(const SneArguments&, int64_t) const {}
};

// force_i += sum_j q_of(j, d2_ij) (y_i - y_j) over all j but i; returns the sum of q_of.
template <int kDims, class QOf>
__device__ double push_row(const SneArguments& a, int64_t i, const QOf& q_of) {
  Row<kDims> row(a, i);
  double total = 0;
  for (int64_t begin = 0; begin < a.n; begin += kChunk) {
    const int64_t end = a.n - begin < kChunk ? a.n : begin + kChunk;
    float part = 0;
    for (int64_t j = begin; j < end; ++j) {
      if (j == i) continue;
      const float q = q_of(j, row.sq_distance(a, j));
      part += q;
      row.push(a, j, q);
    }
    total += part;
    row.end_chunk();
  }
  row.add_to(a, i);
  return total;
}

template <int kDims>
__global__ void __launch_bounds__(kThreads) rows_kernel(SneArguments a) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= a.n) return;
  const Row<kDims> row(a, i);
  float nearest = __builtin_inff();
  for (int64_t j = 0; j < a.n; ++j)
    if (j != i) nearest = fminf(nearest, row.sq_distance(a, j));
  for (int64_t m = 0; m < a.dims; ++m) a.forces[i * a.dims + m] = 0;
  a.nearest[i] = nearest;
  a.sums[i] = push_row<kDims>(a, i, [&](int64_t, float d2) { return expf(nearest - d2); });
}

// Runs as one block. Computes the same as SneRepulsion::normalize in kernels/repulsive_sne.cpp.
__global__ void __launch_bounds__(kNormalizeThreads) normalize_kernel(SneArguments a) {
  __shared__ float lowest;
  __shared__ double total;
  float low = __builtin_inff();
  for (int64_t i = threadIdx.x; i < a.n; i += kNormalizeThreads) low = fminf(low, a.nearest[i]);
  low = block_reduce<kNormalizeThreads>(low, [](float x, float y) { return fminf(x, y); });
  if (threadIdx.x == 0) lowest = low;
  __syncthreads();
  double part = 0;
  for (int64_t i = threadIdx.x; i < a.n; i += kNormalizeThreads)
    part += a.conditional ? log(a.sums[i]) - (double)a.nearest[i]
                          : a.sums[i] * exp((double)lowest - (double)a.nearest[i]);
  part = block_sum<kNormalizeThreads>(part);
  if (threadIdx.x == 0) {
    total = part;
    *a.log_Z = a.conditional ? part / (double)a.n : log(part) - (double)lowest;
  }
  __syncthreads();
  for (int64_t i = threadIdx.x; i < a.n; i += kNormalizeThreads)
    a.scale[i] = a.conditional ? (float)(0.5 / (a.sums[i] * (double)a.n))
                               : (float)(exp((double)lowest - (double)a.nearest[i]) / total);
}

template <int kDims>
__global__ void __launch_bounds__(kThreads) finish_kernel(SneArguments a) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= a.n) return;
  for (int64_t m = 0; m < a.dims; ++m) a.forces[i * a.dims + m] *= a.scale[i];
  if (a.conditional)
    push_row<kDims>(a, i,
                    [&](int64_t j, float d2) { return a.scale[j] * expf(a.nearest[j] - d2); });
}

template <int kDims>
cudaError_t run(const SneArguments& a, cudaStream_t stream) {
  const unsigned blocks = blocks_for(a.n, kThreads);
  launch(rows_kernel<kDims>, blocks, kThreads, 0, stream, a);
  launch(normalize_kernel, 1, kNormalizeThreads, 0, stream, a);
  launch(finish_kernel<kDims>, blocks, kThreads, 0, stream, a);
  return cudaGetLastError();
}

}  // namespace

cudaError_t repulsive_sne(const SneArguments& a, cudaStream_t stream) {
  switch (a.dims) {
    case 1:
      return run<1>(a, stream);
    case 2:
      return run<2>(a, stream);
    case 3:
      return run<3>(a, stream);
    default:
      return run<0>(a, stream);
  }
}

}  // namespace fasttsne::cuda
