// The same tiles on Intel's AMX: bf16 matrix units, float32 accuracy by splitting.
#pragma once
#include "kernels/simd/distance_tiles.h"

namespace fasttsne {

// All rows of block A against all of block B.
struct BlockScan {
  const float* a;        // [a_rows, depth] row-major
  const float* a_sq;     // [a_rows] |a|^2
  const float* a_bound;  // [a_rows] as in PanelScan
  const float* b;        // [b_rows, depth]
  const float* b_sq;
  const float* b_bound;
  int64_t a_rows, b_rows, depth;
  bool diagonal;  // A is B: only columns above the row
  void* scratch;  // amx::scratch_bytes, aligned to 64
  HitSink* sink;
  void* context;
};

#if defined(FASTTSNE_X86_LEVELS)
namespace amx {
int64_t scratch_bytes(int64_t a_rows, int64_t b_rows, int64_t depth);
void scan_block(const BlockScan& scan);
}  // namespace amx
#endif

}  // namespace fasttsne
