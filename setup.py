"""Builds the kernels with CMakeLists.txt; all other settings are in pyproject.toml."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
# Machine code for sm_80 and sm_90, and PTX of sm_90 for newer GPUs. `make wheel` has code for more.
CHOICES = {
    "FASTTSNE_CUDA": "auto",
    "FASTTSNE_CUDA_ARCHITECTURES": "80-real;90",
    "FASTTSNE_ANY_PYTHON": "0",
}
"""Environment variables for the build, explained in CMakeLists.txt, and their defaults."""
CHOSEN = {name: os.environ.get(name, default) for name, default in CHOICES.items()}
ANY_PYTHON = CHOSEN["FASTTSNE_ANY_PYTHON"] == "1"


class CMakeBuild(build_ext):
    """Builds all libraries in one CMake run, into the package folder (in place) or build folder."""

    def run(self) -> None:
        """Configure and build; in place, the libraries lie beside the Python sources."""
        import torch

        package = "fasttsne" if self.inplace else Path(self.build_lib) / "fasttsne"
        build = ROOT / "build" / f"cmake-{sys.implementation.cache_tag}"
        build.mkdir(parents=True, exist_ok=True)
        arguments = [
            f"-DFASTTSNE_OUTPUT={ROOT / package}",
            f"-DTORCH_DIR={Path(torch.__file__).parent}",
            f"-DTORCH_VERSION={torch.__version__}",
            *(f"-D{name}={value}" for name, value in CHOSEN.items()),
        ]
        if not ANY_PYTHON:
            import pybind11

            arguments += [
                f"-DPython_EXECUTABLE={sys.executable}",
                f"-DPython_ROOT_DIR={sys.prefix}",
                f"-Dpybind11_DIR={pybind11.get_cmake_dir()}",
            ]
        subprocess.run(["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", *arguments], check=True)
        jobs = os.environ.get("MAX_JOBS", str(os.cpu_count() or 1))
        subprocess.run(["cmake", "--build", build, "--parallel", jobs], check=True)

    def get_outputs(self) -> list[str]:
        """Return no files to copy: the libraries are package data, or already in place."""
        return []


class Wheel(bdist_wheel):
    """Names the wheel after the versions of Python that it serves."""

    def get_tag(self) -> tuple[str, str, str]:
        """Return the tags of Python, its ABI, and the platform."""
        python, abi, platform = super().get_tag()
        return ("py3", "none", platform) if ANY_PYTHON else (python, abi, platform)


# One extension without sources, so that setuptools runs build_ext and builds a platform wheel.
setup(
    ext_modules=[Extension("fasttsne._C", sources=[])],
    cmdclass={"build_ext": CMakeBuild, "bdist_wheel": Wheel},
)
