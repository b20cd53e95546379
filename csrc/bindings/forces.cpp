// CPU ops: attractive and repulsive forces.
#include <atomic>

#include "bindings/checks.h"
#include "bindings/parallel.h"
#include "bindings/tensors.h"
#include "kernels/attractive_forces.h"
#include "kernels/profile.h"
#include "kernels/repulsive_bh.h"
#include "kernels/repulsive_exact.h"
#include "kernels/repulsive_sne.h"

namespace fasttsne::bindings {
namespace {

// Rows (or groups of the tree) that a thread takes at a time: enough to hide the cost of
// scheduling, and few enough to balance the load.
constexpr int64_t kAttractiveRows = 512, kExactRows = 32, kTreeGroups = 16;

std::tuple<Tensor, Tensor> attractive_forces(const Tensor& indptr, const Tensor& indices,
                                             const Tensor& values, const Tensor& Y, double dof,
                                             bool with_cost, int64_t first) {
  const ProfiledCall call(Kernel::attractive_forces);
  const int64_t rows = check_csr_and_embedding(indptr, indices, values, Y, first);
  Tensor forces = empty(Y, {rows, Y.size(1)}, ScalarType::Float);
  float* to = forces.mutable_data_ptr<float>();
  const CsrView P{indptr.const_data_ptr<int64_t>(), indices.const_data_ptr<int32_t>(),
                  values.const_data_ptr<float>(), indices.numel(), first};
  STD_TORCH_CHECK(P.indptr[0] == 0 && P.indptr[rows] == P.edges,
                  "indptr must run from 0 to the number of indices");
  std::atomic<bool> in_range{true};
  const double cost = sum_over_blocks(rows, kAttractiveRows, indices.numel(), [&](RowRange some) {
    const AttractiveSums sums =
        fasttsne::attractive_forces(P, points(Y), static_cast<float>(dof), with_cost, to, some);
    if (!sums.in_range) in_range = false;
    return sums.cost;
  });
  STD_TORCH_CHECK(in_range,
                  "indptr must rise, and indices must be in 0 .. n - 1 = ", Y.size(0) - 1);
  return {forces, scalar(Y, cost)};
}

std::tuple<Tensor, Tensor> repulsive_exact(const Tensor& Y, double dof) {
  const ProfiledCall call(Kernel::repulsive_exact);
  check_embedding(Y);
  Tensor forces = torch::stable::empty_like(Y);
  float* to = forces.mutable_data_ptr<float>();
  const Columns columns(points(Y));
  const double Z =
      sum_over_blocks(Y.size(0), kExactRows, Y.size(0) * Y.size(0), [&](RowRange rows) {
        return fasttsne::repulsive_exact(points(Y), columns, static_cast<float>(dof), to, rows);
      });
  return {forces, scalar(Y, Z)};
}

template <int kDims>
double tree_forces(const Tensor& Y, double theta, double dof, float* forces) {
  const Quadtree<kDims> tree(points(Y));
  std::vector<double> parts(tree.groups().size());
  for_each_block(static_cast<int64_t>(parts.size()), kTreeGroups, Y.size(0) * 512,
                 [&](int64_t, RowRange groups) {
                   fasttsne::repulsive_bh<kDims>(tree, static_cast<float>(theta),
                                                 static_cast<float>(dof), forces, parts.data(),
                                                 groups);
                 });
  return std::accumulate(parts.begin(), parts.end(), 0.0);
}

std::tuple<Tensor, Tensor> repulsive_bh(const Tensor& Y, double theta, double dof) {
  const ProfiledCall call(Kernel::repulsive_bh);
  check_embedding(Y);
  STD_TORCH_CHECK(1 <= Y.size(1) && Y.size(1) <= 3, "Y must have 1 to 3 columns");
  Tensor forces = torch::stable::empty_like(Y);
  float* to = forces.mutable_data_ptr<float>();
  const double Z = Y.size(1) == 1   ? tree_forces<1>(Y, theta, dof, to)
                   : Y.size(1) == 2 ? tree_forces<2>(Y, theta, dof, to)
                                    : tree_forces<3>(Y, theta, dof, to);
  return {forces, scalar(Y, Z)};
}

std::tuple<Tensor, Tensor> repulsive_sne(const Tensor& Y, bool conditional) {
  const ProfiledCall call(Kernel::repulsive_sne);
  check_embedding(Y);
  const int64_t n = Y.size(0);
  STD_TORCH_CHECK(n >= 2, "Y must have 2 or more rows");
  Tensor forces = torch::stable::empty_like(Y);
  float* to = forces.mutable_data_ptr<float>();
  SneRepulsion repulsion(points(Y));
  for_each_block(n, kExactRows, n * n, [&](int64_t, RowRange rows) { repulsion.sum(to, rows); });
  const double log_Z = repulsion.normalize(conditional);
  for_each_block(n, kExactRows, conditional ? n * n : n,
                 [&](int64_t, RowRange rows) { repulsion.finish(conditional, to, rows); });
  return {forces, scalar(Y, log_Z)};
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(fasttsne, CPU, m) {
  m.impl("attractive_forces", TORCH_BOX(&attractive_forces));
  m.impl("repulsive_exact", TORCH_BOX(&repulsive_exact));
  m.impl("repulsive_bh", TORCH_BOX(&repulsive_bh));
  m.impl("repulsive_sne", TORCH_BOX(&repulsive_sne));
}

}  // namespace fasttsne::bindings
