// Particle mesh: unit charges are spread to a grid by a cubic B-spline, and forces are gathered
// back from the potential on the grid by the derivative of the spline. The convolution between the
// two steps is done in Python, with torch.fft.
//
// Spreading runs on several threads without atomics. The grid is cut into strips along its first
// axis. A point belongs to the strip of the first node that it touches, and reaches at most
// kMeshOrder - 1 rows into the next strip. So all even strips can be filled at the same time, then
// all odd ones. Each strip adds its points in a fixed order, so the result has the same bits for
// any number of threads.
#pragma once
#include <memory>
#include <vector>

#include "kernels/simd/mesh_points.h"
#include "kernels/types.h"

namespace fasttsne {

class MeshStrips {
 public:
  MeshStrips(const MeshView& mesh, const PointsView& Y);

  int64_t count() const { return static_cast<int64_t>(begin_.size()) - 1; }
  // Sorting the points by strip takes three steps: first for each block of points, then once, then
  // for each block again. Blocks may run at the same time; their number does not depend on threads.
  int64_t blocks() const { return blocks_; }
  void count_points(int64_t block);
  void add_counts();
  void sort_points(int64_t block);
  // Sets the grid rows of strip s to zero. All strips must be cleared before any is spread.
  void clear(int64_t s, float* grid) const;
  // Adds the charges of the points of strip s.
  void spread(int64_t s, float* grid) const;

 private:
  RowRange points_of(int64_t block) const;

  MeshView mesh_;
  PointsView Y_;
  int64_t blocks_;
  std::vector<int64_t> begin_;        // [strips + 1] where each strip begins in order_
  std::vector<int64_t> position_;     // [blocks, strips] counts, then places in order_
  std::unique_ptr<int32_t[]> strip_;  // [n] strip of each point
  std::unique_ptr<int32_t[]> order_;  // [n] point numbers, sorted by strip
};

// Writes the given rows of values [n] = the potential at the points and of forces [n, dims] = -1/2
// its gradient; returns the sum of the values.
double mesh_gather(const MeshView& mesh, const PointsView& Y, const float* potential, float* forces,
                   float* values, RowRange rows);

}  // namespace fasttsne
