// Perplexity search: for each row, the beta at which the conditional distribution
// p_j = exp(-beta sq_j) / sum_l exp(-beta sq_l) has entropy ln(perplexity).
#pragma once
#include "kernels/types.h"

namespace fasttsne {

// Reads sq_distances [n, k]; writes the given rows of beta [n] and conditional [n, k].
void perplexity_search(const float* sq_distances, int64_t k, double perplexity, float* beta,
                       float* conditional, RowRange rows);

}  // namespace fasttsne
