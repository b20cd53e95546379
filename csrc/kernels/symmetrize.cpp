#include "kernels/symmetrize.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace fasttsne {
namespace {

// A panel has about so many edges, so that its lists take some tens of megabytes, and at most twice
// as many. Where near rows do not follow one another, each panel reads all edges, so there must not
// be too many panels.
constexpr int64_t kPanelEdges = 1 << 21, kMostPanels = 128;
constexpr int64_t kPanelsPerThread = 4;

}  // namespace

Symmetrizer::Symmetrizer(const int32_t* indices, const float* conditional, RowRange rows, int64_t n,
                         int64_t k, const Incoming& incoming, int64_t threads)
    : indices_(indices), conditional_(conditional), rows_(rows), n_(n), k_(k) {
  // Rows of a panel, before they are rounded up to a power of two.
  const int64_t wanted =
      std::max({ceil_div(size(), kMostPanels),
                std::min(kPanelEdges / std::max<int64_t>(k, 1),
                         size() / (kPanelsPerThread * std::max<int64_t>(threads, 1)))});
  while ((int64_t{1} << log2_panel_rows_) < wanted) ++log2_panel_rows_;
  has_edges_ = std::make_unique<uint8_t[]>(panels() * blocks());
  if (incoming.count > 0) sort_incoming(incoming);
}

void Symmetrizer::sort_incoming(const Incoming& incoming) {
  outer_begin_.assign(size() + 1, 0);
  const auto is_own = [&](int64_t row) { return rows_.begin <= row && row < rows_.end; };
  for (int64_t e = 0; e < incoming.count; ++e) {
    const int64_t row = incoming.rows[e], target = incoming.targets[e];
    const bool valid = 0 <= row && row < n_ && !is_own(row) && is_own(target) &&
                       (e == 0 || incoming.rows[e - 1] <= row);
    if (!valid) {
      incoming_is_valid_ = false;
      return;
    }
    ++outer_begin_[target - rows_.begin];
  }
  outer_.resize(incoming.count);
  int64_t sum = 0;
  for (int64_t& count : outer_begin_) count = sum += count;
  for (int64_t e = incoming.count; e-- > 0;) {
    const int32_t target = incoming.targets[e];
    outer_[--outer_begin_[target - rows_.begin]] = {incoming.rows[e], target, incoming.p[e]};
  }
  for (size_t e = 1; e < outer_.size(); ++e)
    incoming_is_valid_ &=
        outer_[e - 1].target != outer_[e].target || outer_[e - 1].row < outer_[e].row;
}

bool Symmetrizer::note_panels(int64_t block) {
  const int64_t begin = block * kBlockRows * k_,
                end = std::min((block + 1) * kBlockRows, size()) * k_;
  bool in_range = true;
  for (int64_t e = begin; e < end; ++e) in_range &= 0 <= indices_[e] && indices_[e] < n_;
  if (!in_range) return false;
  for (int64_t e = begin; e < end; ++e)
    if (rows_.begin <= indices_[e] && indices_[e] < rows_.end)
      has_edges_[panel_of(indices_[e]) * blocks() + block] = 1;
  return true;
}

void Symmetrizer::list_incoming(int64_t panel, RowRange rows, Scratch& scratch) const {
  auto& [found, incoming, begin, mark, rest] = scratch;
  size_t edges = 0;
  const auto reserve = [&](size_t more) {
    if (found.size() < edges + more) found.resize((edges + more) * 3 / 2);
  };
  // Of each target in the order of the rows: those from rows before these, from these, from later.
  const auto add_outer = [&](bool is_before) {
    if (outer_begin_.empty()) return;
    const int64_t first = outer_begin_[rows.begin - rows_.begin];
    const int64_t last = outer_begin_[rows.end - rows_.begin];
    reserve(static_cast<size_t>(last - first));
    for (int64_t e = first; e < last; ++e) {
      found[edges] = outer_[e];
      edges += (outer_[e].row < rows_.begin) == is_before;
    }
  };
  add_outer(true);
  for (int64_t block = 0; block < blocks(); ++block) {
    if (!has_edges_[panel * blocks() + block]) continue;
    const int64_t first = block * kBlockRows, last = std::min(first + kBlockRows, size());
    reserve(static_cast<size_t>((last - first) * k_));
    // Written for every edge, and kept if it runs to the panel: a branch would be hard to predict.
    for (int64_t i = first; i < last; ++i)
      for (int64_t e = i * k_; e < (i + 1) * k_; ++e) {
        const int32_t j = indices_[e];
        found[edges] = {static_cast<int32_t>(rows_.begin + i), j, conditional_[e]};
        edges += rows.begin <= j && j < rows.end;
      }
  }
  add_outer(false);
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
  const int64_t first = rows_.begin + (panel << log2_panel_rows_);
  const RowRange rows{first, std::min(first + (int64_t{1} << log2_panel_rows_), rows_.end)};
  list_incoming(panel, rows, scratch);
  auto& [found, incoming, begin, mark, rest] = scratch;
  if (!mark) mark.reset(static_cast<int32_t*>(std::calloc(n_, sizeof(int32_t))));
  if (!mark) throw std::bad_alloc();
  // Memory that is never written to is not taken from the system.
  const int64_t most = (rows.end - rows.begin) * k_ + static_cast<int64_t>(incoming.size());
  Panel out{rows, true, 0, std::make_unique_for_overwrite<Panel::Entry[]>(most)};
  const float scale = static_cast<float>(0.5 / static_cast<double>(n_));
  const auto add = [&](int32_t column, float p) {
    out.entries[out.length++] = {column, p * scale};
  };
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const int64_t before = out.length;
    const int32_t* const columns = indices_ + (i - rows_.begin) * k_;
    const float* const own = conditional_ + (i - rows_.begin) * k_;
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
    lengths[i - rows_.begin] = out.length - before;
  }
  return out;
}

}  // namespace fasttsne
