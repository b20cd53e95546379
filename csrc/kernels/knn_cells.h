// Approximate nearest neighbours among rows that are sorted into cells: each range of rows is
// compared with the rows of some cells, and only with those.
//
//   lead, cells --scan--> candidates of one panel of rows --X--> the k nearest
//
// The scan computes inner products of `lead`, which may have fewer columns than X. The candidates
// are then measured by X. Their lists exist for one panel of rows at a time.
#pragma once
#include "kernels/candidates.h"

namespace fasttsne {

struct CellSearch {
  PointsView X;           // [n, d]
  PointsView lead;        // [n, m]
  const float* sq_norms;  // [n] squared norms of lead
  const int64_t* cells;   // cell c holds the rows from cells[c] to cells[c + 1]
  int64_t largest_cell;   // its number of rows
  int64_t keep;           // candidates that are measured by X, at least k
  int64_t k;
};

// What one thread needs for its searches.
class CellScratch {
 public:
  explicit CellScratch(const CellSearch& search);

 private:
  friend bool search_cells(const CellSearch&, RowRange, const int64_t*, int64_t, CellScratch&,
                           int32_t*, float*);
  std::vector<int64_t> keys_;
  std::vector<int32_t> count_;
  std::vector<float> bound_, no_bound_, panel_;
  Reranker rerank_;
};

// Writes the k nearest other rows of each row of a range, nearest first: indices and sq_distances
// [rows, k]. `probes` are the numbers of the cells to search, best those of the nearest first. They
// are different, and hold k rows or more beside each row of the range. Returns whether all rows
// have k candidates; a NaN or an infinite distance is none. Otherwise the results are undefined.
bool search_cells(const CellSearch& search, RowRange rows, const int64_t* probes, int64_t n_probes,
                  CellScratch& scratch, int32_t* indices, float* sq_distances);

}  // namespace fasttsne
