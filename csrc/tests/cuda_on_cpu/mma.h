// Fragments of the matrix units. All lanes must come to each operation together; lane 0 does the
// work of all, and only its fragments hold numbers.
#pragma once
#include "cuda_bf16.h"
#include "cuda_runtime.h"

namespace nvcuda::wmma {

struct matrix_a;
struct matrix_b;
struct accumulator;
struct row_major;
struct col_major;
enum layout_t { mem_row_major, mem_col_major };

template <class Use, int kRows, int kColumns, int kDepth, class T, class Layout = void>
struct fragment {
  T values[256];
};

using Where = fasttsne::on_cpu::Where;

namespace detail {

inline bool is_first_lane(Where where) {
  fasttsne::on_cpu::converge(where);
  return threadIdx.x % 32 == 0;
}
// The hardware demands an address of 32 bytes, and a stride of 16.
template <class T>
void check_aligned(const T* at, unsigned stride, Where where) {
  if (reinterpret_cast<uintptr_t>(at) % 32 != 0 || stride * sizeof(T) % 16 != 0)
    fasttsne::on_cpu::trap("a fragment that is not aligned", where);
}

}  // namespace detail

template <int kM, int kN, int kK>
void fill_fragment(fragment<accumulator, kM, kN, kK, float>& to, float value,
                   Where where = Where::current()) {
  if (detail::is_first_lane(where))
    for (float& x : to.values) x = value;
}

// a[row][depth] of rows that lie one after another.
template <int kM, int kN, int kK>
void load_matrix_sync(fragment<matrix_a, kM, kN, kK, __nv_bfloat16, row_major>& to,
                      const __nv_bfloat16* from, unsigned stride, Where where = Where::current()) {
  detail::check_aligned(from, stride, where);
  if (!detail::is_first_lane(where)) return;
  for (int r = 0; r < 16; ++r)
    for (int d = 0; d < 16; ++d) to.values[r * 16 + d] = from[r * stride + d];
}
// b[depth][column] of columns that lie one after another, kept as b[column][depth].
template <int kM, int kN, int kK>
void load_matrix_sync(fragment<matrix_b, kM, kN, kK, __nv_bfloat16, col_major>& to,
                      const __nv_bfloat16* from, unsigned stride, Where where = Where::current()) {
  detail::check_aligned(from, stride, where);
  if (!detail::is_first_lane(where)) return;
  for (int c = 0; c < 16; ++c)
    for (int d = 0; d < 16; ++d) to.values[c * 16 + d] = from[c * stride + d];
}

template <int kM, int kN, int kK>
void mma_sync(fragment<accumulator, kM, kN, kK, float>& to,
              const fragment<matrix_a, kM, kN, kK, __nv_bfloat16, row_major>& a,
              const fragment<matrix_b, kM, kN, kK, __nv_bfloat16, col_major>& b,
              const fragment<accumulator, kM, kN, kK, float>& add, Where where = Where::current()) {
  if (!detail::is_first_lane(where)) return;
  for (int r = 0; r < 16; ++r)
    for (int c = 0; c < 16; ++c) {
      float sum = 0;
      for (int d = 0; d < 16; ++d)
        sum += __bfloat162float(a.values[r * 16 + d]) * __bfloat162float(b.values[c * 16 + d]);
      to.values[r * 16 + c] = add.values[r * 16 + c] + sum;
    }
}

template <int kM, int kN, int kK>
void store_matrix_sync(float* to, const fragment<accumulator, kM, kN, kK, float>& from,
                       unsigned stride, layout_t layout, Where where = Where::current()) {
  detail::check_aligned(to, stride, where);
  if (layout != mem_row_major) fasttsne::on_cpu::trap("only rows are stored here", where);
  if (!detail::is_first_lane(where)) return;
  for (int r = 0; r < 16; ++r)
    for (int c = 0; c < 16; ++c) to[r * stride + c] = from.values[r * 16 + c];
}

}  // namespace nvcuda::wmma
