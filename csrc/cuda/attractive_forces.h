// Attractive forces of the rows of a sparse P. A few lanes of a warp share a row; how many depends
// on the mean number of edges per row. See kernels/attractive_forces.h for the formulas.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

struct AttractiveArguments {
  const int64_t* indptr;   // [rows + 1]
  const int32_t* indices;  // [edges]
  const float* values;     // [edges]
  const float* Y;          // [n, dims]
  int64_t n, dims, edges;
  int64_t rows, first;  // of P, which may be a part of all n; the point of the first
  float dof;
  bool with_cost;
  float* forces;  // [rows, dims]
  double* parts;  // [attractive_parts(...)] workspace, one partial cost per block
  double* cost;   // [1]
};

int64_t attractive_parts(int64_t rows, int64_t dims, int64_t edges);
// If a column of a row is not in 0 .. n - 1, the row's force and the cost are NaN. Like all
// launchers, this one is asynchronous on `stream`, allocates nothing and returns the status of the
// launch.
cudaError_t attractive_forces(const AttractiveArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
