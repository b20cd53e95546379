// Repulsive forces by Barnes-Hut: a cell that is far from a group of points acts as one point at
// its centre of mass.
#pragma once
#include "kernels/tree.h"
#include "kernels/types.h"

namespace fasttsne {

// Writes the forces on the points of the given groups to their rows of forces [n, kDims], and to
// Z_parts[g] the contribution of group g to Z, without the terms of points with themselves. A cell
// with longest side s at distance r from the group acts as one point if s < theta r. With
// theta = 0, all cells are opened except those whose points coincide.
template <int kDims>
void repulsive_bh(const Quadtree<kDims>& tree, float theta, float dof, float* forces,
                  double* Z_parts, RowRange groups);

}  // namespace fasttsne
