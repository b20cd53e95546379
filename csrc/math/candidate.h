// A candidate neighbour packed into one 64-bit key: the bits of its squared distance in the upper
// half, its index in the lower half. Floats >= 0 compare like their bits read as integers, so
// comparing keys compares (distance, index) pairs.
#pragma once
#include "math/portable.h"

namespace fasttsne::math {

FASTTSNE_SHARED int64_t make_key(float sq_distance, int64_t index) {
  return ((int64_t)__builtin_bit_cast(int32_t, sq_distance) << 32) | index;
}
FASTTSNE_SHARED float key_distance(int64_t key) {
  return __builtin_bit_cast(float, (int32_t)(key >> 32));
}
FASTTSNE_SHARED int64_t key_index(int64_t key) { return key & 0xffffffff; }

}  // namespace fasttsne::math
