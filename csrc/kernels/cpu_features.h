// Which SIMD level the kernels use: detected once, lowered by FASTTSNE_SIMD.
#pragma once

namespace fasttsne {

// amx is avx512 everywhere but for the tiles of the neighbour search.
enum class SimdLevel { baseline, avx2, avx512, amx };

SimdLevel simd_level();           // what runs
SimdLevel simd_level_detected();  // what the CPU could run
SimdLevel simd_level_built();     // the highest level in this build
const char* simd_level_name(SimdLevel level);

}  // namespace fasttsne
