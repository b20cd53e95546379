#include "cuda/attractive_forces.h"
#include "cuda/common.cuh"

namespace fasttsne::cuda {
namespace {

constexpr int kThreads = 256;

// Edge e of row i, made safe to follow. A column outside 0 .. n - 1 is replaced by that of row i
// and its P by NaN, so that the force becomes NaN. An exception instead would need the host to wait
// for the device in every iteration.
struct CheckedEdge {
  int64_t j;
  float p;

  __device__ CheckedEdge(const AttractiveArguments& a, int64_t i, int64_t e) {
    const auto column = (uint32_t)a.indices[e];
    const bool inside = column < a.n;
    j = inside ? (int64_t)column : a.first + i;
    p = inside ? a.values[e] : __int_as_float(0x7fc00000);
  }
};
// The range of edges of row i, clamped to the edges that exist.
__device__ int64_t row_begin(const AttractiveArguments& a, int64_t i) {
  return a.indptr[i] > 0 ? a.indptr[i] : 0;
}
__device__ int64_t row_end(const AttractiveArguments& a, int64_t i) {
  return a.indptr[i + 1] < a.edges ? a.indptr[i + 1] : a.edges;
}

template <int kDims, bool kUnitDof, int kLanes>
__global__ void __launch_bounds__(kThreads) rows_kernel(AttractiveArguments a) {
  const int64_t i = (int64_t{blockIdx.x} * kThreads + threadIdx.x) / kLanes;
  const int lane = threadIdx.x % kLanes;
  const Student<kUnitDof> student(a.dof);
  float y[kDims], force[kDims] = {}, cost = 0;
  if (i < a.rows) {
    for (int m = 0; m < kDims; ++m) y[m] = a.Y[(a.first + i) * kDims + m];
    const int64_t end = row_end(a, i);
    for (int64_t e = row_begin(a, i) + lane; e < end; e += kLanes) {
      const CheckedEdge edge(a, i, e);
      float d[kDims], d2 = 0;
      for (int m = 0; m < kDims; ++m) {
        d[m] = y[m] - __ldg(a.Y + edge.j * kDims + m);
        d2 += d[m] * d[m];
      }
      const float pull = edge.p * student.w(d2);
      for (int m = 0; m < kDims; ++m) force[m] += pull * d[m];
      if (a.with_cost) cost += edge.p * student.cost(d2);
    }
  }
  for (int m = 0; m < kDims; ++m) force[m] = warp_sum<kLanes>(force[m]);
  if (i < a.rows && lane == 0)
    for (int m = 0; m < kDims; ++m) a.forces[i * kDims + m] = force[m];
  if (!a.with_cost) return;
  const double total = block_sum<kThreads>((double)cost);
  if (threadIdx.x == 0) a.parts[blockIdx.x] = total;
}

// Any number of dimensions, for more than three: one warp per row, with one edge per lane. The
// differences are computed twice: for the distance, and again for each coordinate of the force.
template <bool kUnitDof>
__global__ void __launch_bounds__(kThreads) rows_any_kernel(AttractiveArguments a) {
  const int64_t i = (int64_t{blockIdx.x} * kThreads + threadIdx.x) / kWarp;
  const int lane = threadIdx.x % kWarp;
  const Student<kUnitDof> student(a.dof);
  double cost = 0;
  if (i < a.rows) {  // the same for all lanes of a warp
    const float* y = a.Y + (a.first + i) * a.dims;
    float* force = a.forces + i * a.dims;
    for (int64_t m = lane; m < a.dims; m += kWarp) force[m] = 0;
    __syncwarp();
    const int64_t end = row_end(a, i);
    for (int64_t begin = row_begin(a, i); begin < end; begin += kWarp) {
      // Lanes past the end repeat the first edge of this step, with P = 0.
      const bool mine = begin + lane < end;
      const CheckedEdge edge(a, i, mine ? begin + lane : begin);
      const float* other = a.Y + edge.j * a.dims;
      const float p = mine ? edge.p : 0.f;
      float d2 = 0;
      for (int64_t m = 0; m < a.dims; ++m) d2 += (y[m] - other[m]) * (y[m] - other[m]);
      const float pull = p * student.w(d2);
      if (a.with_cost) cost += (double)(p * student.cost(d2));
      for (int64_t m = 0; m < a.dims; ++m) {
        const float part = warp_sum(pull * (y[m] - other[m]));
        if (lane == 0) force[m] += part;
      }
    }
  }
  if (!a.with_cost) return;
  cost = block_sum<kThreads>(cost);
  if (threadIdx.x == 0) a.parts[blockIdx.x] = cost;
}

// Number of lanes per row.
int lanes_for(const AttractiveArguments& a) {
  if (a.dims > 3) return kWarp;
  const int64_t mean = a.edges / (a.rows > 0 ? a.rows : 1);
  return mean >= 128 ? 32 : mean >= 32 ? 16 : 8;
}

unsigned blocks_of(const AttractiveArguments& a) {
  return blocks_for(a.rows, kThreads / lanes_for(a));
}

}  // namespace

int64_t attractive_parts(int64_t rows, int64_t dims, int64_t edges) {
  AttractiveArguments a{};
  a.rows = rows;
  a.dims = dims;
  a.edges = edges;
  return blocks_of(a);
}

cudaError_t attractive_forces(const AttractiveArguments& a, cudaStream_t stream) {
  const unsigned blocks = blocks_of(a);
  const unsigned parts = a.with_cost ? blocks : 0;
  const auto done = [&] {
    const cudaError_t status = cudaGetLastError();
    return status != cudaSuccess ? status : sum_parts(a.parts, parts, 0, a.cost, stream);
  };
  if (blocks == 0) return done();
  if (a.dims > 3) {
    if (a.dof == 1.f)
      launch(rows_any_kernel<true>, blocks, kThreads, 0, stream, a);
    else
      launch(rows_any_kernel<false>, blocks, kThreads, 0, stream, a);
    return done();
  }
  return with_dims(a.dims, a.dof, [&](auto dims, auto unit) {
    constexpr int kDims = decltype(dims)::value;
    constexpr bool kUnitDof = decltype(unit)::value;
    switch (lanes_for(a)) {
      case 8:
        launch(rows_kernel<kDims, kUnitDof, 8>, blocks, kThreads, 0, stream, a);
        break;
      case 16:
        launch(rows_kernel<kDims, kUnitDof, 16>, blocks, kThreads, 0, stream, a);
        break;
      default:
        launch(rows_kernel<kDims, kUnitDof, 32>, blocks, kThreads, 0, stream, a);
    }
    return done();
  });
}

}  // namespace fasttsne::cuda
