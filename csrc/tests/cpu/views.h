// Inputs of the tests as the CPU kernels take them.
#pragma once
#include "cases/inputs.h"
#include "kernels/simd/mesh_points.h"
#include "kernels/types.h"

namespace fasttsne::tests {

inline PointsView view(const Points& points) {
  return {points.values.data(), points.n, points.dims};
}

// The rows from `first` on.
inline CsrView view(const Edges& edges, int64_t first = 0) {
  return {edges.indptr.data() + first, edges.indices.data(), edges.values.data(),
          static_cast<int64_t>(edges.indices.size()), first};
}

inline MeshView view(const Grid& grid, int64_t dims) {
  MeshView out{dims, {}, {}, grid.inverse_step};
  for (int64_t m = 0; m < dims; ++m) {
    out.nodes[m] = grid.sides[m];
    out.origin[m] = grid.origin[m];
  }
  return out;
}

}  // namespace fasttsne::tests
