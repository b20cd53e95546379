// Functions that make the tensors which ops return.
#pragma once
#include "bindings/checks.h"

namespace fasttsne::bindings {

// An uninitialised tensor on the device of `like`.
inline Tensor empty(const Tensor& like, std::initializer_list<int64_t> shape, ScalarType type) {
  return torch::stable::new_empty(like, {shape.begin(), shape.size()}, type);
}

// A 0-dimensional float64 tensor on the CPU that holds `value`.
inline Tensor scalar(const Tensor& like, double value) {
  Tensor t = empty(like, {}, ScalarType::Double);
  *t.mutable_data_ptr<double>() = value;
  return t;
}

}  // namespace fasttsne::bindings
