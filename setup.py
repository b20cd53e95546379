"""Drives CMakeLists.txt; everything else about the package is in pyproject.toml."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
# sm_80, sm_90 and PTX for what is newer; a release adds 75, 86, 89, 100 and 120.
CHOICES = {"FASTTSNE_CUDA": "auto", "FASTTSNE_CUDA_ARCHITECTURES": "80-real;90"}
"""Environment variables that CMakeLists.txt explains, and their defaults."""


class CMakeBuild(build_ext):
    """Builds all libraries in one CMake run, into the package (in place) or the build folder."""

    def run(self) -> None:
        """Configure and build; an editable install leaves the libraries beside the sources."""
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
        """Nothing for setuptools to copy: the libraries are package data or already in place."""
        return []


# One named extension, so that setuptools runs build_ext and makes a platform wheel.
setup(ext_modules=[Extension("fasttsne._C", sources=[])], cmdclass={"build_ext": CMakeBuild})
