#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>

#include "cuda/bitonic_sort.cuh"
#include "cuda/common.cuh"
#include "cuda/symmetrize.h"

namespace fasttsne::cuda {
namespace {

constexpr int kThreads = 128;

// Writes all edges and, as their keys, the rows they run to.
template <class Edge>
__global__ void edges_kernel(SymmetrizeArguments<Edge> a, uint32_t* keys, Edge* edges) {
  const int64_t e = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (e >= a.n * a.k) return;
  keys[e] = (uint32_t)a.indices[e];
  edges[e] = (Edge)e;
  if (keys[e] >= a.n) atomicMax(a.errors, 1);
}

// begin[j] = number of keys below j, by binary search in the sorted keys.
__global__ void row_begins_kernel(const uint32_t* keys, int64_t count, int64_t n, int64_t* begin) {
  const int64_t j = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (j > n) return;
  int64_t low = 0, high = count;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (keys[middle] < j)
      low = middle + 1;
    else
      high = middle;
  }
  begin[j] = low;
}

template <class Edge>
__global__ void __launch_bounds__(kThreads) sort_rows_kernel(SymmetrizeArguments<Edge> a) {
  // Column in the upper 32 bits, position in the row in the lower.
  int64_t* const row = launched_shared();
  const int size = next_power_of_two((int)a.k);
  const int64_t first = int64_t{blockIdx.x} * a.k;
  for (int c = threadIdx.x; c < size; c += kThreads)
    row[c] = c < a.k ? ((int64_t)a.indices[first + c] << 32) | c : INT64_MAX;
  __syncthreads();
  sort_in_block<kThreads>(row, size);
  for (int c = threadIdx.x; c < a.k; c += kThreads) a.own_place[first + c] = (uint16_t)row[c];
}

// Visits the columns of a row in rising order: visit(column, own, incoming), with the numbers of
// the row's own edge to this column and of the edge from there, or -1 where there is none.
template <class Edge, class Visit>
__device__ void merge(const SymmetrizeArguments<Edge>& a, int64_t row, const Visit& visit) {
  const uint16_t* own = a.own_place + row * a.k;
  const uint16_t* const own_end = own + a.k;
  const int32_t* const columns = a.indices + row * a.k;
  int64_t b = a.incoming_begin[row];
  const int64_t b_end = a.incoming_begin[row + 1];
  while (own != own_end || b != b_end) {
    const int64_t column_a = own != own_end ? columns[*own] : a.n;
    const int64_t edge_b = b != b_end ? (int64_t)a.incoming[b] : -1;
    const int64_t column_b = b != b_end ? edge_b / a.k : a.n;
    const bool take_a = column_a <= column_b, take_b = column_b <= column_a;
    visit(take_a ? column_a : column_b, take_a ? row * a.k + *own : -1, take_b ? edge_b : -1);
    own += take_a;
    b += take_b;
  }
}

template <class Edge>
__global__ void __launch_bounds__(kThreads) count_kernel(SymmetrizeArguments<Edge> a) {
  const int64_t row = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (row == 0) a.indptr[0] = 0;
  if (row >= a.n) return;
  int64_t length = 0, before = -1;
  merge(a, row, [&](int64_t column, int64_t, int64_t) {
    if (column == before) atomicMax(a.errors + 1, 1);
    before = column;
    ++length;
  });
  a.indptr[row + 1] = length;
}

template <class Edge>
__global__ void __launch_bounds__(kThreads) fill_kernel(SymmetrizeArguments<Edge> a) {
  const int64_t row = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (row >= a.n) return;
  const float scale = (float)(0.5 / (double)a.n);
  int64_t e = a.indptr[row];
  merge(a, row, [&](int64_t column, int64_t own, int64_t incoming) {
    float p = 0;
    if (own >= 0) p += a.conditional[own];
    if (incoming >= 0) p += a.conditional[incoming];
    a.columns[e] = (int32_t)column;
    a.values[e] = p * scale;
    ++e;
  });
}

// Number of bits of the keys 0 .. n - 1.
int bits_of(int64_t n) {
  int bits = 1;
  while (bits < 32 && (int64_t{1} << bits) < n) ++bits;
  return bits;
}

}  // namespace

