#include "kernels/simd_level.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace fasttsne {
namespace {

// The level that the environment names, or the highest in this build.
SimdLevel requested() {
  const char* name = std::getenv("FASTTSNE_SIMD");
  SimdLevel highest = SimdLevel::baseline;
  for (const SimdLevel level : kSimdLevels) {
    if (!is_simd_level_built(level)) continue;
    if (name && !std::strcmp(name, simd_level_name(level))) return level;
    highest = level;
  }
  return highest;
}

#if defined(__x86_64__) && defined(__linux__)
// Whether AMX can be used. Its tile registers are large, so Linux saves and restores them only for
// a process that has asked for permission; this function asks.
bool amx_usable() {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  constexpr unsigned kAmxBf16 = 1u << 22, kAmxTile = 1u << 24, kAvx512Bf16 = 1u << 5;
  if ((d & kAmxBf16) == 0 || (d & kAmxTile) == 0) return false;
  if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || (a & kAvx512Bf16) == 0) return false;
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}
#elif defined(__x86_64__)
bool amx_usable() { return false; }
#endif

}  // namespace

bool is_simd_level_built(SimdLevel level) {
#if defined(FASTTSNE_X86_LEVELS)
  return level <= SimdLevel::amx;
#elif defined(FASTTSNE_ARM_LEVELS)
  return level == SimdLevel::baseline || level == SimdLevel::bfmmla;
#else
  return level == SimdLevel::baseline;
#endif
}

SimdLevel simd_level_detected() {
#if defined(__x86_64__)
  // __builtin_cpu_supports also checks that the operating system saves the vector registers.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("fma"))
    return amx_usable() ? SimdLevel::amx : SimdLevel::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return SimdLevel::avx2;
#elif defined(__aarch64__) && defined(__linux__)
  constexpr unsigned long kBf16 = 1ul << 14;  // HWCAP2_BF16
  if (getauxval(AT_HWCAP2) & kBf16) return SimdLevel::bfmmla;
#endif
  return SimdLevel::baseline;
}

SimdLevel simd_level() {
  static const SimdLevel level = std::min(simd_level_detected(), requested());
  return level;
}

const char* simd_level_name(SimdLevel level) {
  switch (level) {
    case SimdLevel::bfmmla:
      return "bfmmla";
    case SimdLevel::amx:
      return "amx";
    case SimdLevel::avx512:
      return "avx512";
    case SimdLevel::avx2:
      return "avx2";
    default:
      return "baseline";
  }
}

}  // namespace fasttsne
