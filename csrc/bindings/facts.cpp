// How the library was built, and which SIMD level is in use, as text that Python reads by ctypes: a
// plain C function serves every version of Python. It is a part of libfasttsne_kernels, which can
// be asked before torch has any op of the library.
#include <string>

#include "kernels/simd_level.h"

#ifdef _WIN32
#define FASTTSNE_EXPORT __declspec(dllexport)
#else
#define FASTTSNE_EXPORT __attribute__((visibility("default")))
#endif

namespace fasttsne::bindings {
namespace {

std::string levels_built() {
  std::string names;
  for (const SimdLevel level : kSimdLevels)
    if (is_simd_level_built(level))
      names += (names.empty() ? "" : ", ") + std::string(simd_level_name(level));
  return names;
}

}  // namespace

// Lines of "name=value". The text stays where it is until the process ends.
extern "C" FASTTSNE_EXPORT const char* fasttsne_build_facts() {
  static const std::string text =
      "compiler=" FASTTSNE_COMPILER "\ntorch_built_with=" FASTTSNE_TORCH_VERSION
      "\ncuda_architectures=" FASTTSNE_CUDA_ARCHITECTURES "\nsimd_built=" +
      levels_built() + "\nsimd_detected=" + simd_level_name(simd_level_detected()) +
      "\nsimd_active=" + simd_level_name(simd_level());
  return text.c_str();
}

}  // namespace fasttsne::bindings
