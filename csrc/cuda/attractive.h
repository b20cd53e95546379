// Attractive forces of the rows of a sparse P: a few lanes a row, by the mean number of edges.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

struct AttractiveArguments {
  const int64_t* indptr;   // [n + 1]
  const int32_t* indices;  // [edges]
  const float* values;     // [edges]
  const float* Y;          // [n, dims]
  int64_t n, dims, edges;
  float dof;
  bool with_cost;
  float* forces;  // [n, dims]
  double* parts;  // [attractive_parts] workspace
  double* cost;   // [1]
};

int64_t attractive_parts(int64_t n, int64_t dims, int64_t edges);
// Where a column is no point, the row's force and the cost are NaN. Asynchronous on `stream`;
// allocates nothing. Returns the status of the launch, as all launchers
// do.
cudaError_t attractive_forces(const AttractiveArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
