"""Checks of the arrays that features are computed from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .face import N_POINTS


def check_points(points: ArrayLike) -> NDArray[Any]:
    """Raise ValueError unless points are finite real numbers of shape (n, 68, 2), n >= 1."""
    array = np.asarray(points)
    check_shape_of_points(array)
    if not len(array):
        raise ValueError("points must hold at least one frame, got none")
    check_finite("points", array)
    return array


def check_finite(name: str, points: NDArray[Any]) -> None:
    """Raise ValueError unless all coordinates, shape (n, points, d), are finite real numbers."""
    if (bad := _first_not_finite(name, points)) is not None:
        frame, point, _ = bad
        raise ValueError(
            f"{name} must be finite, but point {point} of frame {frame} is {points[frame, point]}"
        )


def check_shape_of_points(array: NDArray[Any]) -> None:
    """Raise ValueError unless the shape is (n, 68, 2)."""
    if array.ndim != 3 or array.shape[1:] != (N_POINTS, 2):
        raise ValueError(f"points must have shape (n, {N_POINTS}, 2), got {array.shape}")


def check_features(X: ArrayLike) -> NDArray[Any]:
    """Raise ValueError unless X is a matrix of finite real numbers with a row and a column."""
    array = np.asarray(X)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"X must have shape (n, f) with n, f >= 1, got {array.shape}")
    if (bad := _first_not_finite("X", array)) is not None:
        row, column = bad
        raise ValueError(
            f"X must be finite, but row {row}, column {column} is {array[row, column]}"
        )
    return array


def check_ids(ids: ArrayLike, name: str, n: int) -> NDArray[Any]:
    """Raise ValueError unless there is one id for each of n frames."""
    array = np.asarray(ids)
    if array.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), one entry per frame, got {array.shape}")
    return array


def _first_not_finite(name: str, array: NDArray[Any]) -> tuple[int, ...] | None:
    """Return the place of the first NaN or infinity; raise ValueError unless numbers are real."""
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be real numbers, got {array.dtype}")
    bad = ~np.isfinite(array)
    return tuple(np.argwhere(bad)[0].tolist()) if bad.any() else None
