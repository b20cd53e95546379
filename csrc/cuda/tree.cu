#include <cub/device/device_radix_sort.cuh>

#include "cuda/common.cuh"
#include "cuda/tree.h"
#include "math/morton.h"

namespace fasttsne::cuda {
namespace {

constexpr int kThreads = 256, kMaxThreads = 1024;

__global__ void __launch_bounds__(kMaxThreads) bounds_kernel(TreeArguments a) {
  for (int64_t m = 0; m < a.dims; ++m) {
    float low = __builtin_inff(), high = -__builtin_inff();
    for (int64_t i = threadIdx.x; i < a.n; i += kMaxThreads) {
      low = fminf(low, a.Y[i * a.dims + m]);  // fminf and fmaxf ignore a NaN
      high = fmaxf(high, a.Y[i * a.dims + m]);
    }
    low = block_reduce<kMaxThreads>(low, [](float p, float q) { return fminf(p, q); });
    high = block_reduce<kMaxThreads>(high, [](float p, float q) { return fmaxf(p, q); });
    if (threadIdx.x == 0) {
      a.bounds[m] = low;
      a.bounds[a.dims + m] = high;
    }
  }
}

template <int kDims>
__global__ void __launch_bounds__(kThreads) codes_kernel(TreeArguments a) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= a.n) return;
  double span = 0;
  for (int m = 0; m < kDims; ++m)
    span = fmax(span, (double)a.bounds[kDims + m] - (double)a.bounds[m]);
  const double scale = math::morton_scale<kDims>(span);
  uint32_t cell[kDims];
  for (int m = 0; m < kDims; ++m)
    cell[m] = math::morton_cell<kDims>(a.Y[i * kDims + m], a.bounds[m], scale);
  a.codes[0][i] = math::morton_code<kDims>(cell);
  a.order[0][i] = (int32_t)i;
}

// Length of the common prefix, in bits, of the codes at sorted positions i and j. Equal codes are
// extended by the bits of their positions, so that all differ. -1 if j is outside the array.
__device__ int shared_bits(const uint64_t* codes, int64_t n, int64_t i, int64_t j) {
  if (j < 0 || j >= n) return -1;
  const uint64_t differing = codes[i] ^ codes[j];
  return differing ? __clzll((long long)differing) : 64 + __clz((int)(i ^ j));
}

// Finds the range and the children of every inner node, after Karras (2012).
__global__ void __launch_bounds__(kThreads) nodes_kernel(TreeArguments a, const uint64_t* codes) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= a.n - 1) return;
  const auto shared = [&](int64_t j) { return shared_bits(codes, a.n, i, j); };
  // The range of node i extends from i to the side whose neighbour shares the longer prefix with i.
  const int direction = shared(i + 1) > shared(i - 1) ? 1 : -1;
  const int outside = shared(i - direction);
  int64_t most = 2;
  while (shared(i + most * direction) > outside) most *= 2;
  int64_t length = 0;
  for (int64_t step = most / 2; step > 0; step /= 2)
    if (shared(i + (length + step) * direction) > outside) length += step;
  const int64_t j = i + length * direction;
  // The first child ends at the last position that shares a longer prefix with i than j does.
  const int common = shared(j);
  int64_t split = 0;
  for (int64_t step = length; step > 1;) {
    step = (step + 1) / 2;
    if (split + step < length && shared(i + (split + step) * direction) > common) split += step;
  }
  const int64_t first = i < j ? i : j, last = i < j ? j : i;
  const int64_t middle = i + split * direction + (direction < 0 ? -1 : 0);
  TreeNode& node = a.nodes[i];
  node.begin = (int32_t)first;
  node.end = (int32_t)(last + 1);
  node.left = first == middle ? ~(int32_t)middle : (int32_t)middle;
  node.right = last == middle + 1 ? ~(int32_t)(middle + 1) : (int32_t)(middle + 1);
  const auto adopt = [&](int32_t child) {
    a.parents[child >= 0 ? child : a.n - 1 + ~child] = (int32_t)i;
  };
  adopt(node.left);
  adopt(node.right);
  a.arrivals[i] = 0;
  if (i == 0) a.parents[0] = -1;
}

template <int kDims>
__global__ void __launch_bounds__(kThreads) sorted_kernel(TreeArguments a, const int32_t* order) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= a.n) return;
  for (int m = 0; m < kDims; ++m) a.sorted[i * kDims + m] = a.Y[int64_t{order[i]} * kDims + m];
}

