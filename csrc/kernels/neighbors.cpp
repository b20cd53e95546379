#include "kernels/neighbors.h"

#include <algorithm>
#include <vector>

#include "kernels/simd/distance_tiles_amx.h"
#include "math/candidate.h"

namespace fasttsne {
namespace {

using math::key_distance;
using math::make_key;

void compact(Candidates& c, int64_t row) {
  int64_t* keys = c.keys + row * c.capacity;
  std::nth_element(keys, keys + c.keep - 1, keys + c.count[row]);
  c.count[row] = static_cast<int32_t>(c.keep);
  c.bound[row] = key_distance(keys[c.keep - 1]);
}

void offer(Candidates& c, int64_t row, float sq_distance, int64_t index) {
  if (!(sq_distance < c.bound[row])) return;
  c.keys[row * c.capacity + c.count[row]++] = make_key(sq_distance, index);
  if (c.count[row] == c.capacity) compact(c, row);
}

struct Sink {
  Candidates* candidates;
  int64_t a_begin, b_begin;
};

void take_hits(void* context, const Hit* hits, int count) {
  const Sink& sink = *static_cast<const Sink*>(context);
  for (int h = 0; h < count; ++h) {
    const int64_t i = sink.a_begin + hits[h].row, j = sink.b_begin + hits[h].column;
    offer(*sink.candidates, i, hits[h].sq_distance, j);
    offer(*sink.candidates, j, hits[h].sq_distance, i);
  }
}

}  // namespace

int64_t tile_scratch(int64_t largest_block, int64_t depth) {
#if defined(FASTTSNE_X86_LEVELS)
  if (simd_level() == SimdLevel::amx)
    return amx::scratch_bytes(largest_block, largest_block, depth);
#endif
  (void)largest_block;  // a panel is all that the others pack
  static const auto width = FASTTSNE_PICK(panel_width);
  return width() * depth * static_cast<int64_t>(sizeof(float));
}

void scan_tile(const PointsView& X, const float* sq_norms, Candidates& candidates, RowRange a,
               RowRange b, void* scratch) {
  Sink sink{&candidates, a.begin, b.begin};
#if defined(FASTTSNE_X86_LEVELS)
  if (simd_level() == SimdLevel::amx) {
    amx::scan_block({.a = X.data + a.begin * X.dims,
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
                     .sink = take_hits,
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
          .sink = take_hits,
          .context = &sink});
  }
}

bool rerank_rows(const PointsView& X, const Candidates& candidates, int64_t k, int32_t* indices,
                 float* sq_distances, float* unmeasured, RowRange rows) {
  static const auto measure = FASTTSNE_PICK(sq_distances_to);
  std::vector<int64_t> keys(candidates.capacity);
  std::vector<int32_t> index(candidates.capacity);
  std::vector<float> exact(candidates.capacity);
  bool in_range = true;
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const int64_t* row = candidates.keys + i * candidates.capacity;
    int64_t count = candidates.count[i];
    unmeasured[i] = candidates.bound[i];
    std::copy(row, row + count, keys.begin());
    if (count > candidates.keep) {
      std::nth_element(keys.begin(), keys.begin() + candidates.keep - 1, keys.begin() + count);
      count = candidates.keep;
      unmeasured[i] = key_distance(keys[count - 1]);
    }
    for (int64_t c = 0; c < count; ++c) {
      const int64_t j = math::key_index(keys[c]);
      in_range &= j < X.n;
      index[c] = static_cast<int32_t>(j < X.n ? j : 0);
    }
    measure(X.data + i * X.dims, X.data, index.data(), count, X.dims, exact.data());
    for (int64_t c = 0; c < count; ++c) keys[c] = make_key(exact[c], index[c]);
    std::partial_sort(keys.begin(), keys.begin() + k, keys.begin() + count);
    for (int64_t c = 0; c < k; ++c) {
      indices[i * k + c] = static_cast<int32_t>(math::key_index(keys[c]));
      sq_distances[i * k + c] = key_distance(keys[c]);
    }
  }
  return in_range;
}

void pairwise_rows(const PointsView& X, const PointsView& Z, float* out, RowRange rows) {
  static const auto width = FASTTSNE_PICK(panel_width);
  static const auto pack = FASTTSNE_PICK(pack_panel);
  static const auto differences = FASTTSNE_PICK(difference_panel);
  std::vector<float> panel(width() * Z.dims);
  for (int64_t column = 0; column < Z.n; column += width()) {
    const int64_t columns = std::min(width(), Z.n - column);
    pack(Z.data + column * Z.dims, columns, Z.dims, panel.data());
    differences(X.data + rows.begin * X.dims, rows.end - rows.begin, panel.data(), columns, X.dims,
                out + rows.begin * Z.n + column, Z.n);
  }
}

}  // namespace fasttsne
