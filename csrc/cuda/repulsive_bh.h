// Repulsive forces by Barnes-Hut: a warp traverses the tree once for 32 points that are consecutive
// in Morton order.
#pragma once
#include "cuda/tree.h"

namespace fasttsne::cuda {

struct BarnesHutArguments {
  TreeArguments tree;    // as make_tree has filled it
  const int32_t* order;  // [n] row of Y at each sorted position
  float theta, dof;      // theta: see kernels/repulsive_bh.h
  float* forces;         // [n, dims], not divided by Z
  double* parts;         // [repulsive_bh_parts(n)] workspace, one partial Z per block
  double* Z;             // [1]
};

int64_t repulsive_bh_parts(int64_t n);
cudaError_t repulsive_bh(const BarnesHutArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
