// Runs all tests at the SIMD level in use, and says which it is.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "kernels/simd_level.h"

int main(int argc, char** argv) {
  std::printf("SIMD level: %s\n", fasttsne::simd_level_name(fasttsne::simd_level()));
  return doctest::Context(argc, argv).run();
}
