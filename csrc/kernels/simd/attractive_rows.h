#pragma once
#include "kernels/simd/levels.h"
#include "kernels/types.h"

namespace fasttsne {

// What some rows of P add up to.
struct RowsOfP {
  double cost;    // 0 unless asked for
  bool in_range;  // the rows lie within P, and their columns are points
};

FASTTSNE_DECLARE_LEVELS(
    // Rows [begin, end) of attractive_forces in kernels/attractive.h.
    RowsOfP attractive_rows(const CsrView& P, const PointsView& Y, float dof, bool with_cost,
                            float* forces, int64_t begin, int64_t end))

}  // namespace fasttsne
