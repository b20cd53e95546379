// Symmetrising by the CPU kernel: all rows, or some with the edges that others have to them.
#pragma once
#include <atomic>

#include "cases/kernels.h"
#include "cpu/threads.h"
#include "kernels/symmetrize.h"

namespace fasttsne::tests {

// Edges one by one, in the order of the rows from which they run.
struct Incoming {
  std::vector<int32_t> rows, targets;
  std::vector<float> p;

  Symmetrizer::Incoming view() const {
    return {rows.data(), targets.data(), p.data(), static_cast<int64_t>(rows.size())};
  }
};

// Merges some rows, to which the others have these edges.
inline kernels::Joint symmetrized(const Neighbors& given, RowRange part, const Incoming& incoming,
                                  int64_t threads) {
  Symmetrizer symmetrizer(given.indices.data() + part.begin * given.k,
                          given.conditional.data() + part.begin * given.k, part, given.n, given.k,
                          incoming.view(), threads);
  kernels::Joint out{std::vector<int64_t>(part.end - part.begin), {}, {}, true, true};
  out.in_range = symmetrizer.incoming_is_valid();
  if (!out.in_range) return out;
  std::atomic<bool> in_range{true};
  for_each_item(symmetrizer.blocks(), [&](int64_t block) {
    if (!symmetrizer.note_panels(block)) in_range = false;
  });
  out.in_range = in_range;
  if (!out.in_range) return out;
  std::vector<Symmetrizer::Panel> panels(symmetrizer.panels());
  for_each_item(symmetrizer.panels(), [&](int64_t panel) {
    Symmetrizer::Scratch scratch;
    panels[panel] = symmetrizer.merge(panel, out.lengths.data(), scratch);
  });
  for (const auto& panel : panels) {
    out.distinct &= panel.distinct;
    for (int64_t e = 0; e < panel.length; ++e) {
      out.columns.push_back(panel.entries[e].column);
      out.values.push_back(panel.entries[e].value);
    }
  }
  return out;
}

}  // namespace fasttsne::tests
