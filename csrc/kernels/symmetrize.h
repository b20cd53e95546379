// Joint P from conditional rows: P_ij = (p_{j|i} + p_{i|j}) / 2n as compressed sparse rows.
// Transposed by counting sort, then each row merges two lists sorted by column: no list of all
// coordinates is ever sorted, and P_ij and P_ji are the same sum and so the same bits.
#pragma once
#include <memory>

#include "kernels/types.h"

namespace fasttsne {

class Symmetrizer {
 public:
  // indices, conditional: [n, k], columns of a row distinct; both must outlive the object.
  Symmetrizer(const int32_t* indices, const float* conditional, int64_t n, int64_t k);

  // First for all rows: sorts them and writes the length of each merged row.
  void count_rows(int64_t* lengths, RowRange rows);
  // Then, with indptr the running sum of the lengths: writes the merged rows.
  void fill_rows(const int64_t* indptr, int32_t* columns, float* values, RowRange rows) const;

 private:
  template <class Visit>
  void merge(int64_t row, Visit visit) const;

  const int32_t* indices_;
  const float* conditional_;
  int64_t n_, k_;
  std::unique_ptr<int64_t[]> incoming_begin_;  // [n + 1]
  std::unique_ptr<int64_t[]> incoming_;        // [n * k] (row, p) keys, by column then row
  std::unique_ptr<int64_t[]> own_;             // [n * k] (column, p) keys, each row sorted
};

}  // namespace fasttsne
