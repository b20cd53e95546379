#include "kernels/simd/repulsive_rows.h"

#include "kernels/simd/student.h"

namespace fasttsne::FASTTSNE_ISA {
namespace {

// Sources summed in float32 before they go to a double: few enough to keep 6 digits.
constexpr int64_t kChunk = 2048;

// Sources [first, last) on one point; adds to force and z.
template <int kDims, bool kUnit, bool kWeighted>
FASTTSNE_INLINE void add_sources(const Student<kUnit>& student, const Vec (&y)[kDims],
                                 const float* const* columns, const float* weights, int64_t first,
                                 int64_t last, double (&force)[kDims], double& z) {
  const IVec lanes = lane_numbers();
  for (int64_t chunk = first; chunk < last; chunk += kChunk) {
    const int64_t stop = chunk + kChunk < last ? chunk + kChunk : last;
    Vec part[kDims] = {}, part_z{};
    for (int64_t s = chunk; s < stop; s += kLanes) {
      const int64_t left = stop - s;
      Vec d[kDims], d2{};
      for (int m = 0; m < kDims; ++m) {
        d[m] =
            y[m] - (left >= kLanes ? load(columns[m] + s) : load_first(columns[m] + s, left, 0.f));
        d2 += d[m] * d[m];
      }
      const Vec w = student.w(d2);
      Vec q = student.q(d2, w);
      if constexpr (kWeighted)
        q *= left >= kLanes ? load(weights + s) : load_first(weights + s, left, 0.f);
      else if (left < kLanes)
        q = select(lanes < broadcast((int32_t)left), q, Vec{});
      part_z += q;
      const Vec push = q * w;
      for (int m = 0; m < kDims; ++m) part[m] += push * d[m];
    }
    for (int m = 0; m < kDims; ++m) force[m] += (double)sum(part[m]);
    z += (double)sum(part_z);
  }
}

template <int kDims, bool kUnit, bool kWeighted>
double rows(const PointsView& Y, const float* const* columns, const float* weights, int64_t sources,
            float dof, float* forces, int64_t begin, int64_t end) {
  const Student<kUnit> student(dof);
  double total = 0;
  for (int64_t i = begin; i < end; ++i) {
    Vec y[kDims];
    double force[kDims] = {};
    for (int m = 0; m < kDims; ++m) y[m] = broadcast(Y.data[i * kDims + m]);
    if constexpr (kWeighted) {
      add_sources<kDims, kUnit, true>(student, y, columns, weights, 0, sources, force, total);
    } else {
      add_sources<kDims, kUnit, false>(student, y, columns, weights, 0, i, force, total);
      add_sources<kDims, kUnit, false>(student, y, columns, weights, i + 1, sources, force, total);
    }
    for (int m = 0; m < kDims; ++m) forces[i * kDims + m] += (float)force[m];
  }
  return total;
}

// Any number of dimensions: the distance first, then each coordinate again.
template <bool kUnit>
double rows_any(const PointsView& Y, const float* const* columns, int64_t sources, float dof,
                float* forces, int64_t begin, int64_t end) {
  const Student<kUnit> student(dof);
  const IVec lanes = lane_numbers();
  double total = 0;
  for (int64_t i = begin; i < end; ++i) {
    const float* y = Y.data + i * Y.dims;
    for (int64_t s = 0; s < sources; s += kLanes) {
      const int64_t left = sources - s < kLanes ? sources - s : kLanes;
      Vec d2{};
      for (int64_t m = 0; m < Y.dims; ++m) {
        const Vec d = y[m] - load_first(columns[m] + s, left, 0.f);
        d2 += d * d;
      }
      const Vec w = student.w(d2);
      const IVec other =
          (lanes < broadcast((int32_t)left)) & (lanes != broadcast((int32_t)(i - s)));
      const Vec q = select(other, student.q(d2, w), Vec{});
      total += (double)sum(q);
      const Vec push = q * w;
      for (int64_t m = 0; m < Y.dims; ++m)
        forces[i * Y.dims + m] += sum(push * (y[m] - load_first(columns[m] + s, left, 0.f)));
    }
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
      return rows_any<kUnit>(Y, columns, sources, dof, forces, begin, end);
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
