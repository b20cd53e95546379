// One step of gradient descent with momentum and gains (Jacobs 1988) for one number of the map.
#pragma once
#include "math/portable.h"

namespace fasttsne::math {

struct StepFactors {
  float pull;  // 4 exaggeration
  float push;  // 4 / Z
  float rate, momentum;
};

inline constexpr float kGainUp = 0.2f, kGainDown = 0.8f, kSmallestGain = 0.01f;

// Changes velocity and gain; returns the gradient.
template <class T>
FASTTSNE_SHARED T descent_step(const StepFactors& f, T attractive, T repulsive, T& velocity,
                               T& gain) {
  const T gradient = f.pull * attractive - f.push * repulsive;
  const T smallest = T{} + kSmallestGain, lowered = gain * kGainDown;
  const T down = lowered > smallest ? lowered : smallest;
  // Downhill: velocity against gradient.
  gain = velocity * gradient < T{} ? gain + kGainUp : down;
  velocity = f.momentum * velocity - f.rate * gain * gradient;
  return gradient;
}

}  // namespace fasttsne::math
