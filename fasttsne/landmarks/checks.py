"""What every feature asks of its arguments, and how it takes frames in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .face import N_POINTS


def check_points(points: ArrayLike) -> NDArray[Any]:
    array = np.asarray(points)
    if array.ndim != 3 or array.shape[1:] != (N_POINTS, 2):
        raise ValueError(f"points must have shape (n, 68, 2), got {array.shape}")
    if not len(array):
        raise ValueError("points must hold at least one frame, got none")
    if array.dtype.kind not in "fiu":
        raise ValueError(f"points must be real numbers, got {array.dtype}")
    bad = ~np.isfinite(array)
    if bad.any():
        i, j, _ = np.argwhere(bad)[0]
        raise ValueError(f"points must be finite, but point {j} of frame {i} is {array[i, j]}")
    return array


def check_table(X: ArrayLike) -> NDArray[Any]:
    array = np.asarray(X)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"X must have shape (n, f), neither of them 0; got {array.shape}")
    if array.dtype.kind not in "fiu":
        raise ValueError(f"X must be real numbers, got {array.dtype}")
    bad = ~np.isfinite(array)
    if bad.any():
        i, j = np.argwhere(bad)[0]
        raise ValueError(f"X must be finite, but row {i}, column {j} is {array[i, j]}")
    return array


def check_ids(ids: ArrayLike, name: str, n: int) -> NDArray[Any]:
    array = np.asarray(ids)
    if array.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), one entry per frame, got {array.shape}")
    return array


def blocks(n: int, size: int = 2048) -> Iterator[slice]:
    """Cut n frames into slices, so that float64 copies stay small."""
    for start in range(0, n, size):
        yield slice(start, start + size)
