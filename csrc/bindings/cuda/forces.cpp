// CUDA ops: attractive and repulsive forces.
#include <algorithm>

#include "bindings/cuda/launch.h"
#include "bindings/tensors.h"
#include "cuda/attractive_forces.h"
#include "cuda/repulsive_bh.h"
#include "cuda/repulsive_exact.h"
#include "cuda/repulsive_sne.h"

namespace fasttsne::bindings {
namespace {

std::tuple<Tensor, Tensor> attractive_forces(const Tensor& indptr, const Tensor& indices,
                                             const Tensor& values, const Tensor& Y, double dof,
                                             bool with_cost, int64_t first) {
  const int64_t rows = check_csr_and_embedding(indptr, indices, values, Y, first);
  check_same_device(Y, {&indptr, &indices, &values});
  const CudaGuard device(Y);
  const int64_t n = Y.size(0), dims = Y.size(1), edges = indices.numel();
  Tensor forces = empty(Y, {rows, dims}, ScalarType::Float);
  Tensor cost = empty(Y, {}, ScalarType::Double);
  Tensor parts = empty(Y, {cuda::attractive_parts(rows, dims, edges)}, ScalarType::Double);
  check_cuda(cuda::attractive_forces({.indptr = indptr.const_data_ptr<int64_t>(),
                                      .indices = indices.const_data_ptr<int32_t>(),
                                      .values = values.const_data_ptr<float>(),
                                      .Y = Y.const_data_ptr<float>(),
                                      .n = n,
                                      .dims = dims,
                                      .edges = edges,
                                      .rows = rows,
                                      .first = first,
                                      .dof = static_cast<float>(dof),
                                      .with_cost = with_cost,
                                      .forces = forces.mutable_data_ptr<float>(),
                                      .parts = parts.mutable_data_ptr<double>(),
                                      .cost = cost.mutable_data_ptr<double>()},
                                     device.stream));
  return {forces, cost};
}

std::tuple<Tensor, Tensor> repulsive_exact(const Tensor& Y, double dof) {
  check_embedding(Y);
  const CudaGuard device(Y);
  Tensor forces = torch::stable::empty_like(Y);
  Tensor Z = empty(Y, {}, ScalarType::Double);
  Tensor parts = empty(Y, {cuda::repulsive_exact_parts(Y.size(0))}, ScalarType::Double);
  check_cuda(cuda::repulsive_exact({.Y = Y.const_data_ptr<float>(),
                                    .n = Y.size(0),
                                    .dims = Y.size(1),
                                    .dof = static_cast<float>(dof),
                                    .forces = forces.mutable_data_ptr<float>(),
                                    .parts = parts.mutable_data_ptr<double>(),
                                    .Z = Z.mutable_data_ptr<double>()},
                                   device.stream));
  return {forces, Z};
}

std::tuple<Tensor, Tensor> repulsive_bh(const Tensor& Y, double theta, double dof) {
  check_embedding(Y);
  const int64_t n = Y.size(0), dims = Y.size(1), inner = std::max<int64_t>(n - 1, 0);
  STD_TORCH_CHECK(1 <= dims && dims <= 3, "Y must have 1 to 3 columns");
  STD_TORCH_CHECK(n <= INT32_MAX, "Y must have 2^31 - 1 rows or fewer, got ", n);
  const CudaGuard device(Y);
  Tensor forces = torch::stable::empty_like(Y);
  Tensor Z = empty(Y, {}, ScalarType::Double);
  Tensor parts = empty(Y, {cuda::repulsive_bh_parts(n)}, ScalarType::Double);
  size_t bytes = 0;
  check_cuda(cuda::tree_workspace(n, dims, &bytes));
  Tensor workspace = empty(Y, {static_cast<int64_t>(bytes)}, ScalarType::Byte);
  Tensor codes = empty(Y, {2, n}, ScalarType::Long), order = empty(Y, {2, n}, ScalarType::Int);
  Tensor sorted = torch::stable::empty_like(Y);
  static_assert(sizeof(cuda::TreeNode) == 4 * sizeof(int32_t));
  Tensor nodes = empty(Y, {inner, 4}, ScalarType::Int);
  Tensor links = empty(Y, {2 * n + inner}, ScalarType::Int);  // parents, then arrivals
  Tensor boxes = empty(Y, {3 * inner + 2, dims}, ScalarType::Float);
  auto* const code = reinterpret_cast<uint64_t*>(codes.mutable_data_ptr<int64_t>());
  int32_t* const number = order.mutable_data_ptr<int32_t>();
  float* const box = boxes.mutable_data_ptr<float>();
  const cuda::TreeArguments tree{
      .Y = Y.const_data_ptr<float>(),
      .n = n,
      .dims = dims,
      .codes = {code, code + n},
      .order = {number, number + n},
      .sorted = sorted.mutable_data_ptr<float>(),
      .nodes = reinterpret_cast<cuda::TreeNode*>(nodes.mutable_data_ptr<int32_t>()),
      .parents = links.mutable_data_ptr<int32_t>(),
      .arrivals = links.mutable_data_ptr<int32_t>() + 2 * n,
      .centers = box,
      .low = box + inner * dims,
      .high = box + 2 * inner * dims,
      .bounds = box + 3 * inner * dims,
      .workspace = workspace.mutable_data_ptr<uint8_t>(),
      .workspace_bytes = bytes};
  int current = 0;
  if (n > 0) check_cuda(cuda::make_tree(tree, &current, device.stream));
  check_cuda(cuda::repulsive_bh({.tree = tree,
                                 .order = tree.order[current],
                                 .theta = static_cast<float>(theta),
                                 .dof = static_cast<float>(dof),
                                 .forces = forces.mutable_data_ptr<float>(),
                                 .parts = parts.mutable_data_ptr<double>(),
                                 .Z = Z.mutable_data_ptr<double>()},
                                device.stream));
  return {forces, Z};
}

std::tuple<Tensor, Tensor> repulsive_sne(const Tensor& Y, bool conditional) {
  check_embedding(Y);
  const int64_t n = Y.size(0);
  STD_TORCH_CHECK(n >= 2, "Y must have 2 or more rows");
  const CudaGuard device(Y);
  Tensor forces = torch::stable::empty_like(Y);
  Tensor log_Z = empty(Y, {}, ScalarType::Double);
  Tensor sums = empty(Y, {n}, ScalarType::Double);
  Tensor numbers = empty(Y, {2, n}, ScalarType::Float);
  float* const number = numbers.mutable_data_ptr<float>();
  check_cuda(cuda::repulsive_sne({.Y = Y.const_data_ptr<float>(),
                                  .n = n,
                                  .dims = Y.size(1),
                                  .conditional = conditional,
                                  .forces = forces.mutable_data_ptr<float>(),
                                  .nearest = number,
                                  .sums = sums.mutable_data_ptr<double>(),
                                  .scale = number + n,
                                  .log_Z = log_Z.mutable_data_ptr<double>()},
                                 device.stream));
  return {forces, log_Z};
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(fasttsne, CUDA, m) {
  m.impl("attractive_forces", TORCH_BOX(&attractive_forces));
  m.impl("repulsive_exact", TORCH_BOX(&repulsive_exact));
  m.impl("repulsive_bh", TORCH_BOX(&repulsive_bh));
  m.impl("repulsive_sne", TORCH_BOX(&repulsive_sne));
}

}  // namespace fasttsne::bindings
