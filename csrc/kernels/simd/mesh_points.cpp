#include "kernels/simd/mesh_points.h"

#include "kernels/simd/vec.h"
#include "math/spline.h"

namespace fasttsne::FASTTSNE_ISA {
namespace {

// The four nodes of a window along the last axis, the only axis along which nodes are contiguous.
typedef float Row __attribute__((vector_size(16)));
typedef float UnalignedRow __attribute__((vector_size(16), aligned(4), may_alias));

FASTTSNE_INLINE Row load_row(const float* p) { return *reinterpret_cast<const UnalignedRow*>(p); }
FASTTSNE_INLINE void add_to_row(float* p, Row x) { *reinterpret_cast<UnalignedRow*>(p) += x; }
FASTTSNE_INLINE float sum_row(Row x) { return (x[0] + x[1]) + (x[2] + x[3]); }

// The window weights of kLanes points and their derivatives, per step of the grid.
template <int kDims>
struct Windows {
  float weight[kDims][kLanes][kMeshOrder];
  float slope[kDims][kLanes][kMeshOrder];
  int32_t node[kLanes];  // flat index of the first node of the window
};

// Transposes the weights to one row of four per point.
FASTTSNE_INLINE void scatter_lanes(const Vec (&w)[kMeshOrder], float (*out)[kMeshOrder]) {
  for (int l = 0; l < kLanes; ++l)
    for (int o = 0; o < kMeshOrder; ++o) out[l][o] = w[o][l];
}

// y[m] holds the coordinates of kLanes points on axis m. Computes slopes only with kSlopes.
template <int kDims, bool kSlopes>
FASTTSNE_INLINE void compute_windows(const MeshView& mesh, const Vec (&y)[kDims],
                                     Windows<kDims>& out) {
  IVec first{};
  for (int m = 0; m < kDims; ++m) {
    const Vec u = (y[m] - mesh.origin[m]) * mesh.inverse_step;
    const auto nodes = (float)mesh.nodes[m];
    const Vec inside = math::inside_grid(u, nodes);
    const IVec cell = __builtin_convertvector(math::second_node(inside, nodes), IVec);
    const Vec t = inside - __builtin_convertvector(cell, Vec);
    Vec w[kMeshOrder];
    math::spline_weights(t, w);
    scatter_lanes(w, out.weight[m]);
    if constexpr (kSlopes) {
      math::spline_slopes(t, w);
      scatter_lanes(w, out.slope[m]);
    }
    first = first * (int32_t)mesh.nodes[m] + cell - 1;
  }
  store(out.node, first);
}

template <int kDims>
void spread(const MeshView& mesh, const float* Y, const int32_t* order, int64_t begin, int64_t end,
            float* grid) {
  Windows<kDims> window;
  const int64_t row = mesh.nodes[kDims - 1], plane = kDims == 3 ? row * mesh.nodes[1] : 0;
  for (int64_t p = begin; p < end; p += kLanes) {
    const int lanes = end - p < kLanes ? (int)(end - p) : kLanes;
    const IVec index = load_first(order + p, lanes, order[p]);
    Vec y[kDims];
    for (int m = 0; m < kDims; ++m) y[m] = gather<kDims>(Y + m, index);
    compute_windows<kDims, false>(mesh, y, window);
    for (int l = 0; l < lanes; ++l) {
      float* node = grid + window.node[l];
      const Row x = load_row(window.weight[kDims - 1][l]);
      if constexpr (kDims == 1) {
        add_to_row(node, x);
      } else if constexpr (kDims == 2) {
        for (int a = 0; a < kMeshOrder; ++a) add_to_row(node + a * row, window.weight[0][l][a] * x);
      } else {
        for (int a = 0; a < kMeshOrder; ++a)
          for (int b = 0; b < kMeshOrder; ++b)
            add_to_row(node + a * plane + b * row,
                       window.weight[0][l][a] * window.weight[1][l][b] * x);
      }
    }
  }
}

template <int kDims>
double gather_all(const MeshView& mesh, const float* Y, const float* potential, float* forces,
                  float* values, int64_t begin, int64_t end) {
  Windows<kDims> window;
  const int64_t row = mesh.nodes[kDims - 1], plane = kDims == 3 ? row * mesh.nodes[1] : 0;
  const float scale = -0.5f * mesh.inverse_step;
  double total = 0;
  for (int64_t p = begin; p < end; p += kLanes) {
    const int lanes = end - p < kLanes ? (int)(end - p) : kLanes;
    const IVec last = broadcast((int32_t)(end - 1 - p)), number = lane_numbers();
    const IVec index = (number < last ? number : last) + (int32_t)p;
    Vec y[kDims];
    for (int m = 0; m < kDims; ++m) y[m] = gather<kDims>(Y + m, index);
    compute_windows<kDims, true>(mesh, y, window);
    float batch = 0;
    for (int l = 0; l < lanes; ++l) {
      const float* node = potential + window.node[l];
      const Row x = load_row(window.weight[kDims - 1][l]),
                dx = load_row(window.slope[kDims - 1][l]);
      float* force = forces + (p + l) * kDims;
      // `value` is the potential summed over all axes but the last, with their weights. along[m] is
      // the same with the slope of axis m in place of its weight.
      Row value{}, along[kDims] = {};
      if constexpr (kDims == 1) {
        value = load_row(node);
      } else if constexpr (kDims == 2) {
        for (int a = 0; a < kMeshOrder; ++a) {
          const Row v = load_row(node + a * row);
          value += window.weight[0][l][a] * v;
          along[0] += window.slope[0][l][a] * v;
        }
      } else {
        for (int a = 0; a < kMeshOrder; ++a) {
          Row v{}, v1{};
          for (int b = 0; b < kMeshOrder; ++b) {
            const Row q = load_row(node + a * plane + b * row);
            v += window.weight[1][l][b] * q;
            v1 += window.slope[1][l][b] * q;
          }
          value += window.weight[0][l][a] * v;
          along[0] += window.slope[0][l][a] * v;
          along[1] += window.weight[0][l][a] * v1;
        }
      }
      for (int m = 0; m + 1 < kDims; ++m) force[m] = scale * sum_row(along[m] * x);
      force[kDims - 1] = scale * sum_row(value * dx);
      values[p + l] = sum_row(value * x);
      batch += values[p + l];
    }
    total += (double)batch;
  }
  return total;
}

}  // namespace

void spread_points(const MeshView& mesh, const float* Y, const int32_t* order, int64_t begin,
                   int64_t end, float* grid) {
  switch (mesh.dims) {
    case 1:
      return spread<1>(mesh, Y, order, begin, end, grid);
    case 2:
      return spread<2>(mesh, Y, order, begin, end, grid);
    default:
      return spread<3>(mesh, Y, order, begin, end, grid);
  }
}

double gather_points(const MeshView& mesh, const float* Y, const float* potential, float* forces,
                     float* values, int64_t begin, int64_t end) {
  switch (mesh.dims) {
    case 1:
      return gather_all<1>(mesh, Y, potential, forces, values, begin, end);
    case 2:
      return gather_all<2>(mesh, Y, potential, forces, values, begin, end);
    default:
      return gather_all<3>(mesh, Y, potential, forces, values, begin, end);
  }
}

}  // namespace fasttsne::FASTTSNE_ISA
