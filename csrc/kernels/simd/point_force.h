// The repulsive force on one point i, summed over many sources s: sum_s push_is (y_i - y_s),
// together with sum_s q_is. The lanes of a vector hold consecutive sources.
//
// The caller supplies the kernel as a function term(d2, s, left). It receives the squared distances
// to the sources s, s + 1, ..., of which the first min(left, kLanes) exist, and returns a PairTerm
// that is 0 in the other lanes.
#pragma once
#include "kernels/simd/vec.h"
#include "kernels/types.h"
#include "math/portable.h"

namespace fasttsne::FASTTSNE_ISA {

struct PairTerm {
  Vec q;     // contribution to the sum of q
  Vec push;  // factor of y_i - y_s in the force
};

// The first min(left, kLanes) lanes from memory, 0 in the others; reads nothing past them.
FASTTSNE_INLINE Vec load_tail(const float* p, int64_t left) {
  return left >= kLanes ? load(p) : load_first(p, left, 0.f);
}
// The first min(left, kLanes) lanes of x, `fill` in the others.
FASTTSNE_INLINE Vec fill_tail(Vec x, int64_t left, float fill) {
  if (left >= kLanes) return x;
  return select(lane_numbers() < broadcast((int32_t)left), x, broadcast(fill));
}

// kDims is the number of dimensions, 1 to 3, or 0 for any number of them.
template <int kDims>
struct PointForce {
  // Number of sources that are summed in float32 before the sum is added to a double: few enough to
  // keep 6 digits.
  static constexpr int64_t kChunk = 2048;

  Vec y[kDims];
  float* to;  // the point's row of forces
  double force[kDims] = {};

  FASTTSNE_SHARED_MEMBER PointForce(const PointsView& Y, int64_t i, float* forces)
      : to(forces + i * kDims) {
    for (int m = 0; m < kDims; ++m) y[m] = broadcast(Y.data[i * kDims + m]);
  }

  // Squared distances to sources s, s + 1, ... and, in d, the differences y_i - y_s.
  FASTTSNE_SHARED_MEMBER Vec sq_distances(const float* const* columns, int64_t s, int64_t left,
                                          Vec (&d)[kDims]) const {
    Vec d2{};
    for (int m = 0; m < kDims; ++m) {
      d[m] = y[m] - load_tail(columns[m] + s, left);
      d2 += d[m] * d[m];
    }
    return d2;
  }
  FASTTSNE_SHARED_MEMBER Vec sq_distances(const float* const* columns, int64_t s,
                                          int64_t left) const {
    Vec d[kDims];
    return sq_distances(columns, s, left, d);
  }

  // Adds the terms of sources [first, last) to the force, and their q to `total`.
  template <class TermOf>
  FASTTSNE_SHARED_MEMBER void add(const TermOf& term, const float* const* columns, int64_t first,
                                  int64_t last, double& total) {
    for (int64_t chunk = first; chunk < last; chunk += kChunk) {
      const int64_t stop = chunk + kChunk < last ? chunk + kChunk : last;
      Vec part[kDims] = {}, part_q{};
      for (int64_t s = chunk; s < stop; s += kLanes) {
        Vec d[kDims];
        const Vec d2 = sq_distances(columns, s, stop - s, d);
        const PairTerm t = term(d2, s, stop - s);
        part_q += t.q;
        for (int m = 0; m < kDims; ++m) part[m] += t.push * d[m];
      }
      for (int m = 0; m < kDims; ++m) force[m] += (double)sum(part[m]);
      total += (double)sum(part_q);
    }
  }

  // Adds the force to the point's row of forces.
  FASTTSNE_SHARED_MEMBER void finish() const {
    for (int m = 0; m < kDims; ++m) to[m] += (float)force[m];
  }
};

// Any number of dimensions: computes the distance first and the differences a second time, and adds
// each coordinate directly to the row of forces, so that no array of unknown size is needed.
template <>
struct PointForce<0> {
  const float* y;
  int64_t dims;
  float* to;

  FASTTSNE_SHARED_MEMBER PointForce(const PointsView& Y, int64_t i, float* forces)
      : y(Y.data + i * Y.dims), dims(Y.dims), to(forces + i * Y.dims) {}

  FASTTSNE_SHARED_MEMBER Vec sq_distances(const float* const* columns, int64_t s,
                                          int64_t left) const {
    Vec d2{};
    for (int64_t m = 0; m < dims; ++m) {
      const Vec d = y[m] - load_tail(columns[m] + s, left);
      d2 += d * d;
    }
    return d2;
  }

  template <class TermOf>
  FASTTSNE_SHARED_MEMBER void add(const TermOf& term, const float* const* columns, int64_t first,
                                  int64_t last, double& total) {
    for (int64_t s = first; s < last; s += kLanes) {
      const PairTerm t = term(sq_distances(columns, s, last - s), s, last - s);
      total += (double)sum(t.q);
      for (int64_t m = 0; m < dims; ++m)
        to[m] += sum(t.push * (y[m] - load_tail(columns[m] + s, last - s)));
    }
  }

  FASTTSNE_SHARED_MEMBER void finish() const {}
};

// Adds the terms of all n points but i, the point of `point_force` itself.
template <int kDims, class TermOf>
FASTTSNE_INLINE void add_others(PointForce<kDims>& point_force, const TermOf& term,
                                const float* const* columns, int64_t i, int64_t n, double& total) {
  point_force.add(term, columns, 0, i, total);
  point_force.add(term, columns, i + 1, n, total);
}

}  // namespace fasttsne::FASTTSNE_ISA
