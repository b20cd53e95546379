#include "cuda/common.cuh"
#include "cuda/repulsive_bh.h"
#include "math/opening_criterion.h"

namespace fasttsne::cuda {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / kWarp;
// The points of a node of at most this size are summed directly instead of opening the node.
constexpr int kLeafSize = 16;
// More than the depth of any tree: at most 63 levels from the bits of a code and 31 from the bits
// of a sorted position.
constexpr int kStackSize = 96;

template <int kDims, bool kUnitDof>
__global__ void __launch_bounds__(kThreads) walk_kernel(BarnesHutArguments a) {
  __shared__ int32_t stacks[kWarps][kStackSize];
  int32_t* const stack = stacks[threadIdx.x / kWarp];
  const TreeArguments& tree = a.tree;
  const int64_t place = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  const int64_t first = place / kWarp * kWarp, last = first + kWarp;  // the warp's points
  const Student<kUnitDof> student(a.dof);
  const math::OpeningCriterion opening(a.theta, a.dof);

  // Lanes past the end use the last point, and their result is dropped.
  const int64_t mine = place < tree.n ? place : tree.n - 1;
  float y[kDims], low[kDims], high[kDims];
  for (int m = 0; m < kDims; ++m) {
    y[m] = tree.sorted[mine * kDims + m];
    low[m] = warp_min_all(y[m]);
    high[m] = warp_max_all(y[m]);
  }
  float force[kDims] = {};
  double z = 0;
  float part_z = 0;
  const auto add = [&](const float* source, float count) {
    float d[kDims], d2 = 0;
    for (int m = 0; m < kDims; ++m) {
      d[m] = y[m] - source[m];
      d2 += d[m] * d[m];
    }
    const float w = student.w(d2), q = count * student.q(d2, w), push = q * w;
    part_z += q;
    for (int m = 0; m < kDims; ++m) force[m] += push * d[m];
  };

  int depth = 0;
  if (first < tree.n) {
    if (threadIdx.x % kWarp == 0) stack[0] = tree.n > 1 ? 0 : ~0;
    depth = 1;
  }
  __syncwarp();
  while (depth > 0) {
    const int32_t at = stack[--depth];
    __syncwarp();
    if (at < 0) {
      add(tree.sorted + int64_t{~at} * kDims, 1.f);
      continue;
    }
    const TreeNode node = tree.nodes[at];
    float center[kDims], extent = 0;
    for (int m = 0; m < kDims; ++m) {
      center[m] = tree.centers[int64_t{at} * kDims + m];
      extent =
          fmaxf(extent, tree.high[int64_t{at} * kDims + m] - tree.low[int64_t{at} * kDims + m]);
    }
    const bool contains_own = node.begin < last && first < node.end;
    const float sq_distance = math::sq_distance_to_box<kDims>(center, low, high);
    if (opening.acts_as_one_point(extent, sq_distance, contains_own)) {
      add(center, (float)(node.end - node.begin));
    } else if (node.end - node.begin <= kLeafSize) {
      for (int64_t p = node.begin; p < node.end; ++p) add(tree.sorted + p * kDims, 1.f);
    } else {
      if (threadIdx.x % kWarp == 0) {
        stack[depth] = node.right;
        stack[depth + 1] = node.left;
      }
      depth += 2;
      __syncwarp();
      continue;
    }
    // Add to the float64 sum often, before the float32 sum is large compared with its terms.
    z += part_z;
    part_z = 0;
  }
  z += part_z;
  if (place < tree.n) {
    float* const to = a.forces + int64_t{a.order[place]} * kDims;
    for (int m = 0; m < kDims; ++m) to[m] = force[m];
  }
  z = block_sum<kThreads>(place < tree.n ? z : 0.0);
  if (threadIdx.x == 0) a.parts[blockIdx.x] = z;
}

}  // namespace

int64_t repulsive_bh_parts(int64_t n) { return blocks_for(n, kThreads); }

cudaError_t repulsive_bh(const BarnesHutArguments& a, cudaStream_t stream) {
  const unsigned blocks = blocks_for(a.tree.n, kThreads);
  if (blocks > 0)
    with_dims(a.tree.dims, a.dof, [&](auto dims, auto unit) {
      launch(walk_kernel<decltype(dims)::value, (bool)decltype(unit)::value>, blocks, kThreads, 0,
             stream, a);
      return cudaSuccess;
    });
  const cudaError_t status = cudaGetLastError();
  if (status != cudaSuccess) return status;
  // Subtract the term of every point with itself, which is q = 1.
  return sum_parts(a.parts, blocks, (double)a.tree.n, a.Z, stream);
}

}  // namespace fasttsne::cuda
