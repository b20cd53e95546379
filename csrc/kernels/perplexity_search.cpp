#include "kernels/perplexity_search.h"

#include <cmath>

#include "kernels/simd/perplexity_rows.h"

namespace fasttsne {

void perplexity_search(const float* sq_distances, int64_t k, double perplexity, float* beta,
                       float* conditional, RowRange rows) {
  static const auto run = FASTTSNE_PICK(perplexity_rows);
  run(sq_distances, k, static_cast<float>(std::log(perplexity)), beta, conditional, rows.begin,
      rows.end);
}

}  // namespace fasttsne
