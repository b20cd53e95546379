// Kernels with one fault each, to see that it is told.
#pragma once
#include <string>
#include <vector>

namespace fasttsne::tests {

enum class Told { by_launch, by_result, by_address, by_undefined, by_thread };

struct Broken {
  const char* name;
  Told told;
  const char* message;  // a part of what the launch tells
  void (*run)(int* out);
};
// Each writes to out [64]. A kernel whose fault its result tells leaves -1 somewhere.
extern const std::vector<Broken> kBroken;
// Kernels without a fault.
extern const std::vector<Broken> kRight;

}  // namespace fasttsne::tests
