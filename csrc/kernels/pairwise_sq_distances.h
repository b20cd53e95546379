// All squared distances between two sets of rows, by differences, which avoids cancellation.
#pragma once
#include "kernels/types.h"

namespace fasttsne {

// out[i, j] = |X_i - Z_j|^2 for a range of rows of X and a range of rows of Z. `out` is [X.n, Z.n].
void pairwise_tile(const PointsView& X, const PointsView& Z, float* out, RowRange rows,
                   RowRange columns);

}  // namespace fasttsne
