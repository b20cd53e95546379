#pragma once
#include "kernels/simd/levels.h"
#include "math/descent.h"

namespace fasttsne {

using math::StepFactors;

FASTTSNE_DECLARE_LEVELS(
    // New gains and velocity of elements [0, count); adds the squared gradient to *sq_gradient and
    // returns the largest squared velocity of an element.
    float step_elements(const StepFactors& factors, const float* attractive, const float* repulsive,
                        float* velocity, float* gains, int64_t count, double* sq_gradient);
    // Y += velocity for [0, rows) rows of dims; sums[m] becomes the sum of coordinate m.
    void move_elements(const float* velocity, float* Y, int64_t rows, int64_t dims, double* sums);
    // Y -= mean for [0, rows) rows, 1 or more; low[m] and high[m] become the bounds.
    void center_elements(const float* mean, float* Y, int64_t rows, int64_t dims, float* low,
                         float* high))

}  // namespace fasttsne
