// Threads for the kernels: torch's own pool, so that torch.set_num_threads holds.
#pragma once
#include <torch/csrc/stable/ops.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <vector>

#include "kernels/types.h"

namespace fasttsne::bindings {

// Below this much work, in elements of a vector loop (about a nanosecond each), one thread is
// faster than waking the others, and does not suffer when another process holds their cores.
constexpr int64_t kWorthThreads = 1 << 16;

// body(item) for every item; a free thread takes the next one, so a slow core does not hold up the
// rest. What an item computes must not depend on the thread.
template <class Body>
void for_each_item(int64_t items, int64_t work, const Body& body) {
  const auto workers = std::min<int64_t>(torch::stable::get_num_threads(), items);
  if (workers <= 1 || work < kWorthThreads) {
    for (int64_t i = 0; i < items; ++i) body(i);
    return;
  }
  std::atomic<int64_t> next{0};
  torch::stable::parallel_for(0, workers, 1, [&](int64_t, int64_t) {
    for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < items;) body(i);
  });
}

// body(block, rows) for blocks of fixed size: the same blocks for any number of threads.
template <class Body>
void for_each_block(int64_t rows, int64_t block_rows, int64_t work, const Body& body) {
  for_each_item(ceil_div(rows, block_rows), work, [&](int64_t block) {
    body(block, RowRange{block * block_rows, std::min((block + 1) * block_rows, rows)});
  });
}

// Sum of body(rows) over blocks, added in the order of the blocks: the same bits always.
template <class Body>
double sum_over_blocks(int64_t rows, int64_t block_rows, int64_t work, const Body& body) {
  std::vector<double> parts(ceil_div(rows, block_rows));
  for_each_block(rows, block_rows, work,
                 [&](int64_t block, RowRange range) { parts[block] = body(range); });
  return std::accumulate(parts.begin(), parts.end(), 0.0);
}

}  // namespace fasttsne::bindings
