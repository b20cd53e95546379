// The hot loops of the repulsion of SNE; see kernels/repulsive_sne.h.
#pragma once
#include "kernels/simd/levels.h"
#include "kernels/types.h"

namespace fasttsne {

FASTTSNE_DECLARE_LEVELS(
    // For points i in [begin, end), with minima and sums over all j other than i:
    //   nearest_i = min_j d2_ij
    //   sums_i = sum_j exp(nearest_i - d2_ij)
    //   force_i += sum_j exp(nearest_i - d2_ij) (y_i - y_j)
    // columns: the coordinates of Y by columns. forces: [n, dims], row-major.
    void sne_rows(const PointsView& Y, const float* const* columns, float* nearest, double* sums,
                  float* forces, int64_t begin, int64_t end);
    // The terms of the transposed q_{i|j}, normalised by row j:
    //   force_i += sum_j scale_j exp(nearest_j - d2_ij) (y_i - y_j)
    void sne_rows_transposed(const PointsView& Y, const float* const* columns, const float* nearest,
                             const float* scale, float* forces, int64_t begin, int64_t end))

}  // namespace fasttsne
