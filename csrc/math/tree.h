// When a cell of the tree acts as one point (Barnes and Hut 1986).
#pragma once
#include "math/portable.h"

namespace fasttsne::math {

template <int kDims>
FASTTSNE_SHARED float sq_distance_to_box(const float* point, const float* low, const float* high) {
  float total = 0;
  for (int m = 0; m < kDims; ++m) {
    const float below = low[m] - point[m], above = point[m] - high[m];
    const float outside = below > above ? below : above;
    total += outside > 0 ? outside * outside : 0;
  }
  return total;
}

struct Opening {
  float sq_theta;
  // The kernel is flat over lengths well below min(1, sqrt(dof)): a cell this small acts as one
  // from any distance, its own points included (the terms y_i - y_j then sum to count (y_i -
  // centre)).
  float sq_flat;

  FASTTSNE_SHARED_MEMBER Opening(float theta, float dof)
      : sq_theta(theta * theta), sq_flat(0.01f * theta * theta * (dof < 1 ? dof : 1)) {}

  // sq_distance: from the cell's centre of mass to the box around the points that ask; `mine`: some
  // of them are in the cell.
  FASTTSNE_SHARED_MEMBER bool one_point(float extent, float sq_distance, bool mine) const {
    const float sq_extent = extent * extent;
    return (!mine && sq_extent < sq_theta * sq_distance) || sq_extent <= sq_flat;
  }
};

}  // namespace fasttsne::math
