// The Student-t kernel with any degrees of freedom: w = 1 / (1 + d2 / dof), q = w^dof; and its
// limit for infinitely many, the Gaussian of SNE: w = 1, q = exp(-d2).
#pragma once
#include "math/portable.h"

namespace fasttsne::math {

// Functions: the type T and broadcast(float), exp(T), log1p(T).
// kUnit: dof is 1, so q = w and no power is needed.
template <class Functions, bool kUnit>
struct Student {
  using T = typename Functions::T;
  T dof, inverse_dof;
  bool gaussian;  // the same for all points: its branches are foreseen, and cost nothing

  FASTTSNE_SHARED_MEMBER explicit Student(float value)
      : dof(Functions::broadcast(value)),
        inverse_dof(Functions::broadcast(1.0f / value)),
        gaussian(value == __builtin_inff()) {}

  FASTTSNE_SHARED_MEMBER T w(T d2) const {
    if constexpr (kUnit) return 1.0f / (1.0f + d2);
    if (gaussian) return Functions::broadcast(1.0f);
    return 1.0f / (1.0f + d2 * inverse_dof);
  }
  // From d2 rather than by a power of w, whose rounding a large dof would multiply.
  FASTTSNE_SHARED_MEMBER T q(T d2, T w) const {
    if constexpr (kUnit) return w;
    return Functions::exp(-cost(d2));
  }
  // -ln q.
  FASTTSNE_SHARED_MEMBER T cost(T d2) const {
    if constexpr (kUnit) return Functions::log1p(d2);
    if (gaussian) return d2;
    return dof * Functions::log1p(d2 * inverse_dof);
  }
};

}  // namespace fasttsne::math
