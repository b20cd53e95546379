// The hot loops of the particle mesh: points to grid and grid to points.
#pragma once
#include "kernels/simd/levels.h"
#include "kernels/types.h"
#include "math/spline.h"

namespace fasttsne {

// A uniform grid of nodes, row-major and contiguous. Node (0, ..., 0) is at `origin`.
struct MeshView {
  int64_t dims;
  int64_t nodes[3];  // number of nodes along each axis
  float origin[3];
  float inverse_step;  // 1 / distance of neighbouring nodes
};

FASTTSNE_DECLARE_LEVELS(
    // Adds a unit charge to the grid at every point order[begin], ..., order[end - 1].
    void spread_points(const MeshView& mesh, const float* Y, const int32_t* order, int64_t begin,
                       int64_t end, float* grid);
    // For points [begin, end): values = the potential, forces = -1/2 its gradient. Returns the sum
    // of the values.
    double gather_points(const MeshView& mesh, const float* Y, const float* potential,
                         float* forces, float* values, int64_t begin, int64_t end))

}  // namespace fasttsne
