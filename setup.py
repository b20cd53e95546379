"""Builds the kernels with CMakeLists.txt; all other settings are in pyproject.toml."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
# Machine code for sm_80 and sm_90, and PTX of sm_90 for newer GPUs. A release adds 75, 86, 89, 100
# and 120.
CHOICES = {"FASTTSNE_CUDA": "auto", "FASTTSNE_CUDA_ARCHITECTURES": "80-real;90"}
"""Environment variables for the build, explained in CMakeLists.txt, and their defaults."""


class CMakeBuild(build_ext):
    """Builds all libraries in one CMake run, into the package folder (in place) or build folder."""

    def run(self) -> None:
        """Configure and build; in place, the libraries lie beside the Python sources."""
        import pybind11
        import torch

        package = "fasttsne" if self.inplace else Path(self.build_lib) / "fasttsne"
        build = ROOT / "build" / f"cmake-{sys.implementation.cache_tag}"
        build.mkdir(parents=True, exist_ok=True)
        arguments = [
            f"-DFASTTSNE_OUTPUT={ROOT / package}",
            f"-DPython_EXECUTABLE={sys.executable}",
            f"-DPython_ROOT_DIR={sys.prefix}",
            f"-Dpybind11_DIR={pybind11.get_cmake_dir()}",
            f"-DTORCH_DIR={Path(torch.__file__).parent}",
            f"-DTORCH_VERSION={torch.__version__}",
            *(f"-D{name}={os.environ.get(name, default)}" for name, default in CHOICES.items()),
        ]
        subprocess.run(["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", *arguments], check=True)
        jobs = os.environ.get("MAX_JOBS", str(os.cpu_count() or 1))
        subprocess.run(["cmake", "--build", build, "--parallel", jobs], check=True)

    def get_outputs(self) -> list[str]:
        """Return no files to copy: the libraries are package data, or already in place."""
        return []


# One extension without sources, so that setuptools runs build_ext and builds a platform wheel.
setup(ext_modules=[Extension("fasttsne._C", sources=[])], cmdclass={"build_ext": CMakeBuild})
