#include "kernels/repulsive_bh.h"

#include <algorithm>
#include <vector>

#include "kernels/simd/repulsive_rows.h"

namespace fasttsne {
namespace {

// What acts on a group: points and far cells, by columns.
template <int kDims>
struct Sources {
  std::vector<float> column[kDims];
  std::vector<float> weight;

  void clear() {
    for (auto& c : column) c.clear();
    weight.clear();
  }
  void add(const float* point, float count) {
    for (int m = 0; m < kDims; ++m) column[m].push_back(point[m]);
    weight.push_back(count);
  }
};

template <int kDims>
float sq_distance_to_box(const float* point, const float* low, const float* high) {
  float total = 0;
  for (int m = 0; m < kDims; ++m) {
    const float outside = std::max({low[m] - point[m], point[m] - high[m], 0.f});
    total += outside * outside;
  }
  return total;
}

}  // namespace

template <int kDims>
void repulsive_bh(const Quadtree<kDims>& tree, float theta, float dof, float* forces,
                  double* Z_parts, RowRange groups) {
  static const auto run = FASTTSNE_PICK(repulsive_rows);
  const float sq_theta = theta * theta;
  // The kernel is flat over lengths well below min(1, sqrt(dof)): a cell this small acts as one
  // from any distance, its own points included (the terms y_i - y_j then sum to
  // count (y_i - centre)).
  const float sq_flat = 0.01f * sq_theta * std::min(dof, 1.f);
  Sources<kDims> sources;
  float group_forces[Quadtree<kDims>::kGroupSize * kDims];
  for (int64_t g = groups.begin; g < groups.end; ++g) {
    const auto& group = tree.groups()[g];
    sources.clear();
    const auto& nodes = tree.nodes();
    for (size_t i = 0; i < nodes.size();) {
      const auto& node = nodes[i];
      const float sq_extent = node.extent * node.extent;
      const bool mine = node.begin < group.end && group.begin < node.end;
      const bool far = !mine && sq_extent < sq_theta * sq_distance_to_box<kDims>(
                                                           node.center, group.low, group.high);
      if (far || sq_extent <= sq_flat) {
        sources.add(node.center, static_cast<float>(node.end - node.begin));
      } else if (node.leaf) {
        for (int64_t p = node.begin; p < node.end; ++p)
          sources.add(tree.sorted().data() + p * kDims, 1.f);
      } else {
        ++i;
        continue;
      }
      i = node.skip;
    }
    const int64_t points = group.end - group.begin;
    const float* columns[kDims];
    for (int m = 0; m < kDims; ++m) columns[m] = sources.column[m].data();
    std::fill(group_forces, group_forces + points * kDims, 0.f);
    const PointsView Y{tree.sorted().data() + int64_t{group.begin} * kDims, points, kDims};
    const double with_self =
        run(Y, columns, sources.weight.data(), static_cast<int64_t>(sources.weight.size()), dof,
            group_forces, 0, points);
    Z_parts[g] = with_self - static_cast<double>(points);
    for (int64_t p = 0; p < points; ++p)
      std::copy_n(group_forces + p * kDims, kDims,
                  forces + int64_t{tree.order()[group.begin + p]} * kDims);
  }
}

template void repulsive_bh(const Quadtree<1>&, float, float, float*, double*, RowRange);
template void repulsive_bh(const Quadtree<2>&, float, float, float*, double*, RowRange);
template void repulsive_bh(const Quadtree<3>&, float, float, float*, double*, RowRange);

}  // namespace fasttsne
