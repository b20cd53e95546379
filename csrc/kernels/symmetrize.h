// Joint P from conditional probabilities: P_ij = (p_{j|i} + p_{i|j}) / 2n, as a sparse matrix in
// CSR form. The k-nearest-neighbour graph is transposed by a counting sort; then each row merges
// two lists sorted by column, its own edges and its incoming ones. So no list of all coordinates is
// ever sorted, and P_ij and P_ji are the same sum, with the same bits. Each thread of the counting
// sort reads all edges and moves those of a range of rows.
#pragma once
#include <memory>

#include "kernels/types.h"

namespace fasttsne {

class Symmetrizer {
 public:
  static constexpr int64_t kMaxK = 1 << 16;

  // indices, conditional: [n, k], with indices in 0 .. n - 1 and k <= kMaxK. Both must outlive the
  // object.
  Symmetrizer(const int32_t* indices, const float* conditional, int64_t n, int64_t k);

  // The steps, each for all rows before the next begins; ranges of rows may run at the same time.
  // 1. Counts the edges to these rows.
  void count_incoming(RowRange rows);
  // 2. For all rows at once: sums the counts.
  void add_counts();
  // 3. Lists the edges to these rows.
  void list_incoming(RowRange rows);
  // 4. Sorts the edges of these rows by column.
  void sort_own(RowRange rows);
  // 5. Writes the length of each merged row. Returns whether the columns of each row are distinct.
  bool count_rows(int64_t* lengths, RowRange rows) const;
  // 6. With indptr the cumulative sum of the lengths: writes the merged rows.
  void fill_rows(const int64_t* indptr, int32_t* columns, float* values, RowRange rows) const;

 private:
  // Visits the columns of a row in rising order: visit(column, own, incoming), where `own` points
  // to the position of the row's own edge to this column (or is null), and `incoming` is the
  // index of the edge from there in the incoming lists (or -1).
  template <class Visit>
  void merge(int64_t row, Visit visit) const;

  const int32_t* indices_;
  const float* conditional_;
  int64_t n_, k_;
  // Edge (i, c) runs from row i to its c-th neighbour. The lists below hold the row i and the
  // 16-bit position c of an edge instead of its value and column: at a million rows, they dominate
  // the peak of memory use.
  std::unique_ptr<int64_t[]> incoming_begin_;   // [n + 1] where the edges to each row begin below
  std::unique_ptr<int64_t[]> position_;         // [n] where the next edge to each row goes
  std::unique_ptr<int32_t[]> incoming_row_;     // [n * k] i of all edges, sorted by target, then i
  std::unique_ptr<uint16_t[]> incoming_place_;  // [n * k] c of the same edges
  std::unique_ptr<uint16_t[]> own_place_;       // [n * k] c of each row's edges, sorted by column
};

}  // namespace fasttsne
