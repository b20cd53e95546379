// A point and what sources do to it, lanes over sources. What a pair does is the caller's: pair(d2,
// s, left) gets the squared distances to sources s, s + 1, ..., of which min(left, kLanes) are
// real, and returns a Pair that is 0 in the other lanes.
#pragma once
#include "kernels/simd/vec.h"
#include "kernels/types.h"
#include "math/portable.h"

namespace fasttsne::FASTTSNE_ISA {

struct Pair {
  Vec q;     // is summed
  Vec push;  // times the difference is the force
};

FASTTSNE_INLINE Vec load_some(const float* p, int64_t left) {
  return left >= kLanes ? load(p) : load_first(p, left, 0.f);
}
FASTTSNE_INLINE Vec keep_some(Vec x, int64_t left, float fill) {
  if (left >= kLanes) return x;
  return select(lane_numbers() < broadcast((int32_t)left), x, broadcast(fill));
}

// kDims 1 to 3; 0 is any number.
template <int kDims>
struct Target {
  // Sources summed in float32 before they go to a double: few enough to keep 6 digits.
  static constexpr int64_t kChunk = 2048;

  Vec y[kDims];
  float* to;
  double force[kDims] = {};

  FASTTSNE_SHARED_MEMBER Target(const PointsView& Y, int64_t i, float* forces)
      : to(forces + i * kDims) {
    for (int m = 0; m < kDims; ++m) y[m] = broadcast(Y.data[i * kDims + m]);
  }

  FASTTSNE_SHARED_MEMBER Vec sq_distances(const float* const* columns, int64_t s, int64_t left,
                                          Vec (&d)[kDims]) const {
    Vec d2{};
    for (int m = 0; m < kDims; ++m) {
      d[m] = y[m] - load_some(columns[m] + s, left);
      d2 += d[m] * d[m];
    }
    return d2;
  }
  FASTTSNE_SHARED_MEMBER Vec sq_distances(const float* const* columns, int64_t s,
                                          int64_t left) const {
    Vec d[kDims];
    return sq_distances(columns, s, left, d);
  }

  // Sources [first, last) push; adds their q to total.
  template <class PairOf>
  FASTTSNE_SHARED_MEMBER void add(const PairOf& pair, const float* const* columns, int64_t first,
                                  int64_t last, double& total) {
    for (int64_t chunk = first; chunk < last; chunk += kChunk) {
      const int64_t stop = chunk + kChunk < last ? chunk + kChunk : last;
      Vec part[kDims] = {}, part_q{};
      for (int64_t s = chunk; s < stop; s += kLanes) {
        Vec d[kDims];
        const Vec d2 = sq_distances(columns, s, stop - s, d);
        const Pair p = pair(d2, s, stop - s);
        part_q += p.q;
        for (int m = 0; m < kDims; ++m) part[m] += p.push * d[m];
      }
      for (int m = 0; m < kDims; ++m) force[m] += (double)sum(part[m]);
      total += (double)sum(part_q);
    }
  }

  // Adds what has pushed to the point's row of forces.
  FASTTSNE_SHARED_MEMBER void finish() const {
    for (int m = 0; m < kDims; ++m) to[m] += (float)force[m];
  }
};

// The distance first, then each coordinate again.
template <>
struct Target<0> {
  const float* y;
  int64_t dims;
  float* to;

  FASTTSNE_SHARED_MEMBER Target(const PointsView& Y, int64_t i, float* forces)
      : y(Y.data + i * Y.dims), dims(Y.dims), to(forces + i * Y.dims) {}

  FASTTSNE_SHARED_MEMBER Vec sq_distances(const float* const* columns, int64_t s,
                                          int64_t left) const {
    Vec d2{};
    for (int64_t m = 0; m < dims; ++m) {
      const Vec d = y[m] - load_some(columns[m] + s, left);
      d2 += d * d;
    }
    return d2;
  }

  template <class PairOf>
  FASTTSNE_SHARED_MEMBER void add(const PairOf& pair, const float* const* columns, int64_t first,
                                  int64_t last, double& total) {
    for (int64_t s = first; s < last; s += kLanes) {
      const Pair p = pair(sq_distances(columns, s, last - s), s, last - s);
      total += (double)sum(p.q);
      for (int64_t m = 0; m < dims; ++m)
        to[m] += sum(p.push * (y[m] - load_some(columns[m] + s, last - s)));
    }
  }

  FASTTSNE_SHARED_MEMBER void finish() const {}
};

// All n points but i, which the target is.
template <int kDims, class PairOf>
FASTTSNE_INLINE void add_others(Target<kDims>& target, const PairOf& pair,
                                const float* const* columns, int64_t i, int64_t n, double& total) {
  target.add(pair, columns, 0, i, total);
  target.add(pair, columns, i + 1, n, total);
}

}  // namespace fasttsne::FASTTSNE_ISA
