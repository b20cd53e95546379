"""Finds and loads the compiled libraries; the only module that knows their names."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from pathlib import Path
from types import ModuleType

import torch

REQUIRE = "FASTTSNE_REQUIRE_KERNELS"


def _load_cpu() -> tuple[ModuleType | None, str]:
    """Load the kernels and their torch ops; the module of facts, or None and the reason."""
    path = Path(__file__).with_name("_C_cpu.so")
    if not path.exists():
        return None, f"{path.name} has not been built"
    try:
        # First what could be of another Python; the ops, once loaded, cannot be taken back.
        facts = import_module("fasttsne._C")
        torch.ops.load_library(path)
        return facts, ""
    except (OSError, ImportError, RuntimeError) as error:
        return None, str(error)


info, _reason = _load_cpu()
"""The pybind11 module ``fasttsne._C``, or None where no compiled kernel could be loaded."""

if info is None:
    _message = (
        f"fasttsne runs on its pure-torch reference, many times slower: {_reason}. "
        "Build the kernels with `pip install --no-build-isolation .`"
    )
    if os.environ.get(REQUIRE, "0") not in ("", "0"):
        raise ImportError(f"{REQUIRE} is set, but {_reason}")
    warnings.warn(_message, RuntimeWarning, stacklevel=2)


def _load_cuda() -> bool:
    """Load the CUDA kernels' torch ops, where torch itself has CUDA; whether there are any."""
    path = Path(__file__).with_name("_C_cuda.so")
    if info is None or torch.version.cuda is None or not path.exists():
        return False
    try:
        torch.ops.load_library(path)
        return True
    except (OSError, RuntimeError) as error:
        if os.environ.get(REQUIRE, "0") not in ("", "0"):
            raise ImportError(f"{REQUIRE} is set, but {path.name}: {error}") from error
        warnings.warn(f"no CUDA kernels: {error}", RuntimeWarning, stacklevel=2)
        return False


has_cuda = _load_cuda()
"""Whether CUDA tensors run on compiled kernels."""


def kernels_on(device: torch.device) -> str:
    """Name what runs on a device: a SIMD level, ``'cuda'`` or ``'reference'``."""
    if device.type == "cpu" and info is not None:
        return str(info.build_info()["simd_active"])
    if device.type == "cuda" and has_cuda:
        return "cuda"
    return "reference"
