// What every binding asks of its tensors. The messages are for developers: ops.py has checked what
// users pass. Contents that would take a pass over all edges to check (the columns of P) are
// trusted.
#pragma once
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>
#include <torch/headeronly/core/ScalarType.h>
#include <torch/headeronly/util/Exception.h>

#include "kernels/types.h"
#include "math/spline.h"

namespace fasttsne::bindings {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

inline void check(const Tensor& t, const char* name, ScalarType type, int64_t dim) {
  STD_TORCH_CHECK(t.scalar_type() == type, name, " has the wrong dtype");
  STD_TORCH_CHECK(t.dim() == dim, name, " must have ", dim, " dimensions, got ", t.dim());
  STD_TORCH_CHECK(t.is_contiguous(), name, " must be contiguous");
}
inline void check_float(const Tensor& t, const char* name, int64_t dim) {
  check(t, name, ScalarType::Float, dim);
}
inline void check_rows(const Tensor& t, const char* name, int64_t rows) {
  STD_TORCH_CHECK(t.size(0) == rows, name, " must have ", rows, " rows, got ", t.size(0));
}

inline void check_csr_and_embedding(const Tensor& indptr, const Tensor& indices,
                                    const Tensor& values, const Tensor& Y) {
  check(indptr, "indptr", ScalarType::Long, 1);
  check(indices, "indices", ScalarType::Int, 1);
  check_float(values, "values", 1);
  check_float(Y, "Y", 2);
  check_rows(indptr, "indptr", Y.size(0) + 1);
  check_rows(values, "values", indices.numel());
}
inline void check_neighbors(const Tensor& indices, const Tensor& conditional) {
  check(indices, "indices", ScalarType::Int, 2);
  check_float(conditional, "conditional_P", 2);
  STD_TORCH_CHECK(conditional.size(0) == indices.size(0) && conditional.size(1) == indices.size(1),
                  "indices and conditional_P must have one shape");
}
inline void check_mesh(const Tensor& Y, const Tensor& grid, const Tensor& origin) {
  check_float(Y, "Y", 2);
  check_float(origin, "origin", 1);
  const int64_t dims = Y.size(1);
  STD_TORCH_CHECK(1 <= dims && dims <= 3, "Y must have 1 to 3 columns");
  check_float(grid, "grid", dims);
  check_rows(origin, "origin", dims);
  for (int64_t m = 0; m < dims; ++m)
    STD_TORCH_CHECK(grid.size(m) >= kMeshOrder, "grid must have 4 nodes or more along each axis");
}
// What moves and what moves it: Y, velocity, gains, attractive and repulsive forces; and Z.
inline void check_step(std::initializer_list<const Tensor*> of_one_shape, const Tensor& Z) {
  const Tensor& Y = **of_one_shape.begin();
  for (const Tensor* t : of_one_shape) {
    check_float(*t, "Y, velocity, gains, attractive and repulsive", 2);
    STD_TORCH_CHECK(t->size(0) == Y.size(0) && t->size(1) == Y.size(1),
                    "all five must have one shape");
  }
  check(Z, "Z", ScalarType::Double, 0);
  STD_TORCH_CHECK(Y.size(0) > 0, "Y must not be empty");
}

inline PointsView points(const Tensor& t) {
  return {t.const_data_ptr<float>(), t.size(0), t.size(1)};
}

}  // namespace fasttsne::bindings
