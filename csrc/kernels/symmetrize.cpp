#include "kernels/symmetrize.h"

#include <algorithm>
#include <vector>

namespace fasttsne {

Symmetrizer::Symmetrizer(const int32_t* indices, const float* conditional, int64_t n, int64_t k)
    : indices_(indices),
      conditional_(conditional),
      n_(n),
      k_(k),
      incoming_begin_(std::make_unique<int64_t[]>(n + 1)),
      position_(std::make_unique_for_overwrite<int64_t[]>(n)),
      incoming_row_(std::make_unique_for_overwrite<int32_t[]>(n * k)),
      incoming_place_(std::make_unique_for_overwrite<uint16_t[]>(n * k)),
      own_place_(std::make_unique_for_overwrite<uint16_t[]>(n * k)) {}

void Symmetrizer::count_incoming(RowRange rows) {
  int64_t* const count = incoming_begin_.get() + 1;
  for (int64_t e = 0; e < n_ * k_; ++e)
    if (rows.begin <= indices_[e] && indices_[e] < rows.end) ++count[indices_[e]];
}

void Symmetrizer::add_counts() {
  int64_t* const begin = incoming_begin_.get();
  for (int64_t i = 0; i < n_; ++i) begin[i + 1] += begin[i];
  std::copy(begin, begin + n_, position_.get());
}

void Symmetrizer::list_incoming(RowRange rows) {
  for (int64_t i = 0; i < n_; ++i)
    for (int64_t c = 0; c < k_; ++c) {
      const int32_t j = indices_[i * k_ + c];
      if (!(rows.begin <= j && j < rows.end)) continue;
      const int64_t to = position_[j]++;
      incoming_row_[to] = static_cast<int32_t>(i);
      incoming_place_[to] = static_cast<uint16_t>(c);
    }
}

void Symmetrizer::sort_own(RowRange rows) {
  // The listed edges are sorted by column. Appending them to their rows in this order leaves every
  // row sorted by column, without another sort.
  std::vector<uint16_t> filled(rows.end - rows.begin);
  for (int64_t to = 0; to < n_ * k_; ++to) {
    const int64_t i = incoming_row_[to];
    if (rows.begin <= i && i < rows.end)
      own_place_[i * k_ + filled[i - rows.begin]++] = incoming_place_[to];
  }
}

template <class Visit>
void Symmetrizer::merge(int64_t row, Visit visit) const {
  const uint16_t* a = own_place_.get() + row * k_;
  const uint16_t* const a_end = a + k_;
  const int32_t* const columns = indices_ + row * k_;
  int64_t b = incoming_begin_[row];
  const int64_t b_end = incoming_begin_[row + 1];
  while (a != a_end || b != b_end) {
    const int64_t column_a = a != a_end ? columns[*a] : n_;
    const int64_t column_b = b != b_end ? incoming_row_[b] : n_;
    const uint16_t* const own = column_a <= column_b ? a++ : nullptr;
    const int64_t incoming = column_b <= column_a ? b++ : -1;
    visit(std::min(column_a, column_b), own, incoming);
  }
}

bool Symmetrizer::count_rows(int64_t* lengths, RowRange rows) const {
  bool distinct = true;
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    int64_t length = 0, before = -1;
    merge(i, [&](int64_t column, const uint16_t*, int64_t) {
      distinct &= column != before;
      before = column;
      ++length;
    });
    lengths[i] = length;
  }
  return distinct;
}

void Symmetrizer::fill_rows(const int64_t* indptr, int32_t* columns, float* values,
                            RowRange rows) const {
  const float scale = static_cast<float>(0.5 / static_cast<double>(n_));
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    int64_t e = indptr[i];
    merge(i, [&](int64_t column, const uint16_t* own, int64_t incoming) {
      float p = 0.f;
      if (own) p += conditional_[i * k_ + *own];
      if (incoming >= 0)
        p += conditional_[incoming_row_[incoming] * k_ + incoming_place_[incoming]];
      columns[e] = static_cast<int32_t>(column);
      values[e] = p * scale;
      ++e;
    });
  }
}

}  // namespace fasttsne
