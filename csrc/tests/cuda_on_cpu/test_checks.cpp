// Whether the faults of kernels are told: those that this build can tell.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "cuda_on_cpu/broken.h"
#include "cuda_on_cpu/buffer.h"
#include "cuda_on_cpu/grid.h"

namespace fasttsne::tests {
namespace {

// What a process prints that runs a kernel of this list.
std::string printed_by(const char* list, size_t number) {
  const std::string command =
      std::string("'") + FASTTSNE_RUN_BROKEN + "' " + list + " " + std::to_string(number) + " 2>&1";
  FILE* const output = popen(command.c_str(), "r");
  REQUIRE(output != nullptr);
  std::string out;
  for (int c; (c = fgetc(output)) != EOF;) out += static_cast<char>(c);
  return pclose(output) == 0 ? out : "failed: " + out;
}

// Whether this is a report of the sanitizer. Of some arrays both sanitizers know the bounds.
bool tells(const std::string& printed, Told told) {
  const auto has = [&](const char* words) { return printed.find(words) != std::string::npos; };
  return printed.starts_with("failed") &&
         (told == Told::by_thread      ? has("data race")
          : told == Told::by_undefined ? has("runtime error")
                                       : has("AddressSanitizer") || has("out of bounds"));
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
      const std::string printed = printed_by("broken", number);
      CAPTURE(printed);
      CHECK(tells(printed, broken.told));
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
    CHECK(printed_by("right", number).find("failed") == std::string::npos);
  }
}

}  // namespace fasttsne::tests
