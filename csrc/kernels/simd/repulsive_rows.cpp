#include "kernels/simd/repulsive_rows.h"

#include "kernels/simd/student.h"
#include "kernels/simd/target.h"

namespace fasttsne::FASTTSNE_ISA {
namespace {

template <bool kUnit, bool kWeighted>
struct StudentPair {
  Student<kUnit> student;
  const float* weights;

  FASTTSNE_SHARED_MEMBER Pair operator()(Vec d2, int64_t s, int64_t left) const {
    const Vec w = student.w(d2);
    Vec q = student.q(d2, w);
    if constexpr (kWeighted)
      q *= load_some(weights + s, left);
    else
      q = keep_some(q, left, 0.f);
    return {q, q * w};
  }
};

template <int kDims, bool kUnit, bool kWeighted>
double rows(const PointsView& Y, const float* const* columns, const float* weights, int64_t sources,
            float dof, float* forces, int64_t begin, int64_t end) {
  const StudentPair<kUnit, kWeighted> pair{Student<kUnit>(dof), weights};
  double total = 0;
  for (int64_t i = begin; i < end; ++i) {
    Target<kDims> target(Y, i, forces);
    if constexpr (kWeighted)
      target.add(pair, columns, 0, sources, total);
    else
      add_others(target, pair, columns, i, sources, total);
    target.finish();
  }
  return total;
}

template <int kDims, bool kUnit>
double rows_weighted(const PointsView& Y, const float* const* columns, const float* weights,
                     int64_t sources, float dof, float* forces, int64_t begin, int64_t end) {
  return weights ? rows<kDims, kUnit, true>(Y, columns, weights, sources, dof, forces, begin, end)
                 : rows<kDims, kUnit, false>(Y, columns, weights, sources, dof, forces, begin, end);
}

template <bool kUnit>
double rows_dims(const PointsView& Y, const float* const* columns, const float* weights,
                 int64_t sources, float dof, float* forces, int64_t begin, int64_t end) {
  switch (Y.dims) {
    case 1:
      return rows_weighted<1, kUnit>(Y, columns, weights, sources, dof, forces, begin, end);
    case 2:
      return rows_weighted<2, kUnit>(Y, columns, weights, sources, dof, forces, begin, end);
    case 3:
      return rows_weighted<3, kUnit>(Y, columns, weights, sources, dof, forces, begin, end);
    default:
      return rows_weighted<0, kUnit>(Y, columns, weights, sources, dof, forces, begin, end);
  }
}

}  // namespace

double repulsive_rows(const PointsView& Y, const float* const* source_columns,
                      const float* source_weights, int64_t sources, float dof, float* forces,
                      int64_t begin, int64_t end) {
  return dof == 1.0f
             ? rows_dims<true>(Y, source_columns, source_weights, sources, dof, forces, begin, end)
             : rows_dims<false>(Y, source_columns, source_weights, sources, dof, forces, begin,
                                end);
}

}  // namespace fasttsne::FASTTSNE_ISA
