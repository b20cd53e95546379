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

inline PointsView points(const Tensor& t) {
  return {t.const_data_ptr<float>(), t.size(0), t.size(1)};
}

}  // namespace fasttsne::bindings
