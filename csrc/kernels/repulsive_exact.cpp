#include "kernels/repulsive_exact.h"

#include <algorithm>

#include "kernels/simd/repulsive_rows.h"

namespace fasttsne {

Columns::Columns(const PointsView& Y) : values_(Y.n * Y.dims), pointers_(Y.dims) {
  for (int64_t m = 0; m < Y.dims; ++m) {
    float* column = values_.data() + m * Y.n;
    for (int64_t i = 0; i < Y.n; ++i) column[i] = Y.data[i * Y.dims + m];
    pointers_[m] = column;
  }
}

double repulsive_exact(const PointsView& Y, const Columns& columns, float dof, float* forces,
                       RowRange rows) {
  static const auto run = FASTTSNE_PICK(repulsive_rows);
  std::fill(forces + rows.begin * Y.dims, forces + rows.end * Y.dims, 0.f);
  return run(Y, columns.data(), nullptr, Y.n, dof, forces, rows.begin, rows.end);
}

}  // namespace fasttsne
