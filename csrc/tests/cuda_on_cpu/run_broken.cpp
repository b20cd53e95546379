// Runs one kernel of broken.h, for test_checks.cpp to see whether a sanitizer ends it.
#include <cstdlib>
#include <string>

#include "cuda_on_cpu/broken.h"
#include "cuda_on_cpu/buffer.h"
#include "cuda_on_cpu/grid.h"

int main(int, char** argv) {
  using namespace fasttsne;
  const auto& list = std::string(argv[1]) == "right" ? tests::kRight : tests::kBroken;
  tests::Buffer<int> out(64);
  list.at(std::stoul(argv[2])).run(out.data());
  return on_cpu::has_failed();
}
