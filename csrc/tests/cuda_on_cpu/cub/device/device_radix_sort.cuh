// Sorts pairs of keys and values, stably, by some bits of the keys.
#pragma once
#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "cuda_runtime.h"

namespace cub {

template <class T>
struct DoubleBuffer {
  T* d_buffers[2] = {nullptr, nullptr};
  int selector = 0;

  DoubleBuffer() = default;
  DoubleBuffer(T* current, T* alternate) : d_buffers{current, alternate} {}
  T* Current() { return d_buffers[selector]; }
  T* Alternate() { return d_buffers[1 - selector]; }
};

// Whether the work may begin. The first call asks for the size of the workspace, which the second
// call must bring; its contents are undefined afterwards.
inline bool has_workspace(void* workspace, size_t& bytes, size_t needed, cudaError_t& status) {
  status = cudaSuccess;
  if (workspace == nullptr) {
    bytes = needed;
    return false;
  }
  if (bytes < needed) {
    status = cudaErrorInvalidValue;
    return false;
  }
  std::memset(workspace, 0xff, bytes);
  return true;
}

struct DeviceRadixSort {
  template <class Key, class Value>
  static cudaError_t SortPairs(void* workspace, size_t& bytes, DoubleBuffer<Key>& keys,
                               DoubleBuffer<Value>& values, int64_t count, int begin_bit,
                               int end_bit, cudaStream_t = nullptr) {
    cudaError_t status;
    if (!has_workspace(workspace, bytes, static_cast<size_t>(64 + count / 8), status))
      return status;
    const auto part = [&](Key key) {
      const Key high =
          end_bit < static_cast<int>(8 * sizeof(Key)) ? key & ((Key{1} << end_bit) - 1) : key;
      return high >> begin_bit;
    };
    std::vector<int64_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return part(keys.Current()[a]) < part(keys.Current()[b]);
    });
    for (int64_t i = 0; i < count; ++i) {
      keys.Alternate()[i] = keys.Current()[order[i]];
      values.Alternate()[i] = values.Current()[order[i]];
    }
    // Each pass of 8 bits changes the buffer.
    if ((end_bit - begin_bit + 7) / 8 % 2 == 0) {
      std::copy_n(keys.Alternate(), count, keys.Current());
      std::copy_n(values.Alternate(), count, values.Current());
    } else {
      keys.selector = 1 - keys.selector;
      values.selector = 1 - values.selector;
    }
    std::memset(keys.Alternate(), 0xff, count * sizeof(Key));
    std::memset(values.Alternate(), 0xff, count * sizeof(Value));
    return cudaSuccess;
  }
};

}  // namespace cub
