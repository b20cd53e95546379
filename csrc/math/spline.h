// The window of the particle mesh: the cubic B-spline at the four nodes around a point, and its
// slope per step. t in [0, 1) is the point's place between the second and the third of them.
#pragma once
#include "math/portable.h"

namespace fasttsne {

// Nodes a point touches on each axis.
inline constexpr int kMeshOrder = 4;
// Nodes of an axis: as many as a float counts exactly.
inline constexpr int64_t kMostNodes = int64_t{1} << 24;

}  // namespace fasttsne

namespace fasttsne::math {

template <class T>
FASTTSNE_SHARED void spline_weights(T t, T (&w)[kMeshOrder]) {
  const T s = 1.0f - t, tt = t * t;
  w[0] = s * s * s * (1.0f / 6);
  w[1] = (3.0f * t - 6.0f) * tt * (1.0f / 6) + 2.0f / 3;
  w[2] = ((3.0f - 3.0f * t) * t + 3.0f) * t * (1.0f / 6) + 1.0f / 6;
  w[3] = tt * t * (1.0f / 6);
}

template <class T>
FASTTSNE_SHARED void spline_slopes(T t, T (&d)[kMeshOrder]) {
  const T s = 1.0f - t, tt = t * t;
  d[0] = s * s * -0.5f;
  d[1] = (1.5f * t - 2.0f) * t;
  d[2] = (1.0f - 1.5f * t) * t + 0.5f;
  d[3] = tt * 0.5f;
}

// Where a point at u steps from the origin may be for its window to lie on the grid: between the
// second and the last but one node. One outside is put on the edge, a NaN on the lower one: a wrong
// force, never a wrong address.
template <class T>
FASTTSNE_SHARED T inside_grid(T u, float nodes) {
  const T lowest = T{} + 1.0f, highest = T{} + (nodes - (kMeshOrder - 2));
  const T above = u > lowest ? u : lowest;
  return above < highest ? above : highest;
}

// The number whose whole part is the second node of the window of a point inside.
template <class T>
FASTTSNE_SHARED T second_node(T inside, float nodes) {
  const T last = T{} + (nodes - (kMeshOrder - 1));
  return inside < last ? inside : last;
}

}  // namespace fasttsne::math
