// One step of gradient descent with momentum and per-coordinate gains (Jacobs 1988, as used by van
// der Maaten and Hinton 2008), for one coordinate of one point.
#pragma once
#include "math/portable.h"

namespace fasttsne::math {

struct StepFactors {
  float pull;  // factor of the attractive force: 4 * exaggeration
  float push;  // factor of the repulsive force, which is not yet divided by Z: 4 / Z
  float rate, momentum;
};

inline constexpr float kGainUp = 0.2f, kGainDown = 0.8f, kMinGain = 0.01f;

// Updates velocity and gain in place; returns the gradient.
template <class T>
FASTTSNE_SHARED T descent_step(const StepFactors& f, T attractive, T repulsive, T& velocity,
                               T& gain) {
  const T gradient = f.pull * attractive - f.push * repulsive;
  const T smallest = T{} + kMinGain, lowered = gain * kGainDown;
  const T down = lowered > smallest ? lowered : smallest;
  // The gain grows while the velocity points downhill, that is, against the gradient.
  gain = velocity * gradient < T{} ? gain + kGainUp : down;
  velocity = f.momentum * velocity - f.rate * gain * gradient;
  return gradient;
}

}  // namespace fasttsne::math
