// Plain views that every kernel takes: the caller owns memory, threads and validation.
#pragma once
#include <cstdint>

namespace fasttsne {

struct RowRange {
  int64_t begin, end;
};

// Sparse joint P in compressed rows: the columns of row i are indices[indptr[i] .. indptr[i+1]).
struct CsrView {
  const int64_t* indptr;   // [n + 1]
  const int32_t* indices;  // [nnz]
  const float* values;     // [nnz]
  int64_t edges;           // nnz
};

// n points of `dims` coordinates each, row-major.
struct PointsView {
  const float* data;
  int64_t n;
  int64_t dims;
};

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace fasttsne
