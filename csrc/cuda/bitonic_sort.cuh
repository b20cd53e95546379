// Bitonic sort of keys in shared memory by one thread block.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace fasttsne::cuda {

// The smallest power of two that is at least x.
__host__ __device__ inline int next_power_of_two(int x) {
  int p = 1;
  while (p < x) p *= 2;
  return p;
}

// Sorts keys[0 .. size), with size a power of two. All threads of the block must call it, after a
// barrier; it ends with a barrier.
template <int kThreads>
__device__ void sort_in_block(int64_t* keys, int size) {
  for (int run = 2; run <= size; run *= 2)
    for (int step = run / 2; step > 0; step /= 2) {
      for (int i = threadIdx.x; i < size; i += kThreads) {
        const int other = i ^ step;
        if (other > i) {
          const bool rising = (i & run) == 0;
          const int64_t x = keys[i], y = keys[other];
          if ((x > y) == rising) {
            keys[i] = y;
            keys[other] = x;
          }
        }
      }
      __syncthreads();
    }
}

}  // namespace fasttsne::cuda
