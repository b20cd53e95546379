// The hot loop of the attractive forces.
#pragma once
#include "kernels/simd/levels.h"
#include "kernels/types.h"

namespace fasttsne {

// The sums over some rows of P.
struct AttractiveSums {
  double cost;    // -sum P_ij ln q_ij if with_cost, else 0
  bool in_range;  // all entries of indptr and indices are valid; if not, the rest is meaningless
};

FASTTSNE_DECLARE_LEVELS(
    // attractive_forces of kernels/attractive_forces.h for rows [begin, end).
    AttractiveSums attractive_rows(const CsrView& P, const PointsView& Y, float dof, bool with_cost,
                                   float* forces, int64_t begin, int64_t end))

}  // namespace fasttsne
