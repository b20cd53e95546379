// Distance tiles on the matrix units of Intel's AMX. These multiply bf16 numbers, so each float32
// is split into two bf16.
#pragma once
#include "kernels/simd/distance_tiles.h"

namespace fasttsne {

// All rows of block A against all rows of block B; hits are defined as in PanelScan.
struct BlockScan {
  const float* a;        // [a_rows, depth] row-major
  const float* a_sq;     // [a_rows] |a|^2
  const float* a_bound;  // [a_rows]
  const float* b;        // [b_rows, depth] row-major
  const float* b_sq;     // [b_rows] |b|^2
  const float* b_bound;  // [b_rows]
  int64_t a_rows, b_rows, depth;
  bool diagonal;  // A and B are the same block: report only column > row
  void* scratch;  // amx::scratch_bytes(...) bytes, aligned to 64
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
