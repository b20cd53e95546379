// The Student-t kernel with any number of degrees of freedom, of the squared distance d2:
// w = 1 / (1 + d2 / dof) and q = w^dof. In the limit of infinite dof it is the Gaussian of SNE:
// w = 1 and q = exp(-d2).
#pragma once
#include "math/portable.h"

namespace fasttsne::math {

// `Functions` provides the type T and broadcast(float), exp(T), log1p(T). kUnitDof says that dof is
// 1, as in t-SNE: then q = w, and no power is needed.
template <class Functions, bool kUnitDof>
struct Student {
  using T = typename Functions::T;
  T dof, inverse_dof;
  bool gaussian;  // the same for all points, so its branches are always predicted

  FASTTSNE_SHARED_MEMBER explicit Student(float value)
      : dof(Functions::broadcast(value)),
        inverse_dof(Functions::broadcast(1.0f / value)),
        gaussian(value == __builtin_inff()) {}

  FASTTSNE_SHARED_MEMBER T w(T d2) const {
    if constexpr (kUnitDof) return 1.0f / (1.0f + d2);
    if (gaussian) return Functions::broadcast(1.0f);
    return 1.0f / (1.0f + d2 * inverse_dof);
  }
  // Computed from d2, not as a power of w: a large dof would amplify the rounding error of w.
  FASTTSNE_SHARED_MEMBER T q(T d2, T w) const {
    if constexpr (kUnitDof) return w;
    return Functions::exp(-cost(d2));
  }
  // -ln q.
  FASTTSNE_SHARED_MEMBER T cost(T d2) const {
    if constexpr (kUnitDof) return Functions::log1p(d2);
    if (gaussian) return d2;
    return dof * Functions::log1p(d2 * inverse_dof);
  }
};

}  // namespace fasttsne::math
