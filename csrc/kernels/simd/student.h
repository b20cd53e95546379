// The Student-t kernel with any degrees of freedom: w = 1 / (1 + d2 / dof), q = w^dof.
#pragma once
#include "kernels/simd/vec.h"

namespace fasttsne::FASTTSNE_ISA {

// kUnit: dof is 1, so q = w and no power is needed.
template <bool kUnit>
struct Student {
  Vec dof, inverse_dof;

  explicit Student(float value) : dof(broadcast(value)), inverse_dof(broadcast(1.0f / value)) {}

  Vec w(Vec d2) const {
    if constexpr (kUnit) return 1.0f / (1.0f + d2);
    return 1.0f / (1.0f + d2 * inverse_dof);
  }
  // From d2 rather than by a power of w, whose rounding a large dof would multiply.
  Vec q(Vec d2, Vec w) const {
    if constexpr (kUnit) return w;
    return exp(-cost(d2));
  }
  // -ln q.
  Vec cost(Vec d2) const {
    if constexpr (kUnit) return log1p(d2);
    return dof * log1p(d2 * inverse_dof);
  }
};

}  // namespace fasttsne::FASTTSNE_ISA
