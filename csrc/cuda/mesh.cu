#include "cuda/common.cuh"
#include "cuda/mesh.h"
#include "math/spline.h"

namespace fasttsne::cuda {
namespace {

constexpr int kThreads = 256;
// The integer that stands for a charge of 1. A sum of 2^27 such charges still fits in 63 bits.
constexpr float kCharge = 68719476736.0f;  // 2^36

// The window of one point: the first node that it touches, the weights of its nodes along each axis
// and, with kSlopes, their derivatives.
template <int kDims, bool kSlopes>
struct Window {
  int64_t node;  // flat index of the first node
  float weight[kDims][kMeshOrder];
  float slope[kSlopes ? kDims : 1][kMeshOrder];

  __device__ Window(const MeshView& mesh, const float* y) : node(0) {
    for (int m = 0; m < kDims; ++m) {
      const float u = (y[m] - mesh.origin[m]) * mesh.inverse_step;
      const auto nodes = (float)mesh.nodes[m];
      const float inside = math::inside_grid(u, nodes);
      const auto cell = (int64_t)math::second_node(inside, nodes);
      const float t = inside - (float)cell;
      math::spline_weights(t, weight[m]);
      if constexpr (kSlopes) math::spline_slopes(t, slope[m]);
      node = node * mesh.nodes[m] + cell - 1;
    }
  }
};

__device__ void add_charge(uint64_t* counts, float charge) {
  // Weights are never negative. The comparison is false for a NaN, which so adds 0.
  const unsigned long long whole = charge > 0 ? (unsigned long long)(charge * kCharge + 0.5f) : 0;
  atomicAdd(reinterpret_cast<unsigned long long*>(counts), whole);
}

template <int kDims>
__global__ void __launch_bounds__(kThreads) spread_kernel(SpreadArguments a) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= a.n) return;
  const Window<kDims, false> window(a.mesh, a.Y + i * kDims);
  const int64_t row = a.mesh.nodes[kDims - 1];
  uint64_t* const to = a.counts + window.node;
  if constexpr (kDims == 1) {
    for (int c = 0; c < kMeshOrder; ++c) add_charge(to + c, window.weight[0][c]);
  } else if constexpr (kDims == 2) {
    for (int b = 0; b < kMeshOrder; ++b)
      for (int c = 0; c < kMeshOrder; ++c)
        add_charge(to + b * row + c, window.weight[0][b] * window.weight[1][c]);
  } else {
    const int64_t plane = row * a.mesh.nodes[1];
    for (int x = 0; x < kMeshOrder; ++x)
      for (int b = 0; b < kMeshOrder; ++b) {
        const float outer = window.weight[0][x] * window.weight[1][b];
        for (int c = 0; c < kMeshOrder; ++c)
          add_charge(to + x * plane + b * row + c, outer * window.weight[2][c]);
      }
  }
}

// Converts the integer charges to floats.
__global__ void __launch_bounds__(kThreads) charges_kernel(SpreadArguments a) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i < a.size) a.grid[i] = (float)((double)a.counts[i] / (double)kCharge);
}

template <int kDims>
__global__ void __launch_bounds__(kThreads) gather_kernel(GatherArguments a) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  double total = 0;
  if (i < a.n) {
    const Window<kDims, true> window(a.mesh, a.Y + i * kDims);
    const auto& w = window.weight;
    const auto& d = window.slope;
    const int64_t row = a.mesh.nodes[kDims - 1];
    const float* const from = a.potential + window.node;
    float value = 0, slope[kDims] = {};
    if constexpr (kDims == 1) {
      for (int c = 0; c < kMeshOrder; ++c) {
        const float v = __ldg(from + c);
        value += w[0][c] * v;
        slope[0] += d[0][c] * v;
      }
    } else if constexpr (kDims == 2) {
      for (int b = 0; b < kMeshOrder; ++b) {
        float along = 0, across = 0;
        for (int c = 0; c < kMeshOrder; ++c) {
          const float v = __ldg(from + b * row + c);
          along += w[1][c] * v;
          across += d[1][c] * v;
        }
        value += w[0][b] * along;
        slope[0] += d[0][b] * along;
        slope[1] += w[0][b] * across;
      }
    } else {
      const int64_t plane = row * a.mesh.nodes[1];
      for (int x = 0; x < kMeshOrder; ++x) {
        float sheet = 0, sheet1 = 0, sheet2 = 0;
        for (int b = 0; b < kMeshOrder; ++b) {
          float along = 0, across = 0;
          for (int c = 0; c < kMeshOrder; ++c) {
            const float v = __ldg(from + x * plane + b * row + c);
            along += w[2][c] * v;
            across += d[2][c] * v;
          }
          sheet += w[1][b] * along;
          sheet1 += d[1][b] * along;
          sheet2 += w[1][b] * across;
        }
        value += w[0][x] * sheet;
        slope[0] += d[0][x] * sheet;
        slope[1] += w[0][x] * sheet1;
        slope[2] += w[0][x] * sheet2;
      }
    }
    for (int m = 0; m < kDims; ++m)
      a.forces[i * kDims + m] = -0.5f * a.mesh.inverse_step * slope[m];
    a.values[i] = value;
    total = value;
  }
  total = block_sum<kThreads>(total);
  if (threadIdx.x == 0) a.parts[blockIdx.x] = total;
}

}  // namespace

cudaError_t mesh_spread(const SpreadArguments& a, cudaStream_t stream) {
  cudaError_t status = cudaMemsetAsync(a.counts, 0, a.size * sizeof(uint64_t), stream);
  if (status != cudaSuccess) return status;
  if (a.n > 0)
    with_dims(a.mesh.dims, 1.f, [&](auto dims, auto) {
      launch(spread_kernel<decltype(dims)::value>, blocks_for(a.n, kThreads), kThreads, 0, stream,
             a);
      return cudaSuccess;
    });
  launch(charges_kernel, blocks_for(a.size, kThreads), kThreads, 0, stream, a);
  return cudaGetLastError();
}

int64_t mesh_gather_parts(int64_t n) { return blocks_for(n, kThreads); }

cudaError_t mesh_gather(const GatherArguments& a, cudaStream_t stream) {
  const unsigned blocks = blocks_for(a.n, kThreads);
  if (blocks > 0)
    with_dims(a.mesh.dims, 1.f, [&](auto dims, auto) {
      launch(gather_kernel<decltype(dims)::value>, blocks, kThreads, 0, stream, a);
      return cudaSuccess;
    });
  const cudaError_t status = cudaGetLastError();
  return status != cudaSuccess ? status : sum_parts(a.parts, blocks, 0, a.total, stream);
}

}  // namespace fasttsne::cuda
