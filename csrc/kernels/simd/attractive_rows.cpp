#include "kernels/simd/attractive_rows.h"

#include "kernels/simd/student.h"

namespace fasttsne::FASTTSNE_ISA {
namespace {

// Whether row i lies within P and all its columns are points, and so are the kLanes columns that
// follow, if there are as many. Checking a whole row just before its columns are loaded costs less
// than clamping each column.
FASTTSNE_INLINE bool in_range(const CsrView& P, int64_t n, int64_t i) {
  const int64_t begin = P.indptr[i], end = P.indptr[i + 1];
  if (!(0 <= begin && begin <= end && end <= P.edges)) return false;
  const int64_t looked_at = end + kLanes < P.edges ? end + kLanes : P.edges;
  // The sign bit of j is set if j < 0, otherwise that of last - j if j > last. Without its sign
  // bit, j cannot make the difference overflow.
  const IVec last = broadcast((int32_t)(n - 1)), no_sign = broadcast(INT32_MAX);
  IVec bits{};
  int64_t e = begin;
  const auto look = [&](IVec j)
                        __attribute__((always_inline)) { bits |= j | (last - (j & no_sign)); };
  for (; e + kLanes <= looked_at; e += kLanes) look(load(P.indices + e));
  if (e < looked_at) look(load_first(P.indices + e, looked_at - e, 0));
  return !any_negative(bits);
}

// The coordinates of the kLanes points j.
template <int kDims>
FASTTSNE_INLINE void load_points(const float* Y, const int32_t* j, Vec (&y)[kDims]) {
  if constexpr (kDims == 2) {
    load_pairs(Y, j, y[0], y[1]);
  } else {
    for (int m = 0; m < kDims; ++m) y[m] = gather<kDims>(Y + m, load(j));
  }
}

template <int kDims, bool kUnitDof, bool kCost>
AttractiveSums rows(const CsrView& P, const PointsView& Y, float dof, float* forces, int64_t begin,
                    int64_t end) {
  const Student<kUnitDof> student(dof);
  AttractiveSums sums{0, true};
  for (int64_t i = begin; i < end; ++i) {
    if (!in_range(P, Y.n, i)) return {0, false};
    Vec y[kDims], force[kDims] = {}, cost{};
    for (int m = 0; m < kDims; ++m) y[m] = broadcast(Y.data[(P.first + i) * kDims + m]);
    const int64_t last = P.indptr[i + 1];
    // The first `count` of the lanes at j are edges of this row.
    const auto add = [&](const int32_t* j, Vec p, int64_t count) __attribute__((always_inline)) {
      Vec d[kDims], d2{};
      load_points<kDims>(Y.data, j, d);
      for (int m = 0; m < kDims; ++m) {
        d[m] = y[m] - d[m];
        if (count < kLanes) d[m] = keep_first(d[m], count);
        d2 += d[m] * d[m];
      }
      const Vec pull = p * student.w(d2);
      for (int m = 0; m < kDims; ++m) force[m] += pull * d[m];
      if constexpr (kCost) cost += p * student.cost(d2);
    };
    int64_t e = P.indptr[i];
    for (; e + kLanes <= last; e += kLanes) add(P.indices + e, load(P.values + e), kLanes);
    // Lanes past the end of the row have P = 0. They read points of other rows; at the end of all
    // rows, the row's own point.
    if (e < last) {
      const Vec p = load_first(P.values + e, last - e, 0.f);
      if (e + kLanes <= P.edges) {
        add(P.indices + e, p, last - e);
      } else {
        int32_t j[kLanes];
        store(j, load_first(P.indices + e, last - e, (int32_t)(P.first + i)));
        add(j, p, kLanes);
      }
    }
    for (int m = 0; m < kDims; ++m) forces[i * kDims + m] = sum(force[m]);
    if constexpr (kCost) sums.cost += (double)sum(cost);
  }
  return sums;
}

// Any number of dimensions, for more than three: one edge at a time, so that the compiler can
// vectorise over the coordinates.
template <bool kUnitDof>
AttractiveSums rows_any(const CsrView& P, const PointsView& Y, float dof, bool with_cost,
                        float* forces, int64_t begin, int64_t end) {
  const Student<kUnitDof> student(dof);
  const int64_t dims = Y.dims;
  AttractiveSums sums{0, true};
  for (int64_t i = begin; i < end; ++i) {
    if (!in_range(P, Y.n, i)) return {0, false};
    const float* y = Y.data + (P.first + i) * dims;
    float* force = forces + i * dims;
    for (int64_t m = 0; m < dims; ++m) force[m] = 0.f;
    for (int64_t e = P.indptr[i]; e < P.indptr[i + 1]; ++e) {
      const float* other = Y.data + P.indices[e] * dims;
      float d2 = 0.f;
      for (int64_t m = 0; m < dims; ++m) d2 += (y[m] - other[m]) * (y[m] - other[m]);
      const Vec d2_lanes = broadcast(d2);
      const float pull = P.values[e] * student.w(d2_lanes)[0];
      for (int64_t m = 0; m < dims; ++m) force[m] += pull * (y[m] - other[m]);
      if (with_cost) sums.cost += (double)(P.values[e] * student.cost(d2_lanes)[0]);
    }
  }
  return sums;
}

template <int kDims, bool kUnitDof>
AttractiveSums rows_cost(const CsrView& P, const PointsView& Y, float dof, bool with_cost,
                         float* forces, int64_t begin, int64_t end) {
  return with_cost ? rows<kDims, kUnitDof, true>(P, Y, dof, forces, begin, end)
                   : rows<kDims, kUnitDof, false>(P, Y, dof, forces, begin, end);
}

template <bool kUnitDof>
AttractiveSums rows_dims(const CsrView& P, const PointsView& Y, float dof, bool with_cost,
                         float* forces, int64_t begin, int64_t end) {
  switch (Y.dims) {
    case 1:
      return rows_cost<1, kUnitDof>(P, Y, dof, with_cost, forces, begin, end);
    case 2:
      return rows_cost<2, kUnitDof>(P, Y, dof, with_cost, forces, begin, end);
    case 3:
      return rows_cost<3, kUnitDof>(P, Y, dof, with_cost, forces, begin, end);
    default:
      return rows_any<kUnitDof>(P, Y, dof, with_cost, forces, begin, end);
  }
}

}  // namespace

AttractiveSums attractive_rows(const CsrView& P, const PointsView& Y, float dof, bool with_cost,
                               float* forces, int64_t begin, int64_t end) {
  return dof == 1.0f ? rows_dims<true>(P, Y, dof, with_cost, forces, begin, end)
                     : rows_dims<false>(P, Y, dof, with_cost, forces, begin, end);
}

}  // namespace fasttsne::FASTTSNE_ISA
