// CPU op: one step of gradient descent.
#include "bindings/checks.h"
#include "bindings/parallel.h"
#include "bindings/tensors.h"
#include "kernels/profile.h"
#include "kernels/update_embedding.h"

namespace fasttsne::bindings {
namespace {

constexpr int64_t kBlockRows = 4096;

Tensor update_embedding_(Tensor Y, Tensor velocity, Tensor gains, const Tensor& attractive,
                         const Tensor& repulsive, const Tensor& Z, double exaggeration,
                         double learning_rate, double momentum, double max_step) {
  const ProfiledCall call(Kernel::update_embedding);
  check_update({&Y, &velocity, &gains, &attractive, &repulsive}, Z);
  const int64_t n = Y.size(0), dims = Y.size(1);
  float* y = Y.mutable_data_ptr<float>();
  const UpdateStep step{exaggeration, learning_rate, momentum, max_step,
                        *Z.const_data_ptr<double>()};
  const int64_t blocks = ceil_div(n, kBlockRows);
  std::vector<double> sums(blocks * dims), sq_gradients(blocks);
  for_each_block(n, kBlockRows, 4 * Y.numel(), [&](int64_t block, RowRange rows) {
    sq_gradients[block] =
        move_rows(step, attractive.const_data_ptr<float>(), repulsive.const_data_ptr<float>(), dims,
                  y, velocity.mutable_data_ptr<float>(), gains.mutable_data_ptr<float>(),
                  sums.data() + block * dims, rows);
  });
  std::vector<float> mean(dims), low(blocks * dims), high(blocks * dims);
  for (int64_t m = 0; m < dims; ++m) {
    double total = 0;
    for (int64_t block = 0; block < blocks; ++block) total += sums[block * dims + m];
    mean[m] = static_cast<float>(total / static_cast<double>(n));
  }
  for_each_block(n, kBlockRows, 4 * Y.numel(), [&](int64_t block, RowRange rows) {
    center_rows(mean.data(), dims, y, low.data() + block * dims, high.data() + block * dims, rows);
  });
  Tensor statistics = empty(Y, {1 + 2 * dims}, ScalarType::Double);
  double* out = statistics.mutable_data_ptr<double>();
  out[0] = std::accumulate(sq_gradients.begin(), sq_gradients.end(), 0.0);
  for (int64_t m = 0; m < dims; ++m) {
    out[1 + m] = low[m];
    out[1 + dims + m] = high[m];
    for (int64_t block = 1; block < blocks; ++block) {
      out[1 + m] = std::min<double>(out[1 + m], low[block * dims + m]);
      out[1 + dims + m] = std::max<double>(out[1 + dims + m], high[block * dims + m]);
    }
  }
  return statistics;
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(fasttsne, CPU, m) {
  m.impl("update_embedding_", TORCH_BOX(&update_embedding_));
}

}  // namespace fasttsne::bindings
