// Memory of a device: exactly as large as was asked for, so that the address sanitizer sees
// whatever lies outside, and full of NaNs or, for integers, of -1.
#pragma once
#include <cstdlib>
#include <cstring>
#include <vector>

namespace fasttsne::tests {

template <class T>
class Buffer {
 public:
  explicit Buffer(int64_t size) : size_(size), data_(new T[size]) {
    if (size > 0) std::memset(static_cast<void*>(data_), 0xff, size * sizeof(T));
  }
  explicit Buffer(const std::vector<T>& values) : Buffer(std::ssize(values)) {
    std::copy(values.begin(), values.end(), data_);
  }
  ~Buffer() { delete[] data_; }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  T* data() { return data_; }
  std::vector<T> values() const { return {data_, data_ + size_}; }
  T& operator[](int64_t i) { return data_[i]; }

 private:
  int64_t size_;
  T* data_;
};

}  // namespace fasttsne::tests
