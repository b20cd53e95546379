#include "kernels/simd/repulsive_rows.h"

#include "kernels/simd/point_force.h"
#include "kernels/simd/student.h"

namespace fasttsne::FASTTSNE_ISA {
namespace {

// The term of a pair under the Student-t kernel, times the weight of the source if kWeighted.
template <bool kUnitDof, bool kWeighted>
struct StudentTerm {
  Student<kUnitDof> student;
  const float* weights;

  FASTTSNE_SHARED_MEMBER PairTerm operator()(Vec d2, int64_t s, int64_t left) const {
    const Vec w = student.w(d2);
    Vec q = student.q(d2, w);
    if constexpr (kWeighted)
      q *= load_tail(weights + s, left);
    else
      q = fill_tail(q, left, 0.f);
    return {q, q * w};
  }
};

template <int kDims, bool kUnitDof, bool kWeighted>
double rows(const PointsView& Y, const float* const* columns, const float* weights, int64_t sources,
            float dof, float* forces, int64_t begin, int64_t end) {
  const StudentTerm<kUnitDof, kWeighted> term{Student<kUnitDof>(dof), weights};
  double total = 0;
  for (int64_t i = begin; i < end; ++i) {
    PointForce<kDims> point_force(Y, i, forces);
    if constexpr (kWeighted)
      point_force.add(term, columns, 0, sources, total);
    else
      add_others(point_force, term, columns, i, sources, total);
    point_force.finish();
  }
  return total;
}

template <int kDims, bool kUnitDof>
double rows_weighted(const PointsView& Y, const float* const* columns, const float* weights,
                     int64_t sources, float dof, float* forces, int64_t begin, int64_t end) {
  return weights
             ? rows<kDims, kUnitDof, true>(Y, columns, weights, sources, dof, forces, begin, end)
             : rows<kDims, kUnitDof, false>(Y, columns, weights, sources, dof, forces, begin, end);
}

template <bool kUnitDof>
double rows_dims(const PointsView& Y, const float* const* columns, const float* weights,
                 int64_t sources, float dof, float* forces, int64_t begin, int64_t end) {
  switch (Y.dims) {
    case 1:
      return rows_weighted<1, kUnitDof>(Y, columns, weights, sources, dof, forces, begin, end);
    case 2:
      return rows_weighted<2, kUnitDof>(Y, columns, weights, sources, dof, forces, begin, end);
    case 3:
      return rows_weighted<3, kUnitDof>(Y, columns, weights, sources, dof, forces, begin, end);
    default:
      return rows_weighted<0, kUnitDof>(Y, columns, weights, sources, dof, forces, begin, end);
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
