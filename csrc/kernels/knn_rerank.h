// The second of two steps to the exact k nearest neighbours: `rerank_rows` measures the candidates
// of kernels/knn_scan.h again by differences, which avoids cancellation, and sorts them.
#pragma once
#include "kernels/candidates.h"

namespace fasttsne {

// Writes the k nearest of each row's candidates, nearest first, by distances computed from
// differences. Writes to unmeasured [n] a lower bound of the distances, as the tiles computed them,
// to all rows that were not measured again. Returns whether all candidates are rows of X; no memory
// is read through those that are not.
bool rerank_rows(const PointsView& X, const Candidates& candidates, int64_t k, int32_t* indices,
                 float* sq_distances, float* unmeasured, RowRange rows);

}  // namespace fasttsne
