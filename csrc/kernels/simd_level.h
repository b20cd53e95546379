// The SIMD level that the kernels use: the best that both the CPU and this build support, or a
// lower one that the environment variable FASTTSNE_SIMD names. It is determined once per process.
#pragma once

namespace fasttsne {

// amx differs from avx512, and bfmmla from the baseline of ARM, only in the distance tiles of the
// neighbour search.
enum class SimdLevel { baseline, avx2, avx512, amx, bfmmla };
inline constexpr SimdLevel kSimdLevels[] = {SimdLevel::baseline, SimdLevel::avx2, SimdLevel::avx512,
                                            SimdLevel::amx, SimdLevel::bfmmla};

SimdLevel simd_level();           // the level in use
SimdLevel simd_level_detected();  // the highest level that the CPU supports
bool is_simd_level_built(SimdLevel level);
const char* simd_level_name(SimdLevel level);

}  // namespace fasttsne
