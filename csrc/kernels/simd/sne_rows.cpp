#include "kernels/simd/sne_rows.h"

#include "kernels/simd/target.h"

namespace fasttsne::FASTTSNE_ISA {
namespace {

// exp(nearest - d2) with the nearest of the point that is pushed.
struct OwnPair {
  Vec nearest;

  FASTTSNE_SHARED_MEMBER Pair operator()(Vec d2, int64_t, int64_t left) const {
    const Vec q = keep_some(exp(nearest - d2), left, 0.f);
    return {q, q};
  }
};

// The same with the nearest of the one that pushes, scaled.
struct OthersPair {
  const float *nearest, *scale;

  FASTTSNE_SHARED_MEMBER Pair operator()(Vec d2, int64_t s, int64_t left) const {
    const Vec q = load_some(scale + s, left) * exp(load_some(nearest + s, left) - d2);
    return {q, q};
  }
};

template <int kDims>
FASTTSNE_INLINE float nearest_other(const Target<kDims>& target, const float* const* columns,
                                    int64_t i, int64_t n) {
  constexpr float kFar = __builtin_inff();
  Vec lowest = broadcast(kFar);
  const auto look = [&](int64_t first, int64_t last) __attribute__((always_inline)) {
    for (int64_t s = first; s < last; s += kLanes)
      lowest = min(lowest, keep_some(target.sq_distances(columns, s, last - s), last - s, kFar));
  };
  look(0, i);
  look(i + 1, n);
  float nearest = kFar;
  for (int l = 0; l < kLanes; ++l) nearest = lowest[l] < nearest ? lowest[l] : nearest;
  return nearest;
}

template <int kDims>
void rows(const PointsView& Y, const float* const* columns, float* nearest, double* sums,
          float* forces, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    Target<kDims> target(Y, i, forces);
    nearest[i] = nearest_other(target, columns, i, Y.n);
    sums[i] = 0;
    add_others(target, OwnPair{broadcast(nearest[i])}, columns, i, Y.n, sums[i]);
    target.finish();
  }
}

template <int kDims>
void rows_of_others(const PointsView& Y, const float* const* columns, const float* nearest,
                    const float* scale, float* forces, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    Target<kDims> target(Y, i, forces);
    double unused = 0;
    add_others(target, OthersPair{nearest, scale}, columns, i, Y.n, unused);
    target.finish();
  }
}

}  // namespace

void sne_rows(const PointsView& Y, const float* const* columns, float* nearest, double* sums,
              float* forces, int64_t begin, int64_t end) {
  switch (Y.dims) {
    case 1:
      return rows<1>(Y, columns, nearest, sums, forces, begin, end);
    case 2:
      return rows<2>(Y, columns, nearest, sums, forces, begin, end);
    case 3:
      return rows<3>(Y, columns, nearest, sums, forces, begin, end);
    default:
      return rows<0>(Y, columns, nearest, sums, forces, begin, end);
  }
}

void sne_rows_of_others(const PointsView& Y, const float* const* columns, const float* nearest,
                        const float* scale, float* forces, int64_t begin, int64_t end) {
  switch (Y.dims) {
    case 1:
      return rows_of_others<1>(Y, columns, nearest, scale, forces, begin, end);
    case 2:
      return rows_of_others<2>(Y, columns, nearest, scale, forces, begin, end);
    case 3:
      return rows_of_others<3>(Y, columns, nearest, scale, forces, begin, end);
    default:
      return rows_of_others<0>(Y, columns, nearest, scale, forces, begin, end);
  }
}

}  // namespace fasttsne::FASTTSNE_ISA
