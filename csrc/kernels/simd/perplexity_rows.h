#pragma once
#include "kernels/simd/levels.h"

namespace fasttsne {

FASTTSNE_DECLARE_LEVELS(
    // Rows [begin, end) of perplexity_rows in kernels/perplexity.h.
    void perplexity_rows(const float* sq_distances, int64_t k, float log_perplexity, float* beta,
                         float* conditional, int64_t begin, int64_t end))

}  // namespace fasttsne
