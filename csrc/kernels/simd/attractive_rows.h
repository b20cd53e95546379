#pragma once
#include "kernels/simd/levels.h"
#include "kernels/types.h"

namespace fasttsne {

FASTTSNE_DECLARE_LEVELS(
    // Rows [begin, end) of attractive_forces in kernels/attractive.h; returns their cost.
    double attractive_rows(const CsrView& P, const PointsView& Y, float dof, bool with_cost,
                           float* forces, int64_t begin, int64_t end))

}  // namespace fasttsne
