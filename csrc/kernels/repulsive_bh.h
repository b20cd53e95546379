// Repulsive forces by Barnes-Hut: cells far from a group of points act through their centre.
#pragma once
#include "kernels/quadtree.h"
#include "kernels/types.h"

namespace fasttsne {

// Forces on the groups in range, written to rows tree.order() of forces [n, kDims]; Z_parts[g] is
// the share of group g in Z, self excluded. A cell of longest side s at distance r of the group
// acts as one when s < theta r; theta = 0 opens all cells but exact duplicates.
template <int kDims>
void repulsive_bh(const Quadtree<kDims>& tree, float theta, float dof, float* forces,
                  double* Z_parts, RowRange groups);

}  // namespace fasttsne
