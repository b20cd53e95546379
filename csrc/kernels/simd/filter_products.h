// From a square of inner products to hits: the last step of the distance tiles on matrix units.
#pragma once
#include "kernels/simd/distance_tiles_bf16.h"
#include "kernels/simd/vec.h"

namespace fasttsne::FASTTSNE_ISA {

// The products of the rows from `row` on of A and the rows from `column` on of B.
template <int kWidth>
FASTTSNE_INLINE void filter_products(const BlockScan& s, int64_t row, int64_t column,
                                     const float (&product)[kWidth][kWidth]) {
  Hit hits[kWidth * kWidth];
  constexpr int kVecs = kWidth / kLanes;
  Vec b_sq[kVecs], b_bound[kVecs];
  for (int v = 0; v < kVecs; ++v) {
    int64_t left = s.b_rows - column - v * kLanes;
    left = left < 0 ? 0 : left > kLanes ? kLanes : left;
    b_sq[v] = load_first(s.b_sq + column + v * kLanes, left, __builtin_inff());
    b_bound[v] = load_first(s.b_bound + column + v * kLanes, left, -__builtin_inff());
  }
  int found = 0;
  const int rows = s.a_rows - row < kWidth ? (int)(s.a_rows - row) : kWidth;
  for (int r = 0; r < rows; ++r) {
    const Vec a_sq = broadcast(s.a_sq[row + r]), a_bound = broadcast(s.a_bound[row + r]);
    for (int v = 0; v < kVecs; ++v) {
      // Columns past the end and NaNs are no hits, for the reason given in scan_panel.
      const Vec sq = max(Vec{}, a_sq + b_sq[v] - 2.0f * load(product[r] + v * kLanes));
      uint32_t passed = less_bits(sq, max(a_bound, b_bound[v]));
      while (passed) {
        const int lane = __builtin_ctz(passed);
        passed &= passed - 1;
        const int32_t i = (int32_t)(row + r), j = (int32_t)(column + v * kLanes + lane);
        if (s.diagonal && j <= i) continue;
        hits[found++] = {i, j, sq[lane]};
      }
    }
  }
  if (found) s.sink(s.context, hits, found);
}

}  // namespace fasttsne::FASTTSNE_ISA
