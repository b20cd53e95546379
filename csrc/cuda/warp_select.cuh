// The smallest of a list of distinct 64-bit keys, found by one warp.
#pragma once
#include "cuda/common.cuh"

namespace fasttsne::cuda {

// A threshold below which exactly `keep` of `count` distinct keys lie, with keep < count: a binary
// search over the bits of the keys. Called by all lanes of a warp.
__device__ inline int64_t warp_select(const int64_t* keys, int count, int keep) {
  int64_t below = 0;
  for (int bit = 62; bit >= 0; --bit) {
    const int64_t middle = below | (int64_t{1} << bit);
    int found = 0;
    for (int c = threadIdx.x % kWarp; c < count; c += kWarp) found += keys[c] < middle;
    found = warp_sum_all(found);
    if (found <= keep) below = middle;
    if (found == keep) break;
  }
  return below;
}

}  // namespace fasttsne::cuda
