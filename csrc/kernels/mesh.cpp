#include "kernels/mesh.h"

#include <algorithm>

namespace fasttsne {
namespace {

// Grid rows per strip. With kMeshOrder - 1 rows or more, a strip reaches into the next one only.
// More rows save overhead; fewer rows give more strips to share among the threads.
constexpr int64_t kStripRows = 8;
// Points that are sorted at a time.
constexpr int64_t kBlockPoints = 1 << 14;
static_assert(kStripRows >= kMeshOrder - 1);

}  // namespace

MeshStrips::MeshStrips(const MeshView& mesh, const PointsView& Y)
    : mesh_(mesh),
      Y_(Y),
      begin_(ceil_div(mesh.nodes[0], kStripRows) + 1),
      strip_(std::make_unique_for_overwrite<int32_t[]>(Y.n)),
      order_(std::make_unique_for_overwrite<int32_t[]>(Y.n)) {
  // No more counts than points.
  blocks_ = std::max<int64_t>(std::min(ceil_div(Y.n, kBlockPoints), Y.n / count()), 1);
  position_.resize(blocks_ * count());
}

RowRange MeshStrips::points_of(int64_t block) const {
  return {Y_.n * block / blocks_, Y_.n * (block + 1) / blocks_};
}

void MeshStrips::count_points(int64_t block) {
  int64_t* const counts = position_.data() + block * count();
  const auto last = static_cast<float>(mesh_.nodes[0] - kMeshOrder);
  const RowRange points = points_of(block);
  for (int64_t i = points.begin; i < points.end; ++i) {
    const float u = (Y_.data[i * Y_.dims] - mesh_.origin[0]) * mesh_.inverse_step - 1.f;
    // The comparison is written so that a NaN gives strip 0.
    strip_[i] = static_cast<int32_t>(u > 0.f ? std::min(u, last) : 0.f) / kStripRows;
    ++counts[strip_[i]];
  }
}

void MeshStrips::add_counts() {
  int64_t before = 0;
  for (int64_t s = 0; s < count(); ++s) {
    begin_[s] = before;
    for (int64_t block = 0; block < blocks_; ++block) {
      int64_t& position = position_[block * count() + s];
      before += position;
      position = before - position;
    }
  }
  begin_[count()] = before;
}

void MeshStrips::sort_points(int64_t block) {
  int64_t* const position = position_.data() + block * count();
  const RowRange points = points_of(block);
  for (int64_t i = points.begin; i < points.end; ++i)
    order_[position[strip_[i]]++] = static_cast<int32_t>(i);
}

void MeshStrips::clear(int64_t s, float* grid) const {
  int64_t row = 1;
  for (int64_t m = 1; m < mesh_.dims; ++m) row *= mesh_.nodes[m];
  const int64_t end = std::min((s + 1) * kStripRows, mesh_.nodes[0]);
  std::fill(grid + s * kStripRows * row, grid + end * row, 0.f);
}

void MeshStrips::spread(int64_t s, float* grid) const {
  static const auto run = FASTTSNE_PICK(spread_points);
  if (begin_[s] < begin_[s + 1]) run(mesh_, Y_.data, order_.get(), begin_[s], begin_[s + 1], grid);
}

double mesh_gather(const MeshView& mesh, const PointsView& Y, const float* potential, float* forces,
                   float* values, RowRange rows) {
  static const auto run = FASTTSNE_PICK(gather_points);
  return run(mesh, Y.data, potential, forces, values, rows.begin, rows.end);
}

}  // namespace fasttsne
