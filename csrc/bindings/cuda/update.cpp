// CUDA op: one step of gradient descent.
#include "bindings/cuda/launch.h"
#include "bindings/tensors.h"
#include "cuda/update_embedding.h"

namespace fasttsne::bindings {
namespace {

Tensor update_embedding_(Tensor Y, Tensor velocity, Tensor gains, const Tensor& attractive,
                         const Tensor& repulsive, const Tensor& Z, double exaggeration,
                         double learning_rate, double momentum, double max_step) {
  check_update({&Y, &velocity, &gains, &attractive, &repulsive}, Z);
  const int64_t n = Y.size(0), dims = Y.size(1);
  check_same_device(Y, {&velocity, &gains, &attractive, &repulsive, &Z});
  const CudaGuard device(Y);
  Tensor parts = empty(Y, {cuda::update_parts(n, dims)}, ScalarType::Double);
  Tensor statistics = empty(Y, {1 + 2 * dims}, ScalarType::Double);
  check_cuda(cuda::update_embedding({.Y = Y.mutable_data_ptr<float>(),
                                     .velocity = velocity.mutable_data_ptr<float>(),
                                     .gains = gains.mutable_data_ptr<float>(),
                                     .attractive = attractive.const_data_ptr<float>(),
                                     .repulsive = repulsive.const_data_ptr<float>(),
                                     .Z = Z.const_data_ptr<double>(),
                                     .n = n,
                                     .dims = dims,
                                     .exaggeration = static_cast<float>(exaggeration),
                                     .learning_rate = static_cast<float>(learning_rate),
                                     .momentum = static_cast<float>(momentum),
                                     .max_step = static_cast<float>(max_step),
                                     .parts = parts.mutable_data_ptr<double>(),
                                     .statistics = statistics.mutable_data_ptr<double>()},
                                    device.stream));
  return statistics;
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(fasttsne, CUDA, m) {
  m.impl("update_embedding_", TORCH_BOX(&update_embedding_));
}

}  // namespace fasttsne::bindings
