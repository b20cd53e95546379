// Attractive forces F_i = sum_j P_ij w_ij (y_i - y_j) with w_ij = 1 / (1 + |y_i - y_j|^2 / dof),
// and on request the attractive part of the KL divergence, -sum_ij P_ij ln q_ij with q = w^dof.
#pragma once
#include "kernels/simd/attractive_rows.h"
#include "kernels/types.h"

namespace fasttsne {

// Writes the given rows, those of P, of forces [rows of P, dims]. indptr and indices of P may hold
// any numbers: if one is out of range, no memory is read through it, and `in_range` of the result
// is false.
AttractiveSums attractive_forces(const CsrView& P, const PointsView& Y, float dof, bool with_cost,
                                 float* forces, RowRange rows);

}  // namespace fasttsne
