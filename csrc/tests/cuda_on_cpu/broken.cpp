#include "cuda_on_cpu/broken.h"

#include <mma.h>

#include "cuda/launch.cuh"

namespace fasttsne::tests {
namespace {

constexpr int kThreads = 64;
constexpr unsigned kAllLanes = 0xffffffffu;

__global__ void right(int* out) {
  __shared__ int values[kThreads];
  values[threadIdx.x] = (int)threadIdx.x;
  __syncthreads();
  out[threadIdx.x] = values[(threadIdx.x + 1) % kThreads];
}
__global__ void right_in_a_warp(int* out) {
  __shared__ int values[kThreads];
  const unsigned t = threadIdx.x;
  values[t] = (int)t;
  __syncwarp();
  out[t] = values[t ^ 1] + __shfl_xor_sync(kAllLanes, (int)t, 1);
}
__global__ void right_by_fences(int* out) {
  // The second of two blocks reads what the first has written. The count begins at -1.
  out[blockIdx.x] = 1;
  __threadfence();
  if (atomicAdd(out + 2, 1) % 2 == 0) {
    __threadfence();
    out[3] = out[1 - blockIdx.x];
  }
}

__global__ void no_barrier(int* out) {
  __shared__ int values[kThreads];
  values[threadIdx.x] = (int)threadIdx.x;
  out[threadIdx.x] = values[(threadIdx.x + 1) % kThreads];
}
__global__ void no_warp_barrier(int* out) {
  __shared__ int values[kThreads];
  const unsigned t = threadIdx.x;
  values[t] = (int)t;
  const int other = __shfl_xor_sync(kAllLanes, (int)t, 1);  // orders no memory
  out[t] = values[other];
}
__global__ void barrier_after_reading_is_missing(int* out) {
  __shared__ int value;
  for (int i = 0; i < 2; ++i) {
    if (threadIdx.x == 0) value = i;
    __syncthreads();
    out[threadIdx.x] = value;
  }
}
__global__ void blocks_write_one_place(int* out) {
  if (threadIdx.x == 0) out[0] = (int)blockIdx.x;
}
__global__ void blocks_overlap(int* out) { out[blockIdx.x + threadIdx.x] = (int)blockIdx.x; }
__global__ void no_fence(int* out) {
  if (threadIdx.x > 0) return;
  out[blockIdx.x] = 1;
  if (atomicAdd(out + 2, 1) % 2 == 0) out[3] = out[1 - blockIdx.x];
}
__global__ void no_fence_after(int* out) {
  if (threadIdx.x > 0) return;
  out[blockIdx.x] = 1;
  __threadfence();
  if (atomicAdd(out + 2, 1) % 2 == 0) out[3] = out[1 - blockIdx.x];
}
__global__ void outside(int* out) {
  if (threadIdx.x == kThreads - 1) out[threadIdx.x + 1] = 0;
}
__global__ void outside_of_shared(int* out) {
  __shared__ int values[kThreads];
  values[threadIdx.x + 1] = 1;
  __syncthreads();
  out[threadIdx.x] = values[threadIdx.x];
}
__global__ void outside_of_launched(int* out) {
  int64_t* const values = cuda::launched_shared();
  values[threadIdx.x] = 1;
  out[threadIdx.x] = (int)values[threadIdx.x];
}
__global__ void not_initialised(int* out) {
  __shared__ int values[kThreads];
  if (threadIdx.x > 0) values[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = values[threadIdx.x];
}
__global__ void launched_not_initialised(int* out) {
  out[threadIdx.x] = (int)cuda::launched_shared()[threadIdx.x];
}
__global__ void overflow(int* out) {
  const int row = (int)threadIdx.x * 100'000'000;
  out[threadIdx.x] = row / 100'000'000;
}
__global__ void barrier_of_some(int* out) {
  if (threadIdx.x < 32) __syncthreads();
  out[threadIdx.x] = 0;
}
__global__ void different_barriers(int* out) {
  if (threadIdx.x < 32)
    __syncthreads();
  else
    __syncthreads();
  out[threadIdx.x] = 0;
}
__global__ void left_before_barrier(int* out) {
  if (threadIdx.x == 7) return;
  __syncthreads();
  out[threadIdx.x] = 0;
}
__global__ void not_in_own_mask(int* out) { out[threadIdx.x] = __shfl_xor_sync(0xfffffffeu, 1, 1); }
__global__ void left_before_vote(int* out) {
  if (threadIdx.x == 3) return;
  out[threadIdx.x] = (int)__ballot_sync(kAllLanes, true);
}
__global__ void reads_outside_of_mask(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_down_sync(0xffffu, 1, 8);
}
__global__ void diverged(int* out) {
  if (threadIdx.x % 2 == 0)
    out[threadIdx.x] = __shfl_down_sync(kAllLanes, 1, 1);
  else
    out[threadIdx.x] = __shfl_down_sync(kAllLanes, 2, 1);
}
__global__ void warp_and_barrier(int* out) {
  if (threadIdx.x == 0)
    __syncwarp();
  else
    __syncthreads();
  out[threadIdx.x] = 0;
}
__global__ void not_aligned(int* out) {
  alignas(32) __shared__ float products[16 * 16 + 8];
  nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, 16, float> one;
  nvcuda::wmma::fill_fragment(one, 1.f);
  nvcuda::wmma::store_matrix_sync(products + 1, one, 16, nvcuda::wmma::mem_row_major);
  out[threadIdx.x] = (int)products[1];
}

template <void (*kernel)(int*), unsigned kBlocks = 1, unsigned kBlock = kThreads, size_t kBytes = 0>
void run(int* out) {
  cuda::launch(kernel, kBlocks, kBlock, kBytes, nullptr, out);
}
void too_high_grid(int* out) { cuda::launch(right, dim3(1, 70'000), kThreads, 0, nullptr, out); }

}  // namespace

const std::vector<Broken> kBroken{
    {"a barrier is missing", Told::by_result, "", run<no_barrier>},
    {"a barrier is missing, a race", Told::by_thread, "", run<no_barrier>},
    {"a warp's barrier is missing", Told::by_thread, "", run<no_warp_barrier>},
    {"a barrier is missing after reading", Told::by_thread, "",
     run<barrier_after_reading_is_missing>},
    {"two blocks write one place", Told::by_thread, "", run<blocks_write_one_place, 2>},
    {"blocks overlap", Told::by_thread, "", run<blocks_overlap, 2, kThreads - 1>},
    {"a fence is missing", Told::by_thread, "", run<no_fence, 2>},
    {"the fence after an atomic is missing", Told::by_thread, "", run<no_fence_after, 2>},
    {"outside of an array", Told::by_address, "", run<outside>},
    {"outside of shared memory", Told::by_address, "", run<outside_of_shared>},
    {"outside of the memory of the launch", Told::by_address, "",
     run<outside_of_launched, 1, kThreads, 8 * kThreads - 8>},
    {"shared memory is not initialised", Told::by_result, "", run<not_initialised>},
    {"memory of the launch is not initialised", Told::by_result, "",
     run<launched_not_initialised, 1, kThreads, 8 * kThreads>},
    {"an index overflows", Told::by_undefined, "", run<overflow>},
    {"some threads reach no barrier", Told::by_launch, "have left the kernel",
     run<barrier_of_some>},
    {"different barriers", Told::by_launch, "different barriers", run<different_barriers>},
    {"a thread has left before a barrier", Told::by_launch, "1 threads of the block have left",
     run<left_before_barrier>},
    {"a lane is not in its own mask", Told::by_launch, "lane 0 is not in its own mask",
     run<not_in_own_mask>},
    {"a lane has left before a vote", Told::by_launch, "names lane 3", run<left_before_vote>},
    {"a lane is read that is not in the mask", Told::by_launch, "lane 8 reads lane 16",
     run<reads_outside_of_mask>},
    {"the lanes of a warp diverge", Told::by_launch, "wait for each other", run<diverged>},
    {"a warp's barrier beside a block's", Told::by_launch, "wait for each other",
     run<warp_and_barrier>},
    {"a fragment is not aligned", Told::by_launch, "not aligned", run<not_aligned>},
    {"too many threads", Told::by_launch, "1,024", run<right, 1, 2048>},
    {"no blocks", Told::by_launch, "blocks", run<right, 0>},
    {"a grid too high", Told::by_launch, "65,535", too_high_grid},
    {"too much shared memory", Told::by_launch, "48 KiB", run<right, 1, kThreads, 50'000>},
};
const std::vector<Broken> kRight{
    {"barriers", Told::by_launch, "", run<right>},
    {"warps", Told::by_launch, "", run<right_in_a_warp, 1>},
    {"fences", Told::by_launch, "", run<right_by_fences, 2, 1>},
};

}  // namespace fasttsne::tests
