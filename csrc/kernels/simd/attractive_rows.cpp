#include "kernels/simd/attractive_rows.h"

#include "kernels/simd/student.h"

namespace fasttsne::FASTTSNE_ISA {
namespace {

template <int kDims>
FASTTSNE_INLINE void gather_points(const float* Y, IVec j, Vec (&y)[kDims]) {
  if constexpr (kDims == 2) {
    gather_pairs(Y, j, y[0], y[1]);
  } else {
    for (int m = 0; m < kDims; ++m) y[m] = gather<kDims>(Y + m, j);
  }
}

FASTTSNE_INLINE bool row_in_range(const CsrView& P, int64_t i) {
  return 0 <= P.indptr[i] && P.indptr[i] <= P.indptr[i + 1] && P.indptr[i + 1] <= P.edges;
}

// Columns are cut to the last point, and the largest is kept, to be looked at once in the end:
// beside a gather that costs nothing. As unsigned numbers, so that a negative one is large.
template <int kDims, bool kUnit, bool kCost>
RowsOfP rows(const CsrView& P, const PointsView& Y, float dof, float* forces, int64_t begin,
             int64_t end) {
  const Student<kUnit> student(dof);
  const UVec last_point = UVec{} + (uint32_t)(Y.n - 1);
  UVec largest{};
  RowsOfP seen{0, true};
  for (int64_t i = begin; i < end; ++i) {
    if (!row_in_range(P, i)) return {0, false};
    Vec y[kDims], force[kDims] = {}, cost{};
    for (int m = 0; m < kDims; ++m) y[m] = broadcast(Y.data[i * kDims + m]);
    const int64_t last = P.indptr[i + 1];
    const auto add = [&](IVec j, Vec p) __attribute__((always_inline)) {
      Vec d[kDims], d2{};
      largest = max(largest, (UVec)j);
      gather_points<kDims>(Y.data, (IVec)min((UVec)j, last_point), d);
      for (int m = 0; m < kDims; ++m) {
        d[m] = y[m] - d[m];
        d2 += d[m] * d[m];
      }
      const Vec pull = p * student.w(d2);
      for (int m = 0; m < kDims; ++m) force[m] += pull * d[m];
      if constexpr (kCost) cost += p * student.cost(d2);
    };
    int64_t e = P.indptr[i];
    for (; e + kLanes <= last; e += kLanes) add(load(P.indices + e), load(P.values + e));
    // Lanes past the row's end carry P = 0 and read point i itself.
    if (e < last)
      add(load_first(P.indices + e, last - e, (int32_t)i), load_first(P.values + e, last - e, 0.f));
    for (int m = 0; m < kDims; ++m) forces[i * kDims + m] = sum(force[m]);
    if constexpr (kCost) seen.cost += (double)sum(cost);
  }
  for (int l = 0; l < kLanes; ++l) seen.in_range &= largest[l] <= last_point[l];
  return seen;
}

// More than three dimensions: lanes over coordinates.
template <bool kUnit>
RowsOfP rows_any(const CsrView& P, const PointsView& Y, float dof, bool with_cost, float* forces,
                 int64_t begin, int64_t end) {
  const Student<kUnit> student(dof);
  const int64_t dims = Y.dims;
  RowsOfP seen{0, true};
  for (int64_t i = begin; i < end; ++i) {
    if (!row_in_range(P, i)) return {0, false};
    const float* y = Y.data + i * dims;
    float* force = forces + i * dims;
    for (int64_t m = 0; m < dims; ++m) force[m] = 0.f;
    for (int64_t e = P.indptr[i]; e < P.indptr[i + 1]; ++e) {
      const uint32_t j = (uint32_t)P.indices[e];
      if (j >= (uint64_t)Y.n) return {0, false};
      const float* other = Y.data + j * dims;
      float d2 = 0.f;
      for (int64_t m = 0; m < dims; ++m) d2 += (y[m] - other[m]) * (y[m] - other[m]);
      const Vec d2_lanes = broadcast(d2);
      const float pull = P.values[e] * student.w(d2_lanes)[0];
      for (int64_t m = 0; m < dims; ++m) force[m] += pull * (y[m] - other[m]);
      if (with_cost) seen.cost += (double)(P.values[e] * student.cost(d2_lanes)[0]);
    }
  }
  return seen;
}

template <int kDims, bool kUnit>
RowsOfP rows_cost(const CsrView& P, const PointsView& Y, float dof, bool with_cost, float* forces,
                  int64_t begin, int64_t end) {
  return with_cost ? rows<kDims, kUnit, true>(P, Y, dof, forces, begin, end)
                   : rows<kDims, kUnit, false>(P, Y, dof, forces, begin, end);
}

template <bool kUnit>
RowsOfP rows_dims(const CsrView& P, const PointsView& Y, float dof, bool with_cost, float* forces,
                  int64_t begin, int64_t end) {
  switch (Y.dims) {
    case 1:
      return rows_cost<1, kUnit>(P, Y, dof, with_cost, forces, begin, end);
    case 2:
      return rows_cost<2, kUnit>(P, Y, dof, with_cost, forces, begin, end);
    case 3:
      return rows_cost<3, kUnit>(P, Y, dof, with_cost, forces, begin, end);
    default:
      return rows_any<kUnit>(P, Y, dof, with_cost, forces, begin, end);
  }
}

}  // namespace

RowsOfP attractive_rows(const CsrView& P, const PointsView& Y, float dof, bool with_cost,
                        float* forces, int64_t begin, int64_t end) {
  return dof == 1.0f ? rows_dims<true>(P, Y, dof, with_cost, forces, begin, end)
                     : rows_dims<false>(P, Y, dof, with_cost, forces, begin, end);
}

}  // namespace fasttsne::FASTTSNE_ISA
