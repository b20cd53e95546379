// Whether the faults of kernels are told: those that this build can tell.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "cuda_on_cpu/broken.h"
#include "cuda_on_cpu/buffer.h"
#include "cuda_on_cpu/grid.h"

namespace fasttsne::tests {
namespace {

// Whether a sanitizer ends a process that runs a kernel of this list.
bool is_ended(const char* list, size_t number) {
  const std::string command = FASTTSNE_RUN_BROKEN;
  return std::system(
             (command + " " + list + " " + std::to_string(number) + " > /dev/null 2>&1").c_str()) !=
         0;
}

bool is_built_for(Told told) {
#if defined(__SANITIZE_ADDRESS__)
  return told == Told::by_launch || told == Told::by_address || told == Told::by_undefined;
#elif defined(__SANITIZE_THREAD__)
  return told == Told::by_launch || told == Told::by_thread;
#else
  return told == Told::by_launch || told == Told::by_result;
#endif
}

}  // namespace

TEST_CASE("faults of kernels are told") {
  for (size_t number = 0; number < kBroken.size(); ++number) {
    const Broken& broken = kBroken[number];
    if (!is_built_for(broken.told)) continue;
    CAPTURE(std::string(broken.name));
    if (broken.told == Told::by_launch || broken.told == Told::by_result) {
      Buffer<int> out(64);
      broken.run(out.data());
      const std::string failure = on_cpu::take_failure();
      CAPTURE(failure);
      const std::vector<int> values = out.values();
      if (broken.told == Told::by_launch)
        CHECK((!failure.empty() && failure.find(broken.message) != std::string::npos));
      else
        CHECK((failure.empty() && std::find(values.begin(), values.end(), -1) != values.end()));
    } else {
      CHECK(is_ended("broken", number));
    }
  }
}

TEST_CASE("kernels without a fault are not") {
  for (size_t number = 0; number < kRight.size(); ++number) {
    const Broken& right = kRight[number];
    CAPTURE(std::string(right.name));
    for (const unsigned order : {0, 1, 2, 3}) {
      on_cpu::set_order(order);
      Buffer<int> out(64);
      for (int i = 0; i < 3; ++i) right.run(out.data());
      CHECK(on_cpu::take_failure() == "");
    }
    on_cpu::set_order(0);
    CHECK_FALSE(is_ended("right", number));
  }
}

}  // namespace fasttsne::tests
