#include "kernels/symmetrize.h"

#include <algorithm>
#include <bit>

namespace fasttsne {
namespace {

// An index above the bits of a probability: sorts by index and moves both at once.
int64_t pack(int64_t index, float p) { return (index << 32) | std::bit_cast<uint32_t>(p); }
int64_t index_of(int64_t key) { return key >> 32; }
float value_of(int64_t key) { return std::bit_cast<float>(static_cast<uint32_t>(key)); }

}  // namespace

Symmetrizer::Symmetrizer(const int32_t* indices, const float* conditional, int64_t n, int64_t k)
    : indices_(indices),
      conditional_(conditional),
      n_(n),
      k_(k),
      incoming_begin_(std::make_unique<int64_t[]>(n + 1)),
      incoming_(std::make_unique_for_overwrite<int64_t[]>(n * k)),
      own_(std::make_unique_for_overwrite<int64_t[]>(n * k)) {
  int64_t* begin = incoming_begin_.get();
  for (int64_t e = 0; e < n * k; ++e) ++begin[indices[e] + 1];
  for (int64_t i = 0; i < n; ++i) begin[i + 1] += begin[i];
  // Use begin[j] as the write position of column j, then shift the array back by one.
  for (int64_t i = 0; i < n; ++i)
    for (int64_t e = i * k; e < (i + 1) * k; ++e)
      incoming_[begin[indices[e]]++] = pack(i, conditional[e]);
  std::copy_backward(begin, begin + n, begin + n + 1);
  begin[0] = 0;
}

template <class Visit>
void Symmetrizer::merge(int64_t row, Visit visit) const {
  const int64_t* a = own_.get() + row * k_;
  const int64_t* const a_end = a + k_;
  const int64_t* b = incoming_.get() + incoming_begin_[row];
  const int64_t* const b_end = incoming_.get() + incoming_begin_[row + 1];
  while (a != a_end || b != b_end) {
    const int64_t column_a = a != a_end ? index_of(*a) : n_;
    const int64_t column_b = b != b_end ? index_of(*b) : n_;
    float p = 0.f;
    if (column_a <= column_b) p += value_of(*a++);
    if (column_b <= column_a) p += value_of(*b++);
    visit(std::min(column_a, column_b), p);
  }
}

void Symmetrizer::count_rows(int64_t* lengths, RowRange rows) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    int64_t* own = own_.get() + i * k_;
    for (int64_t c = 0; c < k_; ++c) own[c] = pack(indices_[i * k_ + c], conditional_[i * k_ + c]);
    std::sort(own, own + k_);
    int64_t length = 0;
    merge(i, [&](int64_t, float) { ++length; });
    lengths[i] = length;
  }
}

void Symmetrizer::fill_rows(const int64_t* indptr, int32_t* columns, float* values,
                            RowRange rows) const {
  const float scale = static_cast<float>(0.5 / static_cast<double>(n_));
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    int64_t e = indptr[i];
    merge(i, [&](int64_t column, float p) {
      columns[e] = static_cast<int32_t>(column);
      values[e] = p * scale;
      ++e;
    });
  }
}

}  // namespace fasttsne
