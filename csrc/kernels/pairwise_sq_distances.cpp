#include "kernels/pairwise_sq_distances.h"

#include <algorithm>
#include <vector>

#include "kernels/simd/distance_tiles.h"

namespace fasttsne {

void pairwise_tile(const PointsView& X, const PointsView& Z, float* out, RowRange rows,
                   RowRange columns) {
  static const auto width = FASTTSNE_PICK(panel_width);
  static const auto pack = FASTTSNE_PICK(pack_panel);
  static const auto differences = FASTTSNE_PICK(difference_panel);
  std::vector<float> panel(width() * Z.dims);
  for (int64_t column = columns.begin; column < columns.end; column += width()) {
    const int64_t count = std::min(width(), columns.end - column);
    pack(Z.data + column * Z.dims, count, Z.dims, panel.data());
    differences(X.data + rows.begin * X.dims, rows.end - rows.begin, panel.data(), count, X.dims,
                out + rows.begin * Z.n + column, Z.n);
  }
}

}  // namespace fasttsne
