// Perplexity search: for each row the beta at which the conditional distribution
// p_j = exp(-beta * sq_j) / sum has entropy log(perplexity).
#pragma once
#include "kernels/types.h"

namespace fasttsne {

// sq_distances, conditional: [n, k]; beta: [n]. Rows are independent.
void perplexity_search(const float* sq_distances, int64_t k, double perplexity, float* beta,
                       float* conditional, RowRange rows);

}  // namespace fasttsne
