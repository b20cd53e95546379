// What every CUDA op needs to launch a kernel: the device of its tensors, torch's current stream on
// it, and a check of the status of the launch.
#pragma once
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <torch/csrc/stable/accelerator.h>

#include "bindings/checks.h"

namespace fasttsne::bindings {

inline void check_cuda(cudaError_t status) {
  STD_TORCH_CHECK(status == cudaSuccess, "CUDA: ", cudaGetErrorString(status));
}

// torch's current stream on a device. The function that tells it is in torch's CUDA library, which
// a build against a CPU-only torch cannot link. But where a CUDA tensor exists, the library has
// been loaded, so the function is looked up at run time.
inline cudaStream_t current_stream(int32_t device) {
  using Get = int32_t (*)(int32_t, void**);
  static const auto get = [] {
    constexpr const char* kName = "aoti_torch_get_current_cuda_stream";
    void* library = dlopen("libtorch_cuda.so", RTLD_LAZY | RTLD_NOLOAD);
    void* symbol = dlsym(library != nullptr ? library : RTLD_DEFAULT, kName);
    return reinterpret_cast<Get>(symbol);
  }();
  STD_TORCH_CHECK(
      get != nullptr,
      "this torch does not provide its current CUDA stream: update to torch 2.11 or newer");
  void* stream = nullptr;
  STD_TORCH_CHECK(get(device, &stream) == 0, "torch has no current stream on device ", device);
  return static_cast<cudaStream_t>(stream);
}

// Makes the device of a tensor the current device and holds torch's current stream on it. The
// previous device is restored at the end of the scope, also if the constructor throws because no
// stream is available. torch's guard creates no context on a device that is not used. The CUDA
// runtime of this library is linked statically, so it is set separately.
class __attribute__((visibility("hidden"))) CudaGuard {
 public:
  explicit CudaGuard(const Tensor& t) : guard_(t.get_device_index()) {
    check_cuda(cudaSetDevice(t.get_device_index()));
    stream = current_stream(t.get_device_index());
  }

  cudaStream_t stream;

 private:
  torch::stable::accelerator::DeviceGuard guard_;
};

// All tensors must be on one device: a kernel would dereference a pointer to another one unchecked.
inline void check_same_device(const Tensor& first, std::initializer_list<const Tensor*> others) {
  for (const Tensor* t : others)
    STD_TORCH_CHECK(t->is_cuda() && t->get_device_index() == first.get_device_index(),
                    "all tensors must be on one CUDA device");
}

}  // namespace fasttsne::bindings