// Computes centres of mass and bounding boxes from the leaves upward. At every node, the thread
// that arrives first stops; the second one sees what both children have written and continues to
// the parent. So no thread waits.
template <int kDims>
__global__ void __launch_bounds__(kThreads) masses_kernel(TreeArguments a) {
  const int64_t leaf = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (leaf >= a.n) return;
  int32_t at = a.parents[a.n - 1 + leaf];
  while (at >= 0) {
    __threadfence();
    if (atomicAdd(a.arrivals + at, 1) == 0) return;
    __threadfence();
    const TreeNode node = a.nodes[at];
    float center[kDims] = {}, low[kDims], high[kDims];
    const int32_t count = node.end - node.begin;
    for (int m = 0; m < kDims; ++m) {
      low[m] = __builtin_inff();
      high[m] = -__builtin_inff();
    }
    for (const int32_t child : {node.left, node.right}) {
      // Volatile, because another multiprocessor may have written the values after this one cached
      // the line.
      const volatile float *c, *l, *h;
      float share;
      if (child < 0) {
        c = l = h = a.sorted + int64_t{~child} * kDims;
        share = 1.f / (float)count;
      } else {
        c = a.centers + int64_t{child} * kDims;
        l = a.low + int64_t{child} * kDims;
        h = a.high + int64_t{child} * kDims;
        share = (float)(a.nodes[child].end - a.nodes[child].begin) / (float)count;
      }
      for (int m = 0; m < kDims; ++m) {
        center[m] += share * c[m];
        low[m] = fminf(low[m], l[m]);
        high[m] = fmaxf(high[m], h[m]);
      }
    }
    for (int m = 0; m < kDims; ++m) {
      // Clamp the centre to the box, which rounding could move it out of: then identical points
      // would repel each other.
      if (center[m] < low[m]) center[m] = low[m];
      if (center[m] > high[m]) center[m] = high[m];
      a.centers[int64_t{at} * kDims + m] = center[m];
      a.low[int64_t{at} * kDims + m] = low[m];
      a.high[int64_t{at} * kDims + m] = high[m];
    }
    at = a.parents[at];
  }
}

template <int kDims>
int code_bits() {
  return math::kMortonBits<kDims> * kDims;
}

int code_bits(int64_t dims) {
  return dims == 1 ? code_bits<1>() : dims == 2 ? code_bits<2>() : code_bits<3>();
}

}  // namespace

cudaError_t tree_workspace(int64_t n, int64_t dims, size_t* bytes) {
  cub::DoubleBuffer<uint64_t> codes;
  cub::DoubleBuffer<int32_t> order;
  *bytes = 0;
  return cub::DeviceRadixSort::SortPairs(nullptr, *bytes, codes, order, n, 0, code_bits(dims));
}

cudaError_t make_tree(const TreeArguments& a, int* current, cudaStream_t stream) {
  launch(bounds_kernel, 1, kMaxThreads, 0, stream, a);
  const unsigned blocks = blocks_for(a.n, kThreads);
  with_dims(a.dims, 1.f, [&](auto dims, auto) {
    launch(codes_kernel<decltype(dims)::value>, blocks, kThreads, 0, stream, a);
    return cudaSuccess;
  });
  cub::DoubleBuffer<uint64_t> codes(a.codes[0], a.codes[1]);
  cub::DoubleBuffer<int32_t> order(a.order[0], a.order[1]);
  size_t bytes = a.workspace_bytes;
  const cudaError_t status = cub::DeviceRadixSort::SortPairs(a.workspace, bytes, codes, order, a.n,
                                                             0, code_bits(a.dims), stream);
  if (status != cudaSuccess) return status;
  *current = order.selector;
  with_dims(a.dims, 1.f, [&](auto dims, auto) {
    constexpr int kDims = decltype(dims)::value;
    launch(sorted_kernel<kDims>, blocks, kThreads, 0, stream, a, order.Current());
    if (a.n > 1) {
      launch(nodes_kernel, blocks, kThreads, 0, stream, a, codes.Current());
      launch(masses_kernel<kDims>, blocks, kThreads, 0, stream, a);
    }
    return cudaSuccess;
  });
  return cudaGetLastError();
}

}  // namespace fasttsne::cuda