template <class Edge>
cudaError_t transpose_workspace(int64_t n, int64_t k, size_t* bytes) {
  cub::DoubleBuffer<uint32_t> keys;
  cub::DoubleBuffer<Edge> edges;
  *bytes = 0;
  return cub::DeviceRadixSort::SortPairs(nullptr, *bytes, keys, edges, n * k, 0, bits_of(n));
}

template <class Edge>
cudaError_t transpose(const SymmetrizeArguments<Edge>& a, const TransposeArguments<Edge>& buffers,
                      int* current, cudaStream_t stream) {
  const int64_t count = a.n * a.k;
  cudaError_t status = cudaMemsetAsync(a.errors, 0, 2 * sizeof(int32_t), stream);
  if (status != cudaSuccess) return status;
  launch(edges_kernel<Edge>, blocks_for(count, kThreads), kThreads, 0, stream, a, buffers.keys[0],
         buffers.edges[0]);
  cub::DoubleBuffer<uint32_t> keys(buffers.keys[0], buffers.keys[1]);
  cub::DoubleBuffer<Edge> edges(buffers.edges[0], buffers.edges[1]);
  size_t bytes = buffers.workspace_bytes;
  status = cub::DeviceRadixSort::SortPairs(buffers.workspace, bytes, keys, edges, count, 0,
                                           bits_of(a.n), stream);
  if (status != cudaSuccess) return status;
  launch(row_begins_kernel, blocks_for(a.n + 1, kThreads), kThreads, 0, stream, keys.Current(),
         count, a.n, a.incoming_begin);
  *current = edges.selector;
  return cudaGetLastError();
}

template <class Edge>
cudaError_t sort_rows(const SymmetrizeArguments<Edge>& a, cudaStream_t stream) {
  const size_t bytes = sizeof(int64_t) * next_power_of_two((int)a.k);
  launch(sort_rows_kernel<Edge>, (unsigned)a.n, kThreads, bytes, stream, a);
  return cudaGetLastError();
}

cudaError_t scan_workspace(int64_t n, size_t* bytes) {
  *bytes = 0;
  int64_t* none = nullptr;
  return cub::DeviceScan::InclusiveSum(nullptr, *bytes, none, none, n + 1);
}

template <class Edge>
cudaError_t count_rows(const SymmetrizeArguments<Edge>& a, void* workspace, size_t bytes,
                       cudaStream_t stream) {
  launch(count_kernel<Edge>, blocks_for(a.n, kThreads), kThreads, 0, stream, a);
  const cudaError_t status = cudaGetLastError();
  if (status != cudaSuccess) return status;
  return cub::DeviceScan::InclusiveSum(workspace, bytes, a.indptr, a.indptr, a.n + 1, stream);
}

template <class Edge>
cudaError_t fill_rows(const SymmetrizeArguments<Edge>& a, cudaStream_t stream) {
  launch(fill_kernel<Edge>, blocks_for(a.n, kThreads), kThreads, 0, stream, a);
  return cudaGetLastError();
}

#define FASTTSNE_INSTANTIATE(Edge)                                                                \
  template cudaError_t transpose_workspace<Edge>(int64_t, int64_t, size_t*);                      \
  template cudaError_t transpose(const SymmetrizeArguments<Edge>&,                                \
                                 const TransposeArguments<Edge>&, int*, cudaStream_t);            \
  template cudaError_t sort_rows(const SymmetrizeArguments<Edge>&, cudaStream_t);                 \
  template cudaError_t count_rows(const SymmetrizeArguments<Edge>&, void*, size_t, cudaStream_t); \
  template cudaError_t fill_rows(const SymmetrizeArguments<Edge>&, cudaStream_t);
FASTTSNE_INSTANTIATE(uint32_t)
FASTTSNE_INSTANTIATE(int64_t)

}  // namespace fasttsne::cuda
