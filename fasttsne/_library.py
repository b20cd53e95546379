"""Finds and loads the compiled libraries; the only module that knows their names."""

from __future__ import annotations

import os
import struct
import warnings
from importlib import import_module
from pathlib import Path
from types import ModuleType

import torch

REQUIRE = "FASTTSNE_REQUIRE_KERNELS"
_CUDA = "_C_cuda.so"


def _check_whole(path: Path) -> None:
    """Raise OSError if a library was cut short: mapped into memory, it would end the process.

    Linkers write the table of sections last, so a file that holds it is whole. What is no 64-bit,
    little-endian ELF file, as on macOS, is left to the system.
    """
    with path.open("rb") as file:
        head = file.read(64)
    if head[:6] != b"\x7fELF\2\1" or len(head) < 64:
        return
    (begin,) = struct.unpack_from("<Q", head, 40)
    entry, entries = struct.unpack_from("<HH", head, 58)
    size = path.stat().st_size
    if begin + entry * entries > size:
        raise OSError(f"{path.name} is damaged: it was cut off after {size:,} bytes")


def _load_cpu() -> tuple[ModuleType | None, str]:
    """Load the kernels and their torch ops; the module of facts, or None and the reason."""
    path = Path(__file__).with_name("_C_cpu.so")
    if not path.exists():
        return None, f"{path.name} has not been built"
    try:
        for library in path.parent.glob("*.so"):
            if library.name != _CUDA:
                _check_whole(library)
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
    path = Path(__file__).with_name(_CUDA)
    if info is None or torch.version.cuda is None or not path.exists():
        return False
    try:
        _check_whole(path)
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
