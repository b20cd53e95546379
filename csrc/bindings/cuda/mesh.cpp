// CUDA ops: the particle mesh.
#include "cuda/mesh.h"

#include "bindings/cuda/launch.h"
#include "bindings/tensors.h"

namespace fasttsne::bindings {
namespace {

cuda::MeshView view(const Tensor& Y, const Tensor& grid, const Tensor& origin, double step) {
  check_mesh(Y, grid, origin);
  const int64_t dims = Y.size(1);
  check_same_device(Y, {&grid, &origin});
  cuda::MeshView mesh{dims, {}, origin.const_data_ptr<float>(), static_cast<float>(1 / step)};
  for (int64_t m = 0; m < dims; ++m) mesh.nodes[m] = grid.size(m);
  return mesh;
}

void mesh_spread_(const Tensor& Y, Tensor grid, const Tensor& origin, double step) {
  const cuda::MeshView mesh = view(Y, grid, origin, step);
  const CudaGuard device(Y);
  Tensor counts = empty(Y, {grid.numel()}, ScalarType::Long);
  check_cuda(
      cuda::mesh_spread({.mesh = mesh,
                         .Y = Y.const_data_ptr<float>(),
                         .n = Y.size(0),
                         .size = grid.numel(),
                         .counts = reinterpret_cast<uint64_t*>(counts.mutable_data_ptr<int64_t>()),
                         .grid = grid.mutable_data_ptr<float>()},
                        device.stream));
}

std::tuple<Tensor, Tensor, Tensor> mesh_gather(const Tensor& Y, const Tensor& potential,
                                               const Tensor& origin, double step) {
  const cuda::MeshView mesh = view(Y, potential, origin, step);
  const CudaGuard device(Y);
  Tensor forces = torch::stable::empty_like(Y);
  Tensor values = empty(Y, {Y.size(0)}, ScalarType::Float);
  Tensor total = empty(Y, {}, ScalarType::Double);
  Tensor parts = empty(Y, {cuda::mesh_gather_parts(Y.size(0))}, ScalarType::Double);
  check_cuda(cuda::mesh_gather({.mesh = mesh,
                                .Y = Y.const_data_ptr<float>(),
                                .potential = potential.const_data_ptr<float>(),
                                .n = Y.size(0),
                                .forces = forces.mutable_data_ptr<float>(),
                                .values = values.mutable_data_ptr<float>(),
                                .parts = parts.mutable_data_ptr<double>(),
                                .total = total.mutable_data_ptr<double>()},
                               device.stream));
  return {forces, values, total};
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(fasttsne, CUDA, m) {
  m.impl("mesh_spread_", TORCH_BOX(&mesh_spread_));
  m.impl("mesh_gather", TORCH_BOX(&mesh_gather));
}

}  // namespace fasttsne::bindings
