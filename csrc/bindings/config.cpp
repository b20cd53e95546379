// fasttsne._C: how the library was built, which SIMD level is in use, and how often and how long
// each kernel has run. This module uses no tensors.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "kernels/profile.h"
#include "kernels/simd_level.h"

namespace py = pybind11;

namespace fasttsne::bindings {
namespace {

std::vector<std::string> levels_built() {
  std::vector<std::string> names;
  for (const SimdLevel level : kSimdLevels)
    if (is_simd_level_built(level)) names.emplace_back(simd_level_name(level));
  return names;
}

py::dict build_info() {
  py::dict info;
  info["compiler"] = FASTTSNE_COMPILER;
  info["torch_built_with"] = FASTTSNE_TORCH_VERSION;
  info["simd_built"] = levels_built();
  info["simd_detected"] = simd_level_name(simd_level_detected());
  info["simd_active"] = simd_level_name(simd_level());
  info["cuda_architectures"] = FASTTSNE_CUDA_ARCHITECTURES;
  return info;
}

py::dict kernel_profiles() {
  py::dict profiles;
  for (int k = 0; k < static_cast<int>(Kernel::count); ++k) {
    const KernelProfile p = kernel_profile(static_cast<Kernel>(k));
    profiles[p.name] = py::make_tuple(p.calls, p.seconds);
  }
  return profiles;
}

}  // namespace

PYBIND11_MODULE(_C, m) {
  m.doc() = "What this build of fasttsne holds and how long its kernels have run.";
  m.def("build_info", &build_info);
  m.def("kernel_profiles", &kernel_profiles, "{kernel: (calls, seconds)} of this process");
  m.def("reset_kernel_profiles", &reset_kernel_profiles);
}

}  // namespace fasttsne::bindings
