// Tiles of the distance matrix: register-blocked inner products with the consumer fused in.
#pragma once
#include "kernels/simd/levels.h"

namespace fasttsne {

// A pair of rows that passed the filter: numbers within their blocks and |a - b|^2.
struct Hit {
  int32_t row, column;
  float sq_distance;
};
// Takes the hits of one register tile as soon as it is done, so that bounds tighten at once.
using HitSink = void(void* context, const Hit* hits, int count);

// Block A (rows) against one packed panel of block B (columns).
struct PanelScan {
  const float* a;        // [a_rows, depth] row-major
  const float* a_sq;     // [a_rows] |a|^2
  const float* a_bound;  // [a_rows] a pair is a hit below the bound of its row ...
  const float* b_panel;  // [depth, panel width] from pack_panel
  const float* b_sq;     // [b_columns]
  const float* b_bound;  // [b_columns] ... or below that of its column
  int64_t a_rows, b_columns, depth;
  int64_t first_column;  // of the panel within block B
  bool diagonal;         // A is B: only columns above the row
  HitSink* sink;
  void* context;
};

FASTTSNE_DECLARE_LEVELS(
    // Columns of a packed panel.
    int64_t panel_width();
    // rows [0, count) of X -> [depth, panel_width], zeros past count.
    void pack_panel(const float* X, int64_t count, int64_t depth, float* panel);
    // |a - b|^2 = |a|^2 + |b|^2 - 2ab for the whole panel; reports hits.
    void scan_panel(const PanelScan& scan);
    // out[r, c] = sum (a_r - b_c)^2 by differences: no cancellation. out has row stride out_stride.
    void difference_panel(const float* a, int64_t a_rows, const float* panel, int64_t columns,
                          int64_t depth, float* out, int64_t out_stride);
    // out[c] = |x - X[index[c]]|^2 by differences.
    void sq_distances_to(const float* x, const float* X, const int32_t* index, int64_t count,
                         int64_t depth, float* out))

}  // namespace fasttsne
