// The Student-t kernel of math/student.h on vectors of floats.
#pragma once
#include "kernels/simd/vec.h"
#include "math/student.h"

namespace fasttsne::FASTTSNE_ISA {

struct VecFunctions {
  typedef Vec T;
  FASTTSNE_INLINE Vec broadcast(float x) { return Vec{} + x; }
  FASTTSNE_INLINE Vec exp(Vec x) { return FASTTSNE_ISA::exp(x); }
  FASTTSNE_INLINE Vec log1p(Vec x) { return FASTTSNE_ISA::log1p(x); }
};

template <bool kUnitDof>
using Student = math::Student<VecFunctions, kUnitDof>;

}  // namespace fasttsne::FASTTSNE_ISA
