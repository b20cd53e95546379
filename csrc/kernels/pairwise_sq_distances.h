// All squared distances between two sets of rows, by differences, which avoids cancellation.
#pragma once
#include "kernels/types.h"

namespace fasttsne {

// out[i, j] = |X_i - Z_j|^2 for rows of X in range and all rows of Z.
void pairwise_rows(const PointsView& X, const PointsView& Z, float* out, RowRange rows);

}  // namespace fasttsne
