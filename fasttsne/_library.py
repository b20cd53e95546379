"""Loading of the compiled libraries, and which kernels run on which device.

Only this module knows the names of the libraries. ``import fasttsne`` imports it, so that a missing
or damaged library is reported at once.
"""

from __future__ import annotations

import ctypes
import os
import re
import struct
import sys
import warnings
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType

import torch

_REQUIRE_VARIABLE = "FASTTSNE_REQUIRE_KERNELS"
_SIMD_VARIABLE = "FASTTSNE_SIMD"
_FOLDER = Path(__file__).parent
# CMakeLists.txt gives the same names on all systems.
_KERNELS, _CPU_OPS, _CUDA_OPS = "libfasttsne_kernels.so", "_C_cpu.so", "_C_cuda.so"


def _kernels_are_required() -> bool:
    return os.environ.get(_REQUIRE_VARIABLE, "0") not in ("", "0")


def _check_not_truncated(path: Path) -> None:
    """Raise OSError if a library file was cut off, because loading it would kill the process.

    Linkers write the section header table last, so a file that contains all of it is complete.
    Files that are not 64-bit little-endian ELF, as on macOS, are not checked.
    """
    with path.open("rb") as file:
        header = file.read(64)
    if header[:6] != b"\x7fELF\2\1" or len(header) < 64:
        return
    (table_begin,) = struct.unpack_from("<Q", header, 40)
    entry_size, n_entries = struct.unpack_from("<HH", header, 58)
    size = path.stat().st_size
    if table_begin + entry_size * n_entries > size:
        raise OSError(f"{path.name} is damaged: it was cut off after {size:,} bytes")


def _read_facts(kernels: ctypes.CDLL) -> dict[str, str]:
    """Ask the library of kernels how it was built and what it runs (csrc/bindings/facts.cpp)."""
    tell = kernels.fasttsne_build_facts
    tell.restype = ctypes.c_char_p
    return dict(line.split("=", 1) for line in tell().decode().splitlines())


def _check_level(levels: list[str]) -> None:
    """Raise ValueError if the variable that lowers the SIMD level names none of this build."""
    if (name := os.environ.get(_SIMD_VARIABLE, "")) and name not in levels:
        raise ValueError(f"{_SIMD_VARIABLE} must be one of {', '.join(levels)}, got {name!r}")


def _load_cpu() -> tuple[dict[str, str] | None, str]:
    """Load the CPU kernels and their torch ops.

    Returns
    -------
    facts : dict or None
        What `_read_facts` tells, or None if the libraries could not be loaded.
    reason : str
        Why not; otherwise empty.
    """
    paths = [_FOLDER / name for name in (_KERNELS, _CPU_OPS)]
    for path in paths:
        if not path.exists():
            return None, f"{path.name} has not been built"
    try:
        for path in paths:
            _check_not_truncated(path)
        # The ops come last, because torch cannot unload them.
        facts = _read_facts(ctypes.CDLL(str(paths[0])))
        _check_level(facts["simd_built"].split(", "))
        torch.ops.load_library(paths[1])
        return facts, ""
    except AttributeError as error:  # no fasttsne_build_facts
        return None, f"{_KERNELS} was built from another version of the sources: {error}"
    except (OSError, RuntimeError) as error:
        return None, str(error)


info, _reason = _load_cpu()
"""How the kernels were built and which SIMD level is in use, as text by name. None if no compiled
kernel could be loaded."""

if info is None:
    _message = (
        f"fasttsne runs on its pure-torch reference, many times slower: {_reason}. "
        "Build the kernels with `pip install --no-build-isolation .`"
    )
    if _kernels_are_required():
        raise ImportError(f"{_REQUIRE_VARIABLE} is set, but {_reason}")
    warnings.warn(_message, RuntimeWarning, stacklevel=2)


def _load_cuda() -> str:
    """Load the torch ops of the CUDA kernels; return why that was not possible, or nothing."""
    path = _FOLDER / _CUDA_OPS
    if info is None:
        return "no kernels could be loaded for the CPU"
    if torch.version.cuda is None:
        return "this torch was built without CUDA"
    if not path.exists():
        return f"{path.name} has not been built"
    try:
        _check_not_truncated(path)
        torch.ops.load_library(path)
        return ""
    except (OSError, RuntimeError) as error:
        if _kernels_are_required():
            raise ImportError(f"{_REQUIRE_VARIABLE} is set, but {path.name}: {error}") from error
        warnings.warn(f"no CUDA kernels: {error}", RuntimeWarning, stacklevel=2)
        return str(error)


_why_no_cuda = _load_cuda()
has_cuda = not _why_no_cuda
"""Whether ops on CUDA tensors are dispatched to compiled kernels."""


@cache
def trouble_on(device: torch.device) -> str:
    """Return why kernels do not run on a CUDA device, or an empty string if they do.

    This runs a small kernel, once per device. It fails if the kernels were not built, were not
    built for this card, or need a newer driver.
    """
    if not has_cuda:
        return _why_no_cuda
    try:
        point = torch.zeros(1, 1, dtype=torch.float32, device=device)
        torch.ops.fasttsne.repulsive_exact.default(point, 1.0)
        torch.cuda.synchronize(device)
    except torch.OutOfMemoryError:
        raise  # says nothing about the kernels, and is not kept as the answer
    except (RuntimeError, AssertionError) as error:  # AssertionError: torch without CUDA
        # Without "function, file:line, ", with which the message of a failed check begins.
        return re.sub(r"^\w+, \S+:\d+, ", "", str(error).partition("\n")[0])
    return ""


def require_kernels(device: torch.device) -> None:
    """Raise RuntimeError if the device is a GPU on which the kernels do not run.

    Otherwise an op would fail halfway, or the fallback would take n^2 time and memory on the GPU
    without a warning. If no kernels were loaded at all, nothing is raised: the import has warned.
    """
    if device.type == "cuda" and info is not None and (trouble := trouble_on(device)):
        raise RuntimeError(
            f"the kernels of fasttsne do not run on {device}: {trouble}. Compute on the CPU "
            "(device='cpu', or X.cpu()), or build the kernels for this machine by "
            "`make gpu-check`; fasttsne.show_config() tells what was built"
        )


def kernels_on(device: torch.device) -> str:
    """Return what runs on a device: the SIMD level of the CPU, ``'cuda'`` or ``'reference'``."""
    if device.type == "cpu" and info is not None:
        return info["simd_active"]
    if device.type == "cuda" and has_cuda:
        return "cuda"
    return "reference"


@cache
def profiles() -> ModuleType:
    """Return ``fasttsne._C``, whose functions count and time the calls of each CPU kernel.

    It is built from source for one version of Python, and nothing else needs it: wheels come
    without it.

    Raises
    ------
    ImportError
        If it was not built for this Python, or no kernels were loaded.
    """
    if info is None:
        raise ImportError(f"no kernels whose calls could be counted: {_reason}")
    # In this folder alone: an editable install also offers the module of another build.
    spec = PathFinder.find_spec("fasttsne._C", [str(_FOLDER)])
    if spec is None or spec.loader is None or spec.origin is None:
        python = ".".join(map(str, sys.version_info[:2]))
        raise ImportError(
            "the calls of kernels are counted by fasttsne._C, which was not built for Python "
            f"{python}. In a clone of the repository `pip install --no-build-isolation .` builds it"
        )
    try:
        _check_not_truncated(Path(spec.origin))
    except OSError as error:
        raise ImportError(str(error)) from error
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
