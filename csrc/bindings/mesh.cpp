// CPU ops: the particle mesh.
#include "kernels/mesh.h"

#include "bindings/checks.h"
#include "bindings/parallel.h"
#include "bindings/tensors.h"
#include "kernels/profile.h"

namespace fasttsne::bindings {
namespace {

constexpr int64_t kBlockRows = 1024;

MeshView view(const Tensor& Y, const Tensor& grid, const Tensor& origin, double step) {
  check_mesh(Y, grid, origin);
  const int64_t dims = Y.size(1);
  MeshView mesh{dims, {}, {}, static_cast<float>(1 / step)};
  for (int64_t m = 0; m < dims; ++m) {
    mesh.nodes[m] = grid.size(m);
    mesh.origin[m] = origin.const_data_ptr<float>()[m];
  }
  return mesh;
}

void mesh_spread_(const Tensor& Y, Tensor grid, const Tensor& origin, double step) {
  const ProfiledCall call(Kernel::mesh_spread);
  const MeshView mesh = view(Y, grid, origin, step);
  MeshStrips strips(mesh, points(Y));
  for_each_item(strips.blocks(), Y.size(0), [&](int64_t block) { strips.count_points(block); });
  strips.add_counts();
  for_each_item(strips.blocks(), Y.size(0), [&](int64_t block) { strips.sort_points(block); });
  float* to = grid.mutable_data_ptr<float>();
  for_each_item(strips.count(), grid.numel(), [&](int64_t s) { strips.clear(s, to); });
  for (const int64_t parity : {0, 1})
    for_each_item((strips.count() + 1 - parity) / 2, Y.size(0) * 32,
                  [&](int64_t s) { strips.spread(2 * s + parity, to); });
}

std::tuple<Tensor, Tensor, Tensor> mesh_gather(const Tensor& Y, const Tensor& potential,
                                               const Tensor& origin, double step) {
  const ProfiledCall call(Kernel::mesh_gather);
  const MeshView mesh = view(Y, potential, origin, step);
  Tensor forces = torch::stable::empty_like(Y);
  Tensor values = empty(Y, {Y.size(0)}, ScalarType::Float);
  float *to = forces.mutable_data_ptr<float>(), *values_to = values.mutable_data_ptr<float>();
  const double total = sum_over_blocks(Y.size(0), kBlockRows, Y.size(0) * 32, [&](RowRange rows) {
    return fasttsne::mesh_gather(mesh, points(Y), potential.const_data_ptr<float>(), to, values_to,
                                 rows);
  });
  return {forces, values, scalar(Y, total)};
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(fasttsne, CPU, m) {
  m.impl("mesh_spread_", TORCH_BOX(&mesh_spread_));
  m.impl("mesh_gather", TORCH_BOX(&mesh_gather));
}

}  // namespace fasttsne::bindings
