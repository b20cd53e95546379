#include "kernels/simd/distance_tiles.h"

#include "kernels/simd/vec.h"

namespace fasttsne::FASTTSNE_ISA {
namespace {

// A tile is kRows x kVecs vectors, so that its accumulators fill the register file: 8 x 3 of the 32
// registers of AVX-512 and of NEON, 4 x 3 of the 16 registers of other levels. A panel of few
// columns has as many vectors as these take.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kRows = 8;
#else
constexpr int kRows = 4;
#endif
constexpr int kMostVecs = 3;

template <int kVecs>
struct Tile {
  Vec value[kRows][kVecs];
};

// Calls run.template operator()<kVecs>() with the number of vectors that hold `columns` columns.
template <class Run>
FASTTSNE_INLINE void with_vecs(int64_t columns, const Run& run) {
  if (columns <= kLanes)
    run.template operator()<1>();
  else if (columns <= 2 * kLanes)
    run.template operator()<2>();
  else
    run.template operator()<kMostVecs>();
}

// The inner products, or with kDifference the squared distances, of kRows rows of A and the panel.
template <bool kDifference, int kVecs>
FASTTSNE_INLINE Tile<kVecs> multiply(const float* const (&a)[kRows], const float* panel,
                                     int64_t depth) {
  Tile<kVecs> tile{};
  for (int64_t p = 0; p < depth; ++p) {
    Vec b[kVecs];
#pragma GCC unroll 3
    for (int v = 0; v < kVecs; ++v) b[v] = load(panel + (p * kVecs + v) * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Vec x = broadcast(a[r][p]);
#pragma GCC unroll 3
      for (int v = 0; v < kVecs; ++v) {
        if constexpr (kDifference) {
          const Vec difference = x - b[v];
          tile.value[r][v] += difference * difference;
        } else {
          tile.value[r][v] += x * b[v];
        }
      }
    }
  }
  return tile;
}

// Pointers to kRows rows of A. Those past the end point to the last row; their results are dropped.
FASTTSNE_INLINE void row_pointers(const float* a, int64_t first, int64_t rows, int64_t depth,
                                  const float* (&out)[kRows]) {
  for (int r = 0; r < kRows; ++r) {
    const int64_t row = first + r < rows ? first + r : rows - 1;
    out[r] = a + row * depth;
  }
}

template <int kVecs>
FASTTSNE_INLINE void pack(const float* X, int64_t count, int64_t depth, float* panel) {
  constexpr int kPanel = kVecs * kLanes;
  for (int64_t p = 0; p < depth; ++p)
    for (int64_t c = 0; c < kPanel; ++c) panel[p * kPanel + c] = c < count ? X[c * depth + p] : 0.f;
}

template <int kVecs>
FASTTSNE_INLINE void scan(const PanelScan& s) {
  constexpr int kPanel = kVecs * kLanes;
  const float infinity = __builtin_inff();
  Vec b_sq[kVecs], b_bound[kVecs];
  Hit hits[kRows * kPanel];
  for (int64_t first = 0; first < s.a_rows; first += kRows) {
    // From these rows on, the panel has no column above the diagonal.
    if (s.diagonal && first >= s.first_column + kPanel) break;
    for (int v = 0; v < kVecs; ++v) {
      int64_t left = s.b_columns - v * kLanes;
      left = left < 0 ? 0 : left > kLanes ? kLanes : left;
      b_sq[v] = load_first(s.b_sq + v * kLanes, left, infinity);
      b_bound[v] = load_first(s.b_bound + v * kLanes, left, -infinity);
    }
    const float* a[kRows];
    row_pointers(s.a, first, s.a_rows, s.depth, a);
    const Tile<kVecs> tile = multiply<false, kVecs>(a, s.b_panel, s.depth);
    int count = 0;
    const int rows = s.a_rows - first < kRows ? (int)(s.a_rows - first) : kRows;
    for (int r = 0; r < rows; ++r) {
      const Vec a_sq = broadcast(s.a_sq[first + r]), a_bound = broadcast(s.a_bound[first + r]);
      for (int v = 0; v < kVecs; ++v) {
        // Past the end of the block, |b|^2 is infinite, so the sum is infinite or NaN. max returns
        // its second argument if one of the two is NaN, so a NaN stays NaN. Neither is below any
        // bound, so neither is a hit. The same holds for a NaN within the block.
        const Vec sq = max(Vec{}, a_sq + b_sq[v] - 2.0f * tile.value[r][v]);
        // One comparison tests both bounds: below the larger of the two.
        uint32_t bits = less_bits(sq, max(a_bound, b_bound[v]));
        while (bits) {
          const int lane = __builtin_ctz(bits);
          bits &= bits - 1;
          const int32_t row = (int32_t)(first + r);
          const int32_t column = (int32_t)(s.first_column + v * kLanes + lane);
          if (s.diagonal && column <= row) continue;
          hits[count++] = {row, column, sq[lane]};
        }
      }
    }
    if (count) s.sink(s.context, hits, count);
  }
}

template <int kVecs>
FASTTSNE_INLINE void differences(const float* a, int64_t a_rows, const float* panel,
                                 int64_t columns, int64_t depth, float* out, int64_t out_stride) {
  for (int64_t first = 0; first < a_rows; first += kRows) {
    const float* rows[kRows];
    row_pointers(a, first, a_rows, depth, rows);
    const Tile<kVecs> tile = multiply<true, kVecs>(rows, panel, depth);
    for (int r = 0; r < kRows && first + r < a_rows; ++r)
      for (int v = 0; v < kVecs; ++v) {
        const int64_t left = columns - v * kLanes;
        float* to = out + (first + r) * out_stride + v * kLanes;
        if (left >= kLanes)
          store(to, tile.value[r][v]);
        else if (left > 0)
          store_first(to, left, tile.value[r][v]);
      }
  }
}

}  // namespace

int64_t panel_width() { return kMostVecs * kLanes; }

void pack_panel(const float* X, int64_t count, int64_t depth, float* panel) {
  with_vecs(count, [&]<int kVecs>() { pack<kVecs>(X, count, depth, panel); });
}

void scan_panel(const PanelScan& s) {
  with_vecs(s.b_columns, [&]<int kVecs>() { scan<kVecs>(s); });
}

void difference_panel(const float* a, int64_t a_rows, const float* panel, int64_t columns,
                      int64_t depth, float* out, int64_t out_stride) {
  with_vecs(columns, [&]<int kVecs>() {
    differences<kVecs>(a, a_rows, panel, columns, depth, out, out_stride);
  });
}

void sq_distances_to(const float* x, const float* X, const int32_t* index, int64_t count,
                     int64_t depth, float* out) {
  for (int64_t c = 0; c < count; ++c) {
    const float* other = X + (int64_t)index[c] * depth;
    Vec total{};
    int64_t p = 0;
    for (; p + kLanes <= depth; p += kLanes) {
      const Vec difference = load(x + p) - load(other + p);
      total += difference * difference;
    }
    if (p < depth) {
      const Vec difference =
          load_first(x + p, depth - p, 0.f) - load_first(other + p, depth - p, 0.f);
      total += difference * difference;
    }
    out[c] = sum(total);
  }
}

}  // namespace fasttsne::FASTTSNE_ISA
