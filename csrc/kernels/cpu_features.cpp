#include "kernels/cpu_features.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace fasttsne {
namespace {

SimdLevel requested() {
  const char* name = std::getenv("FASTTSNE_SIMD");
  if (name && !std::strcmp(name, "baseline")) return SimdLevel::baseline;
  if (name && !std::strcmp(name, "avx2")) return SimdLevel::avx2;
  return SimdLevel::avx512;
}

}  // namespace

SimdLevel simd_level_built() {
#if defined(FASTTSNE_X86_LEVELS)
  return SimdLevel::avx512;
#else
  return SimdLevel::baseline;
#endif
}

SimdLevel simd_level_detected() {
#if defined(__x86_64__)
  // __builtin_cpu_supports also asks the operating system whether it saves the registers.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("fma"))
    return SimdLevel::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return SimdLevel::avx2;
#endif
  return SimdLevel::baseline;
}

SimdLevel simd_level() {
  static const SimdLevel level = std::min({simd_level_detected(), simd_level_built(), requested()});
  return level;
}

const char* simd_level_name(SimdLevel level) {
  switch (level) {
    case SimdLevel::avx512:
      return "avx512";
    case SimdLevel::avx2:
      return "avx2";
    default:
      return "baseline";
  }
}

}  // namespace fasttsne
