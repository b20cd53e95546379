// Particle mesh: unit charges are spread to a grid by a cubic B-spline, and forces are gathered
// back from the potential on the grid by the derivative of the spline. The convolution between the
// two steps is done in Python, with torch.fft.
//
// Charges are summed as 64-bit integers, so that atomic additions in any order give the same bits.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

// A uniform grid of nodes, row-major and contiguous. Node (0, ..., 0) is at `origin`.
struct MeshView {
  int64_t dims;
  int64_t nodes[3];     // number of nodes along each axis
  const float* origin;  // [dims] on the device
  float inverse_step;   // 1 / distance of neighbouring nodes
};

struct SpreadArguments {
  MeshView mesh;
  const float* Y;  // [n, dims]
  int64_t n;
  int64_t size;      // number of nodes of the grid
  uint64_t* counts;  // [size] workspace for the charges as integers
  float* grid;       // [size]
};
struct GatherArguments {
  MeshView mesh;
  const float* Y;          // [n, dims]
  const float* potential;  // [nodes]
  int64_t n;
  float* forces;  // [n, dims] -1/2 gradient of the potential at the points
  float* values;  // [n] the potential at the points
  double* parts;  // [mesh_gather_parts(n)] workspace, one partial sum per block
  double* total;  // [1] sum of the values
};

cudaError_t mesh_spread(const SpreadArguments& arguments, cudaStream_t stream);
int64_t mesh_gather_parts(int64_t n);
cudaError_t mesh_gather(const GatherArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
