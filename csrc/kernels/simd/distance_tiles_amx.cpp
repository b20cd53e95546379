// Distance tiles on Intel's AMX.
#include "kernels/simd/distance_tiles_bf16.h"
#include "kernels/simd/filter_products.h"
#include "kernels/simd/vec.h"

namespace fasttsne::FASTTSNE_ISA {
namespace {

// A tile register has 16 rows of 64 bytes, that is, 32 bf16 along the depth.
constexpr int kSide = 16, kDepth = 32;
constexpr int64_t kTileBytes = 1024;
constexpr int kWidth = 2 * kSide;            // side of the square of products kept in registers
constexpr int64_t kPanelBytes = 512 * 1024;  // a quarter of the L2 cache of the CPUs with AMX

// The number of groups of kSide rows, rounded up to an even number, and of steps of kDepth columns.
int64_t row_groups(int64_t rows) { return (rows + 2 * kSide - 1) / (2 * kSide) * 2; }
int64_t depth_steps(int64_t depth) { return (depth + kDepth - 1) / kDepth; }

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t column_bytes[16] = {};
  uint8_t rows[16] = {};
};

void configure_tiles() {
  TileConfig config;
  for (int t = 0; t < 8; ++t) {
    config.column_bytes[t] = 64;
    config.rows[t] = kSide;
  }
  _tile_loadconfig(&config);
}

FASTTSNE_INLINE __m512i bits(__m512bh x) { return (__m512i)x; }

// Two consecutive vectors of floats, rounded to 32 bf16.
FASTTSNE_INLINE __m512i to_bf16(Vec first, Vec second) {
  return bits(_mm512_cvtne2ps_pbh((__m512)second, (__m512)first));
}
FASTTSNE_INLINE Vec from_bf16(__m256i half) {
  return (Vec)_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16);
}

// Transposes 16 x 16 elements of 32 bits.
FASTTSNE_INLINE void transpose(__m512i (&r)[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; ++i) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
  }
}

// Packs the rows of X into tiles [group][step][hi, lo]. The right operand of a product
// (kTransposed) is stored transposed in units of two bf16, as the instruction requires.
template <bool kTransposed>
void pack(const float* X, int64_t rows, int64_t depth, uint8_t* tiles) {
  for (int64_t g = 0; g < row_groups(rows); ++g) {
    for (int64_t s = 0; s < depth_steps(depth); ++s) {
      __m512i hi[kSide], lo[kSide];
      const int64_t left = depth - s * kDepth;
      for (int r = 0; r < kSide; ++r) {
        const int64_t row = g * kSide + r;
        if (row >= rows) {
          hi[r] = lo[r] = _mm512_setzero_si512();
          continue;
        }
        const float* x = X + row * depth + s * kDepth;
        const auto part = [&](int64_t from) __attribute__((always_inline)) {
          const int64_t count = left - from;
          return count >= kLanes ? load(x + from)
                 : count > 0     ? load_first(x + from, count, 0.f)
                                 : Vec{};
        };
        const Vec first = part(0), second = part(kLanes);
        hi[r] = to_bf16(first, second);
        lo[r] = to_bf16(first - from_bf16(_mm512_castsi512_si256(hi[r])),
                        second - from_bf16(_mm512_extracti64x4_epi64(hi[r], 1)));
      }
      if constexpr (kTransposed) {
        transpose(hi);
        transpose(lo);
      }
      for (int r = 0; r < kSide; ++r) {
        _mm512_store_si512(tiles + 64 * r, hi[r]);
        _mm512_store_si512(tiles + kTileBytes + 64 * r, lo[r]);
      }
      tiles += 2 * kTileBytes;
    }
  }
}

// The 32 x 32 inner products of two groups of A and two groups of B, over `count` steps.
FASTTSNE_INLINE void multiply(const uint8_t* a, const uint8_t* b, int64_t count,
                              float (&product)[2 * kSide][2 * kSide]) {
  const int64_t group = count * 2 * kTileBytes;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int64_t s = 0; s < count; ++s, a += 2 * kTileBytes, b += 2 * kTileBytes) {
    const auto multiply_four = [] {
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    };
    _tile_loadd(4, a, 64);  // hi of A
    _tile_loadd(5, a + group, 64);
    _tile_loadd(6, b + kTileBytes, 64);  // lo of B
    _tile_loadd(7, b + group + kTileBytes, 64);
    multiply_four();
    _tile_loadd(6, b, 64);  // hi of B
    _tile_loadd(7, b + group, 64);
    multiply_four();
    _tile_loadd(4, a + kTileBytes, 64);  // lo of A
    _tile_loadd(5, a + group + kTileBytes, 64);
    multiply_four();
  }
  constexpr int kStride = 2 * kSide * sizeof(float);
  _tile_stored(0, product[0], kStride);
  _tile_stored(1, product[0] + kSide, kStride);
  _tile_stored(2, product[kSide], kStride);
  _tile_stored(3, product[kSide] + kSide, kStride);
}

}  // namespace

int64_t scratch_bytes(int64_t a_rows, int64_t b_rows, int64_t depth) {
  return (row_groups(a_rows) + row_groups(b_rows)) * depth_steps(depth) * 2 * kTileBytes;
}

void scan_block(const BlockScan& s) {
  const int64_t count = depth_steps(s.depth), pair_bytes = 2 * count * 2 * kTileBytes;
  uint8_t* const a_tiles = static_cast<uint8_t*>(s.scratch);
  uint8_t* const b_tiles = a_tiles + row_groups(s.a_rows) * count * 2 * kTileBytes;
  pack<false>(s.a, s.a_rows, s.depth, a_tiles);
  pack<true>(s.b, s.b_rows, s.depth, b_tiles);
  configure_tiles();
  // A panel of columns stays in the L2 cache while all rows, 32 at a time, are multiplied by it.
  const int64_t fit = kPanelBytes / pair_bytes, panel = (fit > 1 ? fit : 1) * kWidth;
  for (int64_t first = 0; first < s.b_rows; first += panel) {
    const int64_t last = first + panel < s.b_rows ? first + panel : s.b_rows;
    for (int64_t row = 0; row < s.a_rows; row += kWidth)
      for (int64_t column = first; column < last; column += kWidth) {
        // Skip a tile with no pair above the diagonal.
        if (s.diagonal && row >= column + kWidth) continue;
        alignas(64) float product[kWidth][kWidth];
        multiply(a_tiles + row / kWidth * pair_bytes, b_tiles + column / kWidth * pair_bytes, count,
                 product);
        filter_products(s, row, column, product);
      }
  }
  _tile_release();
}

}  // namespace fasttsne::FASTTSNE_ISA
