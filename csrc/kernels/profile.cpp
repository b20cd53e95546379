#include "kernels/profile.h"

#include <array>
#include <atomic>

namespace fasttsne {
namespace {

constexpr auto kCount = static_cast<size_t>(Kernel::count);
constexpr std::array<const char*, kCount> kNames = {
    "pairwise_sq_distances", "knn_scan",      "knn_rerank",        "knn_cells",
    "perplexity_search",     "symmetrize",    "attractive_forces", "repulsive_exact",
    "repulsive_bh",          "repulsive_sne", "mesh_spread",       "mesh_gather",
    "update_embedding"};
std::array<std::atomic<int64_t>, kCount> calls;
std::array<std::atomic<int64_t>, kCount> nanoseconds;

}  // namespace

KernelProfile kernel_profile(Kernel kernel) {
  const auto k = static_cast<size_t>(kernel);
  return {kNames[k], calls[k], static_cast<double>(nanoseconds[k]) * 1e-9};
}

void reset_kernel_profiles() {
  for (auto& c : calls) c = 0;
  for (auto& n : nanoseconds) n = 0;
}

ProfiledCall::~ProfiledCall() {
  const auto k = static_cast<size_t>(kernel_);
  calls[k] += 1;
  nanoseconds[k] +=
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start_).count();
}

}  // namespace fasttsne
