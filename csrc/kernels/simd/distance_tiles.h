// Tiles of the distance matrix: inner products blocked in registers. The tile is filtered while it
// is still in registers, and only the pairs that pass are passed on.
#pragma once
#include "kernels/simd/levels.h"

namespace fasttsne {

// A pair of rows that passed the filter: their numbers within their blocks, and |a - b|^2.
struct Hit {
  int32_t row, column;
  float sq_distance;
};
// Receives the hits of one register tile as soon as the tile is computed, so that the bounds
// tighten for the tiles that follow.
using HitSink = void(void* context, const Hit* hits, int count);

// The rows of block A against one packed panel of columns, which are rows of block B. A pair is a
// hit if its distance is below the bound of its row or the bound of its column.
struct PanelScan {
  const float* a;        // [a_rows, depth] row-major
  const float* a_sq;     // [a_rows] |a|^2
  const float* a_bound;  // [a_rows]
  const float* b_panel;  // from pack_panel, for b_columns columns
  const float* b_sq;     // [b_columns] |b|^2
  const float* b_bound;  // [b_columns]
  int64_t a_rows, b_columns, depth;
  int64_t first_column;  // number of the panel's first column within block B
  bool diagonal;         // A and B are the same block: report only column > row
  HitSink* sink;
  void* context;
};

FASTTSNE_DECLARE_LEVELS(
    // Most columns of a packed panel, which is [depth, panel_width()] or narrower.
    int64_t panel_width();
    // Transposes rows [0, count) of X into a panel for count columns; whoever uses it names the
    // same number.
    void pack_panel(const float* X, int64_t count, int64_t depth, float* panel);
    // Computes |a - b|^2 = |a|^2 + |b|^2 - 2ab for the whole panel and reports the hits.
    void scan_panel(const PanelScan& scan);
    // out[r, c] = |a_r - b_c|^2 from differences, which avoids cancellation. Rows of `out` are
    // out_stride numbers apart.
    void difference_panel(const float* a, int64_t a_rows, const float* panel, int64_t columns,
                          int64_t depth, float* out, int64_t out_stride);
    // out[c] = |x - X[index[c]]|^2 from differences, for c < count.
    void sq_distances_to(const float* x, const float* X, const int32_t* index, int64_t count,
                         int64_t depth, float* out))

}  // namespace fasttsne
