// Attractive forces F_i = sum_j P_ij w_ij (y_i - y_j), w_ij = 1 / (1 + |y_i - y_j|^2 / dof), and
// the cost -sum_ij P_ij ln q_ij, q = w^dof, which is the part of the KL divergence that needs P.
#pragma once
#include "kernels/simd/attractive_rows.h"
#include "kernels/types.h"

namespace fasttsne {

// Writes the rows of forces [n, dims]. Columns and rows of P may hold anything: what is out of
// range is not followed, but told.
RowsOfP attractive_forces(const CsrView& P, const PointsView& Y, float dof, bool with_cost,
                          float* forces, RowRange rows);

}  // namespace fasttsne
