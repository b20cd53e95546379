// Distance tiles on units that multiply matrices of bf16: Intel's AMX, and BFMMLA of ARM.
//
// A float x is split into the bf16 numbers hi = bf16(x) and lo = bf16(x - hi). Then a b is
// hi hi + hi lo + lo hi, with an error of up to 3 * 2^-16 |a| |b|. On AMX, three bf16 products cost
// a fraction of one float32 product; BFMMLA has not been timed on a processor yet. The pairs that
// pass the filter are measured again in float32 (rerank_rows in kernels/knn_rerank.h), so the error
// affects only the choice of candidates.
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
  void* scratch;  // scratch_bytes(...) bytes, aligned to 64
  HitSink* sink;
  void* context;
};

#if defined(FASTTSNE_X86_LEVELS)
#define FASTTSNE_BF16_LEVEL amx
#elif defined(FASTTSNE_ARM_LEVELS)
#define FASTTSNE_BF16_LEVEL bfmmla
#endif
#if defined(FASTTSNE_BF16_LEVEL)
namespace FASTTSNE_BF16_LEVEL {
int64_t scratch_bytes(int64_t a_rows, int64_t b_rows, int64_t depth);
void scan_block(const BlockScan& scan);
}  // namespace FASTTSNE_BF16_LEVEL
#endif

}  // namespace fasttsne
