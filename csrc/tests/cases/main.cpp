// Runs all tests, and says of which kernels.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "cases/kernels.h"

int main(int argc, char** argv) {
  std::printf("kernels: %s\n", fasttsne::tests::kernels::name());
  return doctest::Context(argc, argv).run();
}
