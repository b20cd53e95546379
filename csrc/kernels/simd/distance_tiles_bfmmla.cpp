// Distance tiles by BFMMLA, the instruction of ARM that multiplies 2 x 4 by 4 x 2 numbers of bf16.
#include "kernels/simd/distance_tiles_bf16.h"
#include "kernels/simd/filter_products.h"
#include "kernels/simd/vec.h"

namespace fasttsne::FASTTSNE_ISA {
namespace {

// An operand has kDepth columns of two rows. A tile is kWidth x kWidth products, in 16 of the 32
// registers.
constexpr int kDepth = 4, kWidth = 8, kPairs = kWidth / 2;
constexpr int64_t kStepNumbers = kPairs * 2 * 8;  // of bf16: [pair][hi, lo][2 rows][kDepth]
constexpr int64_t kPanelBytes = 256 * 1024;       // a part of the L2 cache

int64_t row_groups(int64_t rows) { return (rows + kWidth - 1) / kWidth; }
int64_t depth_steps(int64_t depth) { return (depth + kDepth - 1) / kDepth; }

FASTTSNE_INLINE float32x4_t from_bf16(bfloat16x4_t x) { return vcvt_f32_bf16(x); }

// Packs the rows of X as [group of kWidth][step][pair][hi, lo]; zeros past the end.
void pack(const float* X, int64_t rows, int64_t depth, bfloat16_t* to) {
  for (int64_t g = 0; g < row_groups(rows); ++g)
    for (int64_t s = 0; s < depth_steps(depth); ++s, to += kStepNumbers)
      for (int r = 0; r < kWidth; ++r) {
        const int64_t row = g * kWidth + r, left = depth - s * kDepth;
        Vec x{};
        if (row < rows) {
          const float* const from = X + row * depth + s * kDepth;
          x = left >= kDepth ? load(from) : load_first(from, left, 0.f);
        }
        const bfloat16x4_t hi = vcvt_bf16_f32((float32x4_t)x);
        const bfloat16x4_t lo = vcvt_bf16_f32((float32x4_t)x - from_bf16(hi));
        bfloat16_t* const pair = to + r / 2 * 16 + r % 2 * kDepth;
        vst1_bf16(pair, hi);
        vst1_bf16(pair + 8, lo);
      }
}

// The inner products of one group of A and one of B.
FASTTSNE_INLINE void multiply(const bfloat16_t* a, const bfloat16_t* b, int64_t steps,
                              float (&product)[kWidth][kWidth]) {
  float32x4_t sums[kPairs][kPairs] = {};
  const auto load_pairs_of = [](const bfloat16_t* from, bfloat16x8_t(&to)[kPairs])
                                 __attribute__((always_inline)) {
                                   for (int p = 0; p < kPairs; ++p)
                                     to[p] = vld1q_bf16(from + 16 * p);
                                 };
  for (int64_t s = 0; s < steps; ++s, a += kStepNumbers, b += kStepNumbers) {
    bfloat16x8_t left[kPairs], right[kPairs];
    const auto multiply_all = [&]() __attribute__((always_inline)) {
      for (int i = 0; i < kPairs; ++i)
        for (int j = 0; j < kPairs; ++j) sums[i][j] = vbfmmlaq_f32(sums[i][j], left[i], right[j]);
    };
    load_pairs_of(a, left);
    load_pairs_of(b + 8, right);  // lo of B
    multiply_all();
    load_pairs_of(b, right);
    multiply_all();
    load_pairs_of(a + 8, left);  // lo of A
    multiply_all();
  }
  for (int i = 0; i < kPairs; ++i)
    for (int j = 0; j < kPairs; ++j) {
      vst1_f32(&product[2 * i][2 * j], vget_low_f32(sums[i][j]));
      vst1_f32(&product[2 * i + 1][2 * j], vget_high_f32(sums[i][j]));
    }
}

}  // namespace

int64_t scratch_bytes(int64_t a_rows, int64_t b_rows, int64_t depth) {
  return (row_groups(a_rows) + row_groups(b_rows)) * depth_steps(depth) * kStepNumbers *
         (int64_t)sizeof(bfloat16_t);
}

void scan_block(const BlockScan& s) {
  const int64_t steps = depth_steps(s.depth), group = steps * kStepNumbers;
  auto* const a = static_cast<bfloat16_t*>(s.scratch);
  auto* const b = a + row_groups(s.a_rows) * group;
  pack(s.a, s.a_rows, s.depth, a);
  pack(s.b, s.b_rows, s.depth, b);
  // A panel of columns stays in the cache while all rows are multiplied by it.
  const int64_t fit = kPanelBytes / (group * (int64_t)sizeof(bfloat16_t));
  const int64_t panel = (fit > 1 ? fit : 1) * kWidth;
  for (int64_t first = 0; first < s.b_rows; first += panel) {
    const int64_t last = first + panel < s.b_rows ? first + panel : s.b_rows;
    for (int64_t row = 0; row < s.a_rows; row += kWidth)
      for (int64_t column = first; column < last; column += kWidth) {
        // Skip a tile with no pair above the diagonal.
        if (s.diagonal && row >= column + kWidth) continue;
        float product[kWidth][kWidth];
        multiply(a + row / kWidth * group, b + column / kWidth * group, steps, product);
        filter_products(s, row, column, product);
      }
  }
}

}  // namespace fasttsne::FASTTSNE_ISA
