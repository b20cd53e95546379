// Joint P from conditional rows: P_ij = (p_{j|i} + p_{i|j}) / 2n as compressed sparse rows.
// Transposed by counting sort, then each row merges two lists sorted by column: no list of all
// coordinates is ever sorted, and P_ij and P_ji are the same sum and so the same bits.
#pragma once
#include <memory>

#include "kernels/types.h"

namespace fasttsne {

class Symmetrizer {
 public:
  static constexpr int64_t kLargestK = 1 << 16;

  // indices, conditional: [n, k], columns in 0 .. n - 1, k <= kLargestK; both must outlive the
  // object.
  Symmetrizer(const int32_t* indices, const float* conditional, int64_t n, int64_t k);

  // First for all rows: writes the length of each merged row. Returns whether the columns of each
  // are distinct.
  bool count_rows(int64_t* lengths, RowRange rows) const;
  // Then, with indptr the running sum of the lengths: writes the merged rows.
  void fill_rows(const int64_t* indptr, int32_t* columns, float* values, RowRange rows) const;

 private:
  template <class Visit>
  void merge(int64_t row, Visit visit) const;

  // Edge (i, c) runs from row i to its c-th neighbour. Places of edges instead of the edges: at a
  // million rows these lists are what the memory peaks with.
  const int32_t* indices_;
  const float* conditional_;
  int64_t n_, k_;
  std::unique_ptr<int64_t[]> incoming_begin_;   // [n + 1]
  std::unique_ptr<int32_t[]> incoming_row_;     // [n * k] i of edges by the row they run to, then i
  std::unique_ptr<uint16_t[]> incoming_place_;  // [n * k] their c
  std::unique_ptr<uint16_t[]> own_place_;       // [n * k] c of each row's edges by column
};

}  // namespace fasttsne
