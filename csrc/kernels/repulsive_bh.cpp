#include "kernels/repulsive_bh.h"

#include <algorithm>
#include <vector>

#include "kernels/simd/repulsive_rows.h"
#include "math/opening_criterion.h"

namespace fasttsne {
namespace {

// The sources that act on a group: points with weight 1 and far cells with the number of their
// points as weight. Coordinates are stored by columns.
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

}  // namespace

template <int kDims>
void repulsive_bh(const Quadtree<kDims>& tree, float theta, float dof, float* forces,
                  double* Z_parts, RowRange groups) {
  static const auto run = FASTTSNE_PICK(repulsive_rows);
  const math::OpeningCriterion opening(theta, dof);
  Sources<kDims> sources;
  float group_forces[Quadtree<kDims>::kGroupSize * kDims];
  for (int64_t g = groups.begin; g < groups.end; ++g) {
    const auto& group = tree.groups()[g];
    sources.clear();
    const auto& nodes = tree.nodes();
    for (size_t i = 0; i < nodes.size();) {
      const auto& node = nodes[i];
      const bool contains_own = node.begin < group.end && group.begin < node.end;
      const float sq_distance = math::sq_distance_to_box<kDims>(node.center, group.low, group.high);
      if (opening.acts_as_one_point(node.extent, sq_distance, contains_own)) {
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
