// fasttsne._C: how often and how long each kernel has run. It belongs to one version of Python, so
// that a wheel for all versions comes without it.
#include <pybind11/pybind11.h>

#include "kernels/profile.h"

namespace py = pybind11;

namespace fasttsne::bindings {
namespace {

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
  m.doc() = "How often and how long the kernels of fasttsne have run.";
  m.def("kernel_profiles", &kernel_profiles, "{kernel: (calls, seconds)} of this process");
  m.def("reset_kernel_profiles", &reset_kernel_profiles);
}

}  // namespace fasttsne::bindings
