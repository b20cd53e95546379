// Declares a hot loop once for every SIMD level, and picks the copy for the level in use.
// Every file of this folder is compiled once per level, with FASTTSNE_ISA naming the namespace.
// Nothing here may use the standard library: an inline function emitted under -mavx512f could be
// the copy that the linker keeps for every caller, and would then fault on an older CPU.
#pragma once
#include <cstdint>

#include "kernels/simd_level.h"

#if defined(FASTTSNE_X86_LEVELS)
#define FASTTSNE_DECLARE_LEVELS(...) \
  namespace baseline {               \
  __VA_ARGS__;                       \
  }                                  \
  namespace avx2 {                   \
  __VA_ARGS__;                       \
  }                                  \
  namespace avx512 {                 \
  __VA_ARGS__;                       \
  }
#define FASTTSNE_PICK(function)                         \
  (simd_level() >= SimdLevel::avx512 ? avx512::function \
   : simd_level() == SimdLevel::avx2 ? avx2::function   \
                                     : baseline::function)
#else
#define FASTTSNE_DECLARE_LEVELS(...) \
  namespace baseline {               \
  __VA_ARGS__;                       \
  }
#define FASTTSNE_PICK(function) (baseline::function)
#endif
