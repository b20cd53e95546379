// The opening criterion of Barnes and Hut (1986): it decides whether a cell of the tree acts as one
// point, at its centre of mass, or is opened.
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

struct OpeningCriterion {
  float sq_theta;  // squared angle theta: a cell of extent s at distance r is far if s < theta r
  // Squared extent up to which a cell acts as one point at any distance, even for the points inside
  // it. The kernel is flat over lengths well below min(1, sqrt(dof)), and under a constant kernel
  // the terms y_i - y_j of the cell sum to count * (y_i - center) exactly.
  float sq_flat;

  FASTTSNE_SHARED_MEMBER OpeningCriterion(float theta, float dof)
      : sq_theta(theta * theta), sq_flat(0.01f * theta * theta * (dof < 1 ? dof : 1)) {}

  // extent: longest side of the cell. sq_distance: from the cell's centre of mass to the box around
  // the points that feel the force. contains_own: the cell contains some of these points.
  FASTTSNE_SHARED_MEMBER bool acts_as_one_point(float extent, float sq_distance,
                                                bool contains_own) const {
    const float sq_extent = extent * extent;
    return (!contains_own && sq_extent < sq_theta * sq_distance) || sq_extent <= sq_flat;
  }
};

}  // namespace fasttsne::math
