#include "kernels/symmetrize.h"

#include <algorithm>
#include <cstdlib>

namespace fasttsne {
namespace {

// A panel has about so many edges, so that its lists take some tens of megabytes, and at most twice
// as many. Where near rows do not follow one another, each panel reads all edges, so there must not
// be too many panels.
constexpr int64_t kPanelEdges = 1 << 21, kMostPanels = 128;
constexpr int64_t kPanelsPerThread = 4;

}  // namespace

Symmetrizer::Symmetrizer(const int32_t* indices, const float* conditional, int64_t n, int64_t k,
                         int64_t threads)
    : indices_(indices), conditional_(conditional), n_(n), k_(k) {
  // Rows of a panel, before they are rounded up to a power of two.
  const int64_t wanted = std::max(
      {ceil_div(n, kMostPanels), std::min(kPanelEdges / std::max<int64_t>(k, 1),
                                          n / (kPanelsPerThread * std::max<int64_t>(threads, 1)))});
  while ((int64_t{1} << log2_panel_rows_) < wanted) ++log2_panel_rows_;
  has_edges_ = std::make_unique<uint8_t[]>(panels() * blocks());
}

bool Symmetrizer::note_panels(int64_t block) {
  const int64_t begin = block * kBlockRows * k_, end = std::min((block + 1) * kBlockRows, n_) * k_;
  bool in_range = true;
  for (int64_t e = begin; e < end; ++e) in_range &= 0 <= indices_[e] && indices_[e] < n_;
  if (!in_range) return false;
  for (int64_t e = begin; e < end; ++e)
    has_edges_[(indices_[e] >> log2_panel_rows_) * blocks() + block] = 1;
  return true;
}

void Symmetrizer::list_incoming(int64_t panel, RowRange rows, Scratch& scratch) const {
  auto& [found, incoming, begin, mark, rest] = scratch;
  size_t edges = 0;
  for (int64_t block = 0; block < blocks(); ++block) {
    if (!has_edges_[panel * blocks() + block]) continue;
    const int64_t first = block * kBlockRows, last = std::min(first + kBlockRows, n_);
    const size_t most = edges + static_cast<size_t>((last - first) * k_);
    if (found.size() < most) found.resize(most + most / 2);
    // Written for every edge, and kept if it runs to the panel: a branch would be hard to predict.
    for (int64_t i = first; i < last; ++i)
      for (int64_t e = i * k_; e < (i + 1) * k_; ++e) {
        const int32_t j = indices_[e];
        found[edges] = {static_cast<int32_t>(i), j, conditional_[e]};
        edges += (j >> log2_panel_rows_) == panel;
      }
  }
  begin.assign(rows.end - rows.begin + 1, 0);
  for (size_t e = 0; e < edges; ++e) ++begin[found[e].target - rows.begin];
  // begin[r] counts the edges to row r. As their cumulative sum it is the end of that row's; each
  // edge that is placed, the last first, moves it down, to the row's begin in the end.
  int64_t sum = 0;
  for (int64_t& count : begin) count = sum += count;
  incoming.resize(edges);
  for (size_t e = edges; e-- > 0;) incoming[--begin[found[e].target - rows.begin]] = found[e];
}

Symmetrizer::Panel Symmetrizer::merge(int64_t panel, int64_t* lengths, Scratch& scratch) const {
  const int64_t first = panel << log2_panel_rows_;
  const RowRange rows{first, std::min(first + (int64_t{1} << log2_panel_rows_), n_)};
  list_incoming(panel, rows, scratch);
  auto& [found, incoming, begin, mark, rest] = scratch;
  mark.resize(n_);
  // Memory that is never written to is not taken from the system.
  const int64_t most = (rows.end - rows.begin) * k_ + static_cast<int64_t>(incoming.size());
  Panel out{rows, true, 0, std::make_unique_for_overwrite<Panel::Entry[]>(most)};
  const float scale = static_cast<float>(0.5 / static_cast<double>(n_));
  const auto add = [&](int32_t column, float p) {
    out.entries[out.length++] = {column, p * scale};
  };
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const int64_t before = out.length;
    const int32_t* const columns = indices_ + i * k_;
    const float* const own = conditional_ + i * k_;
    for (int64_t c = 0; c < k_; ++c) {
      out.distinct &= mark[columns[c]] == 0;
      mark[columns[c]] = static_cast<int32_t>(c) + 1;
    }
    const auto* const incoming_begin = incoming.data() + begin[i - rows.begin];
    const auto* const incoming_end = incoming.data() + begin[i - rows.begin + 1];
    // Most edges run both ways. Their order is known, as the incoming ones are sorted.
    for (const auto* edge = incoming_begin; edge != incoming_end; ++edge)
      mark[edge->row] = -std::abs(mark[edge->row]);
    rest.clear();
    for (int64_t c = 0; c < k_; ++c)
      if (mark[columns[c]] > 0) rest.push_back(columns[c]);
    std::sort(rest.begin(), rest.end());
    auto other = rest.begin();
    const auto add_rest_below = [&](int64_t column) {
      for (; other != rest.end() && *other < column; ++other) add(*other, own[mark[*other] - 1]);
    };
    for (const auto* edge = incoming_begin; edge != incoming_end; ++edge) {
      add_rest_below(edge->row);
      const int32_t both = -mark[edge->row];
      add(edge->row, both ? own[both - 1] + edge->p : edge->p);
    }
    add_rest_below(n_);
    for (int64_t c = 0; c < k_; ++c) mark[columns[c]] = 0;
    lengths[i] = out.length - before;
  }
  return out;
}

}  // namespace fasttsne
