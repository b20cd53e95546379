#include "kernels/simd/sne_rows.h"

#include "kernels/simd/point_force.h"

namespace fasttsne::FASTTSNE_ISA {
namespace {

// The term exp(nearest_i - d2), shifted by the row of the point i that feels the force.
struct RowTerm {
  Vec nearest;

  FASTTSNE_SHARED_MEMBER PairTerm operator()(Vec d2, int64_t, int64_t left) const {
    const Vec q = fill_tail(exp(nearest - d2), left, 0.f);
    return {q, q};
  }
};

// The term scale_s exp(nearest_s - d2), shifted and scaled by the row of the source s.
struct TransposedTerm {
  const float *nearest, *scale;

  FASTTSNE_SHARED_MEMBER PairTerm operator()(Vec d2, int64_t s, int64_t left) const {
    const Vec q = load_tail(scale + s, left) * exp(load_tail(nearest + s, left) - d2);
    return {q, q};
  }
};

// The smallest squared distance from point i to another point.
template <int kDims>
FASTTSNE_INLINE float nearest_other(const PointForce<kDims>& point_force,
                                    const float* const* columns, int64_t i, int64_t n) {
  constexpr float kFar = __builtin_inff();
  Vec lowest = broadcast(kFar);
  const auto look = [&](int64_t first, int64_t last) __attribute__((always_inline)) {
    for (int64_t s = first; s < last; s += kLanes)
      lowest =
          min(lowest, fill_tail(point_force.sq_distances(columns, s, last - s), last - s, kFar));
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
    PointForce<kDims> point_force(Y, i, forces);
    nearest[i] = nearest_other(point_force, columns, i, Y.n);
    sums[i] = 0;
    add_others(point_force, RowTerm{broadcast(nearest[i])}, columns, i, Y.n, sums[i]);
    point_force.finish();
  }
}

template <int kDims>
void rows_transposed(const PointsView& Y, const float* const* columns, const float* nearest,
                     const float* scale, float* forces, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    PointForce<kDims> point_force(Y, i, forces);
    double unused = 0;
    add_others(point_force, TransposedTerm{nearest, scale}, columns, i, Y.n, unused);
    point_force.finish();
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

void sne_rows_transposed(const PointsView& Y, const float* const* columns, const float* nearest,
                         const float* scale, float* forces, int64_t begin, int64_t end) {
  switch (Y.dims) {
    case 1:
      return rows_transposed<1>(Y, columns, nearest, scale, forces, begin, end);
    case 2:
      return rows_transposed<2>(Y, columns, nearest, scale, forces, begin, end);
    case 3:
      return rows_transposed<3>(Y, columns, nearest, scale, forces, begin, end);
    default:
      return rows_transposed<0>(Y, columns, nearest, scale, forces, begin, end);
  }
}

}  // namespace fasttsne::FASTTSNE_ISA
