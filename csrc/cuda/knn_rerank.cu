#include "cuda/bitonic_sort.cuh"
#include "cuda/common.cuh"
#include "cuda/knn_rerank.h"
#include "cuda/warp_select.cuh"
#include "math/candidate.h"

namespace fasttsne::cuda {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / kWarp;

// One thread block per row.
__global__ void __launch_bounds__(kThreads) rerank_kernel(RerankArguments a) {
  int64_t* const keys = launched_shared();
  __shared__ int kept;
  __shared__ unsigned long long largest;
  const int64_t i = blockIdx.x;
  const int lane = threadIdx.x % kWarp;
  const int count = max(0, min(a.candidates.count[i], (int)a.candidates.capacity));
  const int keep = count < a.candidates.keep ? count : (int)a.candidates.keep;
  const int64_t* const from = a.candidates.keys + i * a.candidates.capacity;
  if (threadIdx.x == 0) {
    kept = 0;
    largest = 0;
  }
  __syncthreads();
  const int64_t below = count > keep ? warp_select(from, count, keep) : INT64_MAX;
  for (int c = threadIdx.x; c < count; c += kThreads) {
    const int64_t key = from[c];
    if (key >= below) continue;
    const int slot = atomicAdd(&kept, 1);  // the order does not matter: keys are sorted below
    if (slot < keep) keys[slot] = key;     // always true, unless keys are equal or negative
    atomicMax(&largest, (unsigned long long)key);
  }
  __syncthreads();
  const float* const x = a.X + i * a.depth;
  const int have = kept < keep ? kept : keep;
  for (int c = threadIdx.x / kWarp; c < have; c += kWarps) {
    const int64_t j = math::key_index(keys[c]);
    if (j >= a.X_rows) {  // not a row of X: dropped
      __syncwarp();
      if (lane == 0) keys[c] = INT64_MAX;
      continue;
    }
    float sq = 0;
    for (int64_t m = lane; m < a.depth; m += kWarp) {
      const float d = x[m] - __ldg(a.X + j * a.depth + m);
      sq += d * d;
    }
    sq = warp_sum_all(sq);
    __syncwarp();
    if (lane == 0) keys[c] = math::make_key(sq, j);
  }
  const int size = next_power_of_two((int)a.candidates.keep);
  for (int c = have + threadIdx.x; c < size; c += kThreads) keys[c] = INT64_MAX;
  __syncthreads();
  sort_in_block<kThreads>(keys, size);
  for (int c = threadIdx.x; c < a.k; c += kThreads) {
    a.indices[i * a.k + c] = (int32_t)math::key_index(keys[c]);
    a.sq_distances[i * a.k + c] = math::key_distance(keys[c]);
  }
  if (threadIdx.x == 0)
    a.unmeasured[i] = count > keep ? math::key_distance((int64_t)largest) : a.candidates.bound[i];
}

}  // namespace

cudaError_t knn_rerank(const RerankArguments& a, cudaStream_t stream) {
  if (a.n == 0) return cudaSuccess;
  const size_t bytes = sizeof(int64_t) * next_power_of_two((int)a.candidates.keep);
  launch(rerank_kernel, (unsigned)a.n, kThreads, bytes, stream, a);
  return cudaGetLastError();
}

}  // namespace fasttsne::cuda
