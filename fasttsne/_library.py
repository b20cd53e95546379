"""Finds and loads the compiled libraries; the only module that knows their names."""

from __future__ import annotations

import os
import re
import struct
import warnings
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import torch

REQUIRE = "FASTTSNE_REQUIRE_KERNELS"
LEVEL = "FASTTSNE_SIMD"
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


def _check_level(facts: ModuleType) -> None:
    """Warn of a name that lowers no SIMD level."""
    levels = facts.build_info()["simd_built"]
    if (name := os.environ.get(LEVEL, "")) and name not in levels:
        warnings.warn(
            f"{LEVEL} must be one of {', '.join(levels)}, got {name!r}: it has no effect",
            RuntimeWarning,
            stacklevel=3,
        )


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
        _check_level(facts)
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


def _load_cuda() -> str:
    """Load the CUDA kernels' torch ops, where torch itself has CUDA; else return why not."""
    path = Path(__file__).with_name(_CUDA)
    if info is None or torch.version.cuda is None:
        return "there are no kernels for the CPU, or this torch has no CUDA"
    if not path.exists():
        return f"{path.name} has not been built"
    try:
        _check_whole(path)
        torch.ops.load_library(path)
        return ""
    except (OSError, RuntimeError) as error:
        if os.environ.get(REQUIRE, "0") not in ("", "0"):
            raise ImportError(f"{REQUIRE} is set, but {path.name}: {error}") from error
        warnings.warn(f"no CUDA kernels: {error}", RuntimeWarning, stacklevel=2)
        return str(error)


_why_no_cuda = _load_cuda()
has_cuda = not _why_no_cuda
"""Whether CUDA tensors go to compiled kernels."""


@cache
def trouble_on(device: torch.device) -> str:
    """Say why kernels do not run on a CUDA device, or nothing; tried once, by running one.

    The kernels may not have been built, or not for this card, or for newer drivers than it has.
    """
    if not has_cuda:
        return _why_no_cuda
    try:
        point = torch.zeros(1, 1, dtype=torch.float32, device=device)
        torch.ops.fasttsne.repulsive_exact.default(point, 1.0)
        torch.cuda.synchronize(device)
    except (RuntimeError, AssertionError) as error:  # the latter of a torch without CUDA
        # Less the place in our sources, with which torch begins the message of a check.
        return re.sub(r"^\w+, \S+:\d+, ", "", str(error).partition("\n")[0])
    return ""


def require_kernels(device: torch.device) -> None:
    """Raise if a CUDA device runs no kernels.

    Otherwise an op would fail in the middle, or the reference take n^2 time and memory there
    without a word. Where there are no kernels at all, the import has said so.
    """
    if device.type == "cuda" and info is not None and (trouble := trouble_on(device)):
        raise RuntimeError(
            f"the kernels of fasttsne do not run on {device}: {trouble}. Compute on the CPU "
            "(device='cpu', or X.cpu()), or build the kernels for this machine by "
            "`make gpu-check`; fasttsne.show_config() tells what was built"
        )


def kernels_on(device: torch.device) -> str:
    """Name what runs on a device: a SIMD level, ``'cuda'`` or ``'reference'``."""
    if device.type == "cpu" and info is not None:
        return str(info.build_info()["simd_active"])
    if device.type == "cuda" and has_cuda:
        return "cuda"
    return "reference"
