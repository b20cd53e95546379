#include "kernels/mesh.h"

#include <algorithm>

namespace fasttsne {
namespace {

// Grid rows per strip. With kMeshOrder - 1 rows or more, a strip reaches into the next one only.
// More rows save overhead; fewer rows give more strips to share among the threads.
constexpr int64_t kStripRows = 8;
static_assert(kStripRows >= kMeshOrder - 1);

}  // namespace

MeshStrips::MeshStrips(const MeshView& mesh, const PointsView& Y)
    : mesh_(mesh), Y_(Y.data), order_(Y.n), begin_(ceil_div(mesh.nodes[0], kStripRows) + 1) {
  std::vector<int32_t> strip(Y.n);
  const auto last = static_cast<float>(mesh.nodes[0] - kMeshOrder);
  for (int64_t i = 0; i < Y.n; ++i) {
    const float u = (Y.data[i * Y.dims] - mesh.origin[0]) * mesh.inverse_step - 1.f;
    // The comparison is written so that a NaN gives strip 0.
    strip[i] = static_cast<int32_t>(u > 0.f ? std::min(u, last) : 0.f) / kStripRows;
    ++begin_[strip[i] + 1];
  }
  for (int64_t s = 0; s < count(); ++s) begin_[s + 1] += begin_[s];
  std::vector<int64_t> position(begin_.begin(), begin_.end() - 1);
  for (int64_t i = 0; i < Y.n; ++i) order_[position[strip[i]]++] = static_cast<int32_t>(i);
}

void MeshStrips::clear(int64_t s, float* grid) const {
  int64_t row = 1;
  for (int64_t m = 1; m < mesh_.dims; ++m) row *= mesh_.nodes[m];
  const int64_t end = std::min((s + 1) * kStripRows, mesh_.nodes[0]);
  std::fill(grid + s * kStripRows * row, grid + end * row, 0.f);
}

void MeshStrips::spread(int64_t s, float* grid) const {
  static const auto run = FASTTSNE_PICK(spread_points);
  if (begin_[s] < begin_[s + 1]) run(mesh_, Y_, order_.data(), begin_[s], begin_[s + 1], grid);
}

double mesh_gather(const MeshView& mesh, const PointsView& Y, const float* potential, float* forces,
                   float* values, RowRange rows) {
  static const auto run = FASTTSNE_PICK(gather_points);
  return run(mesh, Y.data, potential, forces, values, rows.begin, rows.end);
}

}  // namespace fasttsne
