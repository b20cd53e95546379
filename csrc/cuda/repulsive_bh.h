// Repulsive forces by Barnes and Hut: a warp walks the tree for 32 neighbouring points together.
#pragma once
#include "cuda/tree.h"

namespace fasttsne::cuda {

struct BarnesHutArguments {
  TreeArguments tree;    // made
  const int32_t* order;  // [n] the point at each sorted place
  float theta, dof;
  float* forces;  // [n, dims], not divided by Z
  double* parts;  // [repulsive_bh_parts] workspace
  double* Z;      // [1]
};

int64_t repulsive_bh_parts(int64_t n);
cudaError_t repulsive_bh(const BarnesHutArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
