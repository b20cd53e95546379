#include "kernels/attractive_forces.h"

namespace fasttsne {

AttractiveSums attractive_forces(const CsrView& P, const PointsView& Y, float dof, bool with_cost,
                                 float* forces, RowRange rows) {
  static const auto run = FASTTSNE_PICK(attractive_rows);
  return run(P, Y, dof, with_cost, forces, rows.begin, rows.end);
}

}  // namespace fasttsne
