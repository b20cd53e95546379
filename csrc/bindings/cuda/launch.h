// From a torch tensor to a launch: its device, torch's current stream there, and the launch's
// status.
#pragma once
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <torch/csrc/stable/accelerator.h>

#include "bindings/checks.h"

namespace fasttsne::bindings {

inline void check_cuda(cudaError_t status) {
  STD_TORCH_CHECK(status == cudaSuccess, "CUDA: ", cudaGetErrorString(status));
}

// torch's current stream on a device. The function lives in torch's CUDA library, which a build
// against a CPU-only torch cannot link; where a CUDA tensor has come from, it has been loaded.
inline cudaStream_t current_stream(int32_t device) {
  using Get = int32_t (*)(int32_t, void**);
  static const auto get = [] {
    constexpr const char* kName = "aoti_torch_get_current_cuda_stream";
    void* library = dlopen("libtorch_cuda.so", RTLD_LAZY | RTLD_NOLOAD);
    void* symbol = dlsym(library != nullptr ? library : RTLD_DEFAULT, kName);
    return reinterpret_cast<Get>(symbol);
  }();
  STD_TORCH_CHECK(get != nullptr, "this torch does not tell its CUDA streams: 2.11 or newer does");
  void* stream = nullptr;
  STD_TORCH_CHECK(get(device, &stream) == 0, "torch has no current stream on device ", device);
  return static_cast<cudaStream_t>(stream);
}

// Makes the device of a tensor current, and puts the old one back, also where the stream is not to
// be had. torch's guard makes no context on a device that nobody uses; our runtime, which is linked
// statically, is told the device by itself.
class __attribute__((visibility("hidden"))) OnDeviceOf {
 public:
  explicit OnDeviceOf(const Tensor& t) : guard_(t.get_device_index()) {
    check_cuda(cudaSetDevice(t.get_device_index()));
    stream = current_stream(t.get_device_index());
  }

  cudaStream_t stream;

 private:
  torch::stable::accelerator::DeviceGuard guard_;
};

// All on one device: a pointer of another would be followed all the same.
inline void check_same_device(const Tensor& first, std::initializer_list<const Tensor*> others) {
  for (const Tensor* t : others)
    STD_TORCH_CHECK(t->is_cuda() && t->get_device_index() == first.get_device_index(),
                    "all tensors must be on one CUDA device");
}

}  // namespace fasttsne::bindings
