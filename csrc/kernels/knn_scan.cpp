#include "kernels/knn_scan.h"

#include <algorithm>

#include "kernels/simd/distance_tiles_bf16.h"

namespace fasttsne {
namespace {

struct Sink {
  Candidates* candidates;
  int64_t a_begin, b_begin;
};

void offer_hits(void* context, const Hit* hits, int count) {
  const Sink& sink = *static_cast<const Sink*>(context);
  for (int h = 0; h < count; ++h) {
    const int64_t i = sink.a_begin + hits[h].row, j = sink.b_begin + hits[h].column;
    offer(*sink.candidates, i, hits[h].sq_distance, j);
    offer(*sink.candidates, j, hits[h].sq_distance, i);
  }
}

}  // namespace

int64_t tile_scratch_bytes(int64_t largest_block, int64_t depth) {
#if defined(FASTTSNE_BF16_LEVEL)
  if (simd_level() == SimdLevel::FASTTSNE_BF16_LEVEL)
    return FASTTSNE_BF16_LEVEL::scratch_bytes(largest_block, largest_block, depth);
#endif
  (void)largest_block;  // the other levels pack one panel at a time, whatever the block size
  static const auto width = FASTTSNE_PICK(panel_width);
  return width() * depth * static_cast<int64_t>(sizeof(float));
}

void scan_tile(const PointsView& X, const float* sq_norms, Candidates& candidates, RowRange a,
               RowRange b, void* scratch) {
  Sink sink{&candidates, a.begin, b.begin};
#if defined(FASTTSNE_BF16_LEVEL)
  if (simd_level() == SimdLevel::FASTTSNE_BF16_LEVEL) {
    FASTTSNE_BF16_LEVEL::scan_block({.a = X.data + a.begin * X.dims,
                                     .a_sq = sq_norms + a.begin,
                                     .a_bound = candidates.bound + a.begin,
                                     .b = X.data + b.begin * X.dims,
                                     .b_sq = sq_norms + b.begin,
                                     .b_bound = candidates.bound + b.begin,
                                     .a_rows = a.end - a.begin,
                                     .b_rows = b.end - b.begin,
                                     .depth = X.dims,
                                     .diagonal = a.begin == b.begin,
                                     .scratch = scratch,
                                     .sink = offer_hits,
                                     .context = &sink});
    return;
  }
#endif
  static const auto width = FASTTSNE_PICK(panel_width);
  static const auto pack = FASTTSNE_PICK(pack_panel);
  static const auto scan = FASTTSNE_PICK(scan_panel);
  auto* const panel = static_cast<float*>(scratch);
  for (int64_t column = b.begin; column < b.end; column += width()) {
    const int64_t columns = std::min(width(), b.end - column);
    pack(X.data + column * X.dims, columns, X.dims, panel);
    scan({.a = X.data + a.begin * X.dims,
          .a_sq = sq_norms + a.begin,
          .a_bound = candidates.bound + a.begin,
          .b_panel = panel,
          .b_sq = sq_norms + column,
          .b_bound = candidates.bound + column,
          .a_rows = a.end - a.begin,
          .b_columns = columns,
          .depth = X.dims,
          .first_column = column - b.begin,
          .diagonal = a.begin == b.begin,
          .sink = offer_hits,
          .context = &sink});
  }
}

}  // namespace fasttsne
