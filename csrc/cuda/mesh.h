// Particle mesh: unit charges spread to a grid by a cubic B-spline, and forces gathered back from
// the grid's potential through the spline's slope. The convolution between the two is torch.fft's.
//
// Charges add up as 64-bit integers, so that atomics in any order give the same bits.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

// A uniform grid of nodes, row-major and contiguous, with a corner at `origin` (on the device).
struct MeshView {
  int64_t dims;
  int64_t nodes[3];  // per axis
  const float* origin;
  float inverse_step;
};

struct SpreadArguments {
  MeshView mesh;
  const float* Y;  // [n, dims]
  int64_t n;
  int64_t size;      // nodes of the grid
  uint64_t* counts;  // [size] workspace
  float* grid;       // [size]
};
struct GatherArguments {
  MeshView mesh;
  const float* Y;          // [n, dims]
  const float* potential;  // [nodes]
  int64_t n;
  float* forces;  // [n, dims] -1/2 gradient of the potential
  float* values;  // [n] the potential at the points
  double* parts;  // [mesh_gather_parts] workspace
  double* total;  // [1] sum of the potential
};

cudaError_t mesh_spread(const SpreadArguments& arguments, cudaStream_t stream);
int64_t mesh_gather_parts(int64_t n);
cudaError_t mesh_gather(const GatherArguments& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
