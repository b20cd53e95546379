// Morton codes: the bits of the coordinates, interleaved. Points that are close in the order of
// their codes are close in space.
#pragma once
#include "math/portable.h"

namespace fasttsne::math {

// Bits per coordinate, chosen so that the code of all coordinates fits in 63 bits.
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

// Number of cells that the span of a coordinate is divided into.
template <int kDims>
inline constexpr double kMortonCells = double(uint64_t{1} << kMortonBits<kDims>);

// Cells per unit of length; 0 if all points coincide.
template <int kDims>
FASTTSNE_SHARED double morton_scale(double span) {
  return span > 0 ? kMortonCells<kDims> / span : 0;
}

// The cell of coordinate x. The upper end of the span belongs to the last cell; a NaN, to cell 0.
template <int kDims>
FASTTSNE_SHARED uint32_t morton_cell(float x, float low, double scale) {
  const double u = (double{x} - low) * scale, last = kMortonCells<kDims> - 1;
  return u > 0 ? static_cast<uint32_t>(u < last ? u : last) : 0;
}

// Code of a point from its cell along each axis, in [0, 2^kMortonBits).
template <int kDims>
FASTTSNE_SHARED constexpr uint64_t morton_code(const uint32_t* cell) {
  uint64_t code = 0;
  for (int m = 0; m < kDims; ++m) code |= spread_bits<kDims>(cell[m]) << m;
  return code;
}

}  // namespace fasttsne::math
