// The hot loops of a gradient descent step; see kernels/update_embedding.h.
#pragma once
#include "kernels/simd/levels.h"
#include "math/descent.h"

namespace fasttsne {

using math::StepFactors;

FASTTSNE_DECLARE_LEVELS(
    // Updates gains and velocity of elements [0, count). Adds the squared norm of their gradient to
    // *sq_gradient; returns the largest squared velocity of an element.
    float step_elements(const StepFactors& factors, const float* attractive, const float* repulsive,
                        float* velocity, float* gains, int64_t count, double* sq_gradient);
    // Y += velocity, both [rows, dims]; sums[m] becomes the sum of coordinate m of Y.
    void move_elements(const float* velocity, float* Y, int64_t rows, int64_t dims, double* sums);
    // Y -= mean, with Y [rows, dims], rows >= 1, and mean [dims]; low[m] and high[m] become the
    // smallest and largest value of coordinate m.
    void center_elements(const float* mean, float* Y, int64_t rows, int64_t dims, float* low,
                         float* high))

}  // namespace fasttsne
