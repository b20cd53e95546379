#pragma once
#include "kernels/simd/levels.h"
#include "kernels/types.h"

namespace fasttsne {

FASTTSNE_DECLARE_LEVELS(
    // Forces on points [begin, end) from `sources` weighted sources, coordinates by columns:
    // force_i += sum_s weight_s q w (y_i - y_s); returns sum_is weight_s q. Without weights the
    // sources are the points themselves, and s = i is left out. forces: [points, dims] row-major.
    double repulsive_rows(const PointsView& Y, const float* const* source_columns,
                          const float* source_weights, int64_t sources, float dof, float* forces,
                          int64_t begin, int64_t end))

}  // namespace fasttsne
