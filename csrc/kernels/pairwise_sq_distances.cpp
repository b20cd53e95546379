#include "kernels/pairwise_sq_distances.h"

#include <algorithm>
#include <vector>

#include "kernels/simd/distance_tiles.h"

namespace fasttsne {

void pairwise_rows(const PointsView& X, const PointsView& Z, float* out, RowRange rows) {
  static const auto width = FASTTSNE_PICK(panel_width);
  static const auto pack = FASTTSNE_PICK(pack_panel);
  static const auto differences = FASTTSNE_PICK(difference_panel);
  std::vector<float> panel(width() * Z.dims);
  for (int64_t column = 0; column < Z.n; column += width()) {
    const int64_t columns = std::min(width(), Z.n - column);
    pack(Z.data + column * Z.dims, columns, Z.dims, panel.data());
    differences(X.data + rows.begin * X.dims, rows.end - rows.begin, panel.data(), columns, X.dims,
                out + rows.begin * Z.n + column, Z.n);
  }
}

}  // namespace fasttsne
