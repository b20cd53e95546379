// Calls and seconds of every kernel since the process began, read through fasttsne._C.
#pragma once
#include <chrono>
#include <cstdint>

namespace fasttsne {

enum class Kernel {
  pairwise_sq_distances,
  knn_scan,
  knn_rerank,
  perplexity_search,
  symmetrize,
  attractive_forces,
  repulsive_exact,
  repulsive_bh,
  repulsive_sne,
  mesh_spread,
  mesh_gather,
  update_embedding,
  count  // of the kernels above
};

struct KernelProfile {
  const char* name;
  int64_t calls;
  double seconds;
};

KernelProfile kernel_profile(Kernel kernel);
void reset_kernel_profiles();

// Counts one call from construction to destruction.
class ProfiledCall {
 public:
  explicit ProfiledCall(Kernel kernel) : kernel_(kernel), start_(Clock::now()) {}
  ~ProfiledCall();
  ProfiledCall(const ProfiledCall&) = delete;
  ProfiledCall& operator=(const ProfiledCall&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  Kernel kernel_;
  Clock::time_point start_;
};

}  // namespace fasttsne
