// Particle mesh: unit charges spread to a grid by a cubic B-spline, and forces gathered back from
// the grid's potential through the spline's slope. The convolution between the two is torch.fft's.
//
// Threads without atomics: the grid is cut along its first axis into strips; a point belongs to the
// strip of its first node and reaches at most kMeshOrder - 1 rows into the next. So all even strips
// can be filled at once, then all odd ones, each in the order of its points: the same bits for any
// number of threads.
#pragma once
#include <vector>

#include "kernels/simd/mesh_points.h"
#include "kernels/types.h"

namespace fasttsne {

class MeshStrips {
 public:
  MeshStrips(const MeshView& mesh, const PointsView& Y);

  int64_t count() const { return static_cast<int64_t>(begin_.size()) - 1; }
  // Clears rows of the grid that strip s owns; then, all cleared, adds its charges.
  void clear(int64_t s, float* grid) const;
  void spread(int64_t s, float* grid) const;

 private:
  MeshView mesh_;
  const float* Y_;
  std::vector<int32_t> order_;  // points by strip
  std::vector<int64_t> begin_;  // [strips + 1]
};

// Writes the rows of forces = -1/2 gradient of the potential; returns the potential's sum.
double mesh_gather(const MeshView& mesh, const PointsView& Y, const float* potential, float* forces,
                   float* values, RowRange rows);

}  // namespace fasttsne
