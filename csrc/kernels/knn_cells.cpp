#include "kernels/knn_cells.h"

#include <algorithm>
#include <limits>

#include "kernels/simd/distance_tiles.h"

namespace fasttsne {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// A list is compacted once for every `keep` new candidates.
int64_t capacity_for(int64_t keep) { return 2 * keep; }

int64_t width() {
  static const auto panel_width_of_level = FASTTSNE_PICK(panel_width);
  return panel_width_of_level();
}

struct Sink {
  Candidates* candidates;     // of the rows of the panel
  int64_t cell_begin, begin;  // first row of the cell, and of the panel
};

// The rows of a hit are those of a cell, its columns those of the panel.
void offer_hits(void* context, const Hit* hits, int count) {
  const Sink& sink = *static_cast<const Sink*>(context);
  for (int h = 0; h < count; ++h) {
    const int64_t j = sink.cell_begin + hits[h].row;
    if (j != sink.begin + hits[h].column)  // a row is not its own neighbour
      offer(*sink.candidates, hits[h].column, hits[h].sq_distance, j);
  }
}

}  // namespace

CellScratch::CellScratch(const CellSearch& s)
    : keys_(width() * capacity_for(s.keep)),
      count_(width()),
      bound_(width()),
      no_bound_(s.largest_cell, -kInfinity),
      panel_(width() * s.lead.dims),
      rerank_(capacity_for(s.keep)) {}

bool search_cells(const CellSearch& s, RowRange rows, const int64_t* probes, int64_t n_probes,
                  CellScratch& scratch, int32_t* indices, float* sq_distances) {
  static const auto pack = FASTTSNE_PICK(pack_panel);
  static const auto scan = FASTTSNE_PICK(scan_panel);
  const int64_t m = s.lead.dims;
  Candidates lists{scratch.keys_.data(), scratch.count_.data(), scratch.bound_.data(),
                   capacity_for(s.keep), s.keep};
  bool enough = true;
  for (int64_t begin = rows.begin; begin < rows.end; begin += width()) {
    const int64_t columns = std::min(width(), rows.end - begin);
    std::fill(scratch.count_.begin(), scratch.count_.end(), 0);
    std::fill(scratch.bound_.begin(), scratch.bound_.end(), kInfinity);
    pack(s.lead.data + begin * m, columns, m, scratch.panel_.data());
    for (const int64_t* probe = probes; probe < probes + n_probes; ++probe) {
      const int64_t cell = s.cells[*probe];
      Sink sink{&lists, cell, begin};
      scan({.a = s.lead.data + cell * m,
            .a_sq = s.sq_norms + cell,
            .a_bound = scratch.no_bound_.data(),
            .b_panel = scratch.panel_.data(),
            .b_sq = s.sq_norms + begin,
            .b_bound = lists.bound,
            .a_rows = s.cells[*probe + 1] - cell,
            .b_columns = columns,
            .depth = m,
            .first_column = 0,
            .diagonal = false,
            .sink = offer_hits,
            .context = &sink});
    }
    for (int64_t column = 0; column < columns; ++column) {
      enough &= lists.count[column] >= s.k;
      if (!enough) break;
      if (lists.count[column] > s.keep) compact(lists, column);
      int64_t* keys = lists.keys + column * lists.capacity;
      scratch.rerank_(s.X, begin + column, keys, lists.count[column], s.k);
      enough &= math::key_distance(keys[s.k - 1]) < kInfinity;
      for (int64_t c = 0; c < s.k; ++c) {
        *indices++ = static_cast<int32_t>(math::key_index(keys[c]));
        *sq_distances++ = math::key_distance(keys[c]);
      }
    }
  }
  return enough;
}

}  // namespace fasttsne
