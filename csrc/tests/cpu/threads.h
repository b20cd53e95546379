// Runs kernels on several threads, as the bindings do.
#pragma once
#include <atomic>
#include <thread>
#include <vector>

#include "kernels/types.h"

namespace fasttsne::tests {

inline int thread_count = 4;

// Calls body(item) for every item, on several threads that take the next item as they are free.
template <class Body>
void for_each_item(int64_t items, const Body& body) {
  if (thread_count == 1 || items < 2) {
    for (int64_t item = 0; item < items; ++item) body(item);
    return;
  }
  std::atomic<int64_t> next{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < thread_count; ++t)
    threads.emplace_back([&] {
      for (int64_t item; (item = next.fetch_add(1)) < items;) body(item);
    });
  for (auto& thread : threads) thread.join();
}

// Calls body(rows) for blocks of rows.
template <class Body>
void for_each_block(int64_t n, int64_t block_rows, const Body& body) {
  for_each_item(ceil_div(n, block_rows), [&](int64_t block) {
    body(RowRange{block * block_rows, std::min((block + 1) * block_rows, n)});
  });
}

}  // namespace fasttsne::tests
