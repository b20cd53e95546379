// Plain views of arrays, which every kernel takes. The caller allocates the memory, checks the
// arguments and distributes the rows over threads.
#pragma once
#include <cstdint>

namespace fasttsne {

// The half-open range of rows [begin, end).
struct RowRange {
  int64_t begin, end;
};

// Joint P as a sparse matrix in CSR form: row i has the columns indices[e] and the values values[e]
// for e in [indptr[i], indptr[i + 1]). The rows may be a part of those of all n points.
struct CsrView {
  const int64_t* indptr;   // [rows + 1]
  const int32_t* indices;  // [nnz]
  const float* values;     // [nnz]
  int64_t edges;           // nnz
  int64_t first;           // point of row 0
};

// n points of `dims` coordinates each, row-major.
struct PointsView {
  const float* data;
  int64_t n;
  int64_t dims;
};

// a / b, rounded up.
constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace fasttsne
