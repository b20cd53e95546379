// The hot loop of the perplexity search.
#pragma once
#include "kernels/simd/levels.h"

namespace fasttsne {

FASTTSNE_DECLARE_LEVELS(
    // perplexity_search of kernels/perplexity_search.h for rows [begin, end).
    void perplexity_rows(const float* sq_distances, int64_t k, float log_perplexity, float* beta,
                         float* conditional, int64_t begin, int64_t end))

}  // namespace fasttsne
