// The CUDA kernels are those that all programs have.
#include "fuzz/fuzz.h"

namespace fasttsne::tests {

const std::vector<Target> kOwnTargets{};

}  // namespace fasttsne::tests
