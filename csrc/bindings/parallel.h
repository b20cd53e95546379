// Parallel loops of the CPU kernels. They run on torch's thread pool, so torch.set_num_threads
// applies.
#pragma once
#include <torch/csrc/stable/ops.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <numeric>
#include <vector>

#include "kernels/types.h"

namespace fasttsne::bindings {

// With less work than this, in elements of a vector loop (about a nanosecond each), only one thread
// runs. That is faster than waking the others, and does not slow down when another process occupies
// their cores.
constexpr int64_t kMinParallelWork = 1 << 16;

// Calls body(item, scratch) for every item, with one scratch = make_scratch() per thread. Items are
// scheduled dynamically: a free thread takes the next item, so a slow core does not delay the
// others. The result of an item must not depend on the thread that computes it.
template <class MakeScratch, class Body>
void for_each_item_with(int64_t items, int64_t work, const MakeScratch& make_scratch,
                        const Body& body) {
  std::atomic<int64_t> next{0};
  const auto take_items = [&](int64_t, int64_t) {
    auto scratch = make_scratch();
    for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < items;) body(i, scratch);
  };
  const auto workers = std::min<int64_t>(torch::stable::get_num_threads(), items);
  if (workers <= 1 || work < kMinParallelWork)
    take_items(0, 1);
  else
    torch::stable::parallel_for(0, workers, 1, take_items);
}

// Calls body(item) for every item.
template <class Body>
void for_each_item(int64_t items, int64_t work, const Body& body) {
  for_each_item_with(items, work, [] { return 0; }, [&](int64_t i, int) { body(i); });
}

// Memory for the scratch of a kernel, aligned to a cache line.
class AlignedBytes {
 public:
  explicit AlignedBytes(int64_t size)
      : data_(::operator new(static_cast<size_t>(size), kAlignment)) {}
  ~AlignedBytes() { ::operator delete(data_, kAlignment); }
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;
  void* data() { return data_; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  void* data_;
};

// Calls body(block, rows) for blocks of a fixed number of rows. The blocks are the same for any
// number of threads.
template <class Body>
void for_each_block(int64_t rows, int64_t block_rows, int64_t work, const Body& body) {
  for_each_item(ceil_div(rows, block_rows), work, [&](int64_t block) {
    body(block, RowRange{block * block_rows, std::min((block + 1) * block_rows, rows)});
  });
}

// The sum of body(rows) over all blocks, added in the order of the blocks, so that it has the same
// bits for any number of threads.
template <class Body>
double sum_over_blocks(int64_t rows, int64_t block_rows, int64_t work, const Body& body) {
  std::vector<double> parts(ceil_div(rows, block_rows));
  for_each_block(rows, block_rows, work,
                 [&](int64_t block, RowRange range) { parts[block] = body(range); });
  return std::accumulate(parts.begin(), parts.end(), 0.0);
}

}  // namespace fasttsne::bindings
