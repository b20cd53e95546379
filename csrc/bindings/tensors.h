// Making the tensors that ops return.
#pragma once
#include "bindings/checks.h"

namespace fasttsne::bindings {

inline Tensor empty(const Tensor& like, std::initializer_list<int64_t> shape, ScalarType type) {
  return torch::stable::new_empty(like, {shape.begin(), shape.size()}, type);
}

inline Tensor scalar(const Tensor& like, double value) {
  Tensor t = empty(like, {}, ScalarType::Double);
  *t.mutable_data_ptr<double>() = value;
  return t;
}

}  // namespace fasttsne::bindings
