#pragma once
#include "kernels/simd/levels.h"
#include "kernels/types.h"

namespace fasttsne {

FASTTSNE_DECLARE_LEVELS(
    // For points i in [begin, end), coordinates also by columns, over all j other than i:
    // nearest_i = min d2, sums_i = sum exp(nearest_i - d2), and
    // force_i += sum exp(nearest_i - d2) (y_i - y_j); forces are row-major.
    void sne_rows(const PointsView& Y, const float* const* columns, float* nearest, double* sums,
                  float* forces, int64_t begin, int64_t end);
    // force_i += sum scale_j exp(nearest_j - d2) (y_i - y_j).
    void sne_rows_of_others(const PointsView& Y, const float* const* columns, const float* nearest,
                            const float* scale, float* forces, int64_t begin, int64_t end))

}  // namespace fasttsne
