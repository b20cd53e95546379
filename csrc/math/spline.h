// The window function of the particle mesh: the cubic B-spline. On each axis a point touches four
// nodes; t in [0, 1] is its position between the second and the third of them, in steps of the
// grid.
#pragma once
#include "math/portable.h"

namespace fasttsne {

// Number of nodes that a point touches on each axis.
inline constexpr int kMeshOrder = 4;
// Largest number of nodes along an axis: up to here a float32 holds every integer exactly.
inline constexpr int64_t kMaxNodes = int64_t{1} << 24;

}  // namespace fasttsne

namespace fasttsne::math {

// Weights of the four nodes; they sum to 1.
template <class T>
FASTTSNE_SHARED void spline_weights(T t, T (&w)[kMeshOrder]) {
  const T s = 1.0f - t, tt = t * t;
  w[0] = s * s * s * (1.0f / 6);
  w[1] = (3.0f * t - 6.0f) * tt * (1.0f / 6) + 2.0f / 3;
  w[2] = ((3.0f - 3.0f * t) * t + 3.0f) * t * (1.0f / 6) + 1.0f / 6;
  w[3] = tt * t * (1.0f / 6);
}

// Derivatives of the four weights with respect to t.
template <class T>
FASTTSNE_SHARED void spline_slopes(T t, T (&d)[kMeshOrder]) {
  const T s = 1.0f - t, tt = t * t;
  d[0] = s * s * -0.5f;
  d[1] = (1.5f * t - 2.0f) * t;
  d[2] = (1.0f - 1.5f * t) * t + 0.5f;
  d[3] = tt * 0.5f;
}

// Clamps u, a point's distance from the origin in steps, to the range in which its four nodes lie
// on the grid: from the second node to the last but one. A NaN goes to the lower end. So a point
// outside the grid gets a wrong force, but never an address outside the grid.
template <class T>
FASTTSNE_SHARED T inside_grid(T u, float nodes) {
  const T lowest = T{} + 1.0f, highest = T{} + (nodes - (kMeshOrder - 2));
  const T above = u > lowest ? u : lowest;
  return above < highest ? above : highest;
}

// A number whose integer part is the second of the four nodes, for u that `inside_grid` has
// clamped.
template <class T>
FASTTSNE_SHARED T second_node(T inside, float nodes) {
  const T last = T{} + (nodes - (kMeshOrder - 1));
  return inside < last ? inside : last;
}

}  // namespace fasttsne::math
