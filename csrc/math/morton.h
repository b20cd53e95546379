// Morton codes: the bits of the coordinates interleaved, so that sorted points are near in space.
#pragma once
#include "math/portable.h"

namespace fasttsne::math {

// Bits a coordinate, so that the code of all dimensions fits in 63.
template <int kDims>
inline constexpr int kMortonBits = kDims == 3 ? 21 : 31;

// Moves bit b of a coordinate to bit b * kDims.
template <int kDims>
FASTTSNE_SHARED constexpr uint64_t spread_bits(uint64_t x) {
  if constexpr (kDims == 2) {
    x &= 0x7fffffff;
    x = (x | x << 16) & 0x0000ffff0000ffff;
    x = (x | x << 8) & 0x00ff00ff00ff00ff;
    x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
    x = (x | x << 2) & 0x3333333333333333;
    x = (x | x << 1) & 0x5555555555555555;
  } else if constexpr (kDims == 3) {
    x &= 0x1fffff;
    x = (x | x << 32) & 0x001f00000000ffff;
    x = (x | x << 16) & 0x001f0000ff0000ff;
    x = (x | x << 8) & 0x100f00f00f00f00f;
    x = (x | x << 4) & 0x10c30c30c30c30c3;
    x = (x | x << 2) & 0x1249249249249249;
  }
  return x;
}

// Cells of a coordinate's span, and what turns a distance from its lower end into a cell.
template <int kDims>
inline constexpr double kMortonCells = double(uint64_t{1} << kMortonBits<kDims>);

template <int kDims>
FASTTSNE_SHARED double morton_scale(double span) {
  return span > 0 ? kMortonCells<kDims> / span : 0;
}

// The last cell is closed above; a NaN goes to the first.
template <int kDims>
FASTTSNE_SHARED uint32_t morton_cell(float x, float low, double scale) {
  const double u = (double{x} - low) * scale, last = kMortonCells<kDims> - 1;
  return u > 0 ? static_cast<uint32_t>(u < last ? u : last) : 0;
}

// Code of a point whose coordinates are already scaled to [0, 2^kMortonBits).
template <int kDims>
FASTTSNE_SHARED constexpr uint64_t morton_code(const uint32_t* cell) {
  uint64_t code = 0;
  for (int m = 0; m < kDims; ++m) code |= spread_bits<kDims>(cell[m]) << m;
  return code;
}

}  // namespace fasttsne::math
