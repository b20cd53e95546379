"""Gives memory back to the system before its tensor is deleted.

A step that reads a large tensor from its begin to its end, and makes another one on the way, would
otherwise need memory for both.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from contextlib import suppress
from typing import Any

import numpy as np
from torch import Tensor


def release(t: Tensor) -> None:
    """Give back the memory of a contiguous CPU tensor, whose content is then meaningless.

    Only whole pages are given back, and only on Linux; elsewhere nothing happens.

    Parameters
    ----------
    t : Tensor
        Of memory that torch allocated, such as some rows of a matrix.
    """
    if not sys.platform.startswith("linux"):
        return
    begin = -(-t.data_ptr() // mmap.PAGESIZE) * mmap.PAGESIZE
    end = (t.data_ptr() + t.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE
    if begin < end:
        # A failure leaves the memory as it is.
        ctypes.CDLL(None).madvise(
            ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), mmap.MADV_DONTNEED
        )


def forget(X: Any) -> None:
    """Let go of the memory of a file that is mapped; what is read again comes from the file.

    Anything else than a mapped array whose changes are in its file stays as it is.

    Parameters
    ----------
    X : array or anything else
        Data of a user.
    """
    while isinstance(X, np.ndarray) and not isinstance(X, np.memmap):
        X = X.base
    if isinstance(X, np.memmap) and X.mode in ("r", "r+") and sys.platform.startswith("linux"):
        mapping = getattr(X, "_mmap", None)
        if isinstance(mapping, mmap.mmap):
            with suppress(OSError, ValueError):  # locked pages stay
                mapping.madvise(mmap.MADV_DONTNEED)
