// Joint P from conditional probabilities: P_ij = (p_{j|i} + p_{i|j}) / 2n, as a sparse matrix in
// CSR form. Each row merges its own edges and its incoming ones, so no list of all coordinates is
// ever sorted, and P_ij and P_ji are the same sum, with the same bits.
//
// The rows may be a part of all n, as where several processes share them: the edges from the other
// rows to these are then given one by one.
//
// The rows are merged panel by panel, as lists of all incoming edges would take as much memory as
// the edges themselves (as they do where most edges run to few rows). Which blocks of rows have
// edges to a panel is noted first: where near rows follow one another, few of the blocks have.
#pragma once
#include <cstdlib>
#include <memory>
#include <vector>

#include "kernels/types.h"

namespace fasttsne {

class Symmetrizer {
 public:
  // What a thread needs to merge rows.
  struct Scratch {
    struct Edge {
      int32_t row, target;  // from which and to which it runs
      float p;
    };
    std::vector<Edge> found, incoming;  // edges to the panel; the same by target, then by row
    std::vector<int64_t> begin;         // [rows of the panel + 1] of each row in `incoming`
    // [n] 1 + c at the column of the row's c-th edge, negative if an edge comes back; else 0. Only
    // what is written takes memory, which matters where the rows are few of all n.
    struct Free {
      void operator()(int32_t* mark) const { std::free(mark); }
    };
    std::unique_ptr<int32_t[], Free> mark;
    std::vector<int32_t> rest;  // own columns from which no edge comes back, rising
  };

  // The merged rows of a panel, one after the other. One allocation, as only large ones are
  // returned to the system as soon as they are freed.
  struct Panel {
    struct Entry {
      int32_t column;
      float value;
    };
    RowRange rows;
    bool distinct;  // the indices of each row are; if not, the rest is meaningless
    int64_t length;
    std::unique_ptr<Entry[]> entries;
  };

  // Edges from other rows to these, by rising row.
  struct Incoming {
    const int32_t* rows;     // [count] from which each edge runs
    const int32_t* targets;  // [count] to which it runs
    const float* p;          // [count]
    int64_t count;
  };

  // indices, conditional: [rows, k] of these rows among all n. All arrays must outlive the object.
  // There are several panels for each of `threads`, where there are enough rows, but not more than
  // 128 in all.
  Symmetrizer(const int32_t* indices, const float* conditional, RowRange rows, int64_t n, int64_t k,
              const Incoming& incoming, int64_t threads);

  // Whether the incoming edges are in order, run from other rows to these, and none of them twice.
  // The steps below rely on it.
  bool incoming_is_valid() const { return incoming_is_valid_; }
  int64_t blocks() const { return ceil_div(size(), kBlockRows); }
  int64_t panels() const { return ceil_div(size(), int64_t{1} << log2_panel_rows_); }

  // Both steps are for all blocks or panels, which may run at the same time.
  // 1. Notes which panels a block has edges to. Returns whether all of its indices are in
  //    0 .. n - 1, on which the next step relies.
  bool note_panels(int64_t block);
  // 2. Merges the rows of a panel, and writes the length of each to lengths[row - first row].
  Panel merge(int64_t panel, int64_t* lengths, Scratch& scratch) const;

 private:
  static constexpr int64_t kBlockRows = 128;

  int64_t size() const { return rows_.end - rows_.begin; }
  // Panel of one of these rows.
  int64_t panel_of(int64_t row) const { return (row - rows_.begin) >> log2_panel_rows_; }
  void sort_incoming(const Incoming& incoming);
  // Lists the edges to the rows of a panel.
  void list_incoming(int64_t panel, RowRange rows, Scratch& scratch) const;

  const int32_t* indices_;
  const float* conditional_;
  RowRange rows_;
  int64_t n_, k_;
  // The edges from other rows, by target and then by row, and where those of each target begin.
  std::vector<Scratch::Edge> outer_;
  std::vector<int64_t> outer_begin_;  // [rows + 1], empty if there are no such edges
  bool incoming_is_valid_ = true;
  int log2_panel_rows_ = 0;
  std::unique_ptr<uint8_t[]> has_edges_;  // [panels, blocks] to a panel from a block
};

}  // namespace fasttsne
