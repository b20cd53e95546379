// The hot loop of the exact and the Barnes-Hut repulsion.
#pragma once
#include "kernels/simd/levels.h"
#include "kernels/types.h"

namespace fasttsne {

FASTTSNE_DECLARE_LEVELS(
    // Forces on points [begin, end) from `sources` sources, whose coordinates are stored by
    // columns: force_i += sum_s weight_s q_is w_is (y_i - y_s). Returns sum_is weight_s q_is. If
    // source_weights is null, the sources are the points themselves with weight 1, and s = i is
    // left out. forces: [n, dims], row-major.
    double repulsive_rows(const PointsView& Y, const float* const* source_columns,
                          const float* source_weights, int64_t sources, float dof, float* forces,
                          int64_t begin, int64_t end))

}  // namespace fasttsne
