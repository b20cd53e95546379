#pragma once
#include "kernels/simd/levels.h"
#include "kernels/types.h"
#include "math/spline.h"

namespace fasttsne {

// A uniform grid of nodes, row-major and contiguous, with a corner at `origin`.
struct MeshView {
  int64_t dims;
  int64_t nodes[3];  // per axis
  float origin[3];
  float inverse_step;
};

FASTTSNE_DECLARE_LEVELS(
    // Adds a unit charge at each of the points order[begin .. end) to grid.
    void spread_points(const MeshView& mesh, const float* Y, const int32_t* order, int64_t begin,
                       int64_t end, float* grid);
    // values = the potential at points [begin, end), forces = -1/2 its gradient; returns the sum
    // of the values.
    double gather_points(const MeshView& mesh, const float* Y, const float* potential,
                         float* forces, float* values, int64_t begin, int64_t end))

}  // namespace fasttsne
