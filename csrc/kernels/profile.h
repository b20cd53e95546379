// Counts the calls of every CPU kernel and their total time, since the process began or the last
// reset. Python reads both through fasttsne._C, where it was built.
#pragma once
#include <chrono>
#include <cstdint>

namespace fasttsne {

enum class Kernel {
  pairwise_sq_distances,
  knn_scan,
  knn_rerank,
  knn_cells,
  perplexity_search,
  symmetrize,
  attractive_forces,
  repulsive_exact,
  repulsive_bh,
  repulsive_sne,
  mesh_spread,
  mesh_gather,
  update_embedding,
  count  // the number of kernels above
};

struct KernelProfile {
  const char* name;
  int64_t calls;
  double seconds;
};

KernelProfile kernel_profile(Kernel kernel);
void reset_kernel_profiles();

// Counts one call, which lasts from the construction of the object to its destruction.
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
