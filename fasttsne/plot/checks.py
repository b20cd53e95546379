"""Checks of what several pictures need: matplotlib, the map, axes to draw on, rows of the map."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._validation import as_array, as_matrix


def require_matplotlib() -> None:
    """Raise ImportError with the command that installs matplotlib, if it is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise ImportError(
            "pictures need matplotlib: pip install matplotlib, or fasttsne[plot]"
        ) from None


def as_map(Y: Any, n_dims: tuple[int, ...] = (2, 3)) -> np.ndarray:
    """Return a map as a NumPy array of float32 or float64, after checking it.

    Parameters
    ----------
    Y : array or tensor, shape (n, m)
        Map.
    n_dims : tuple of int, default=(2, 3)
        Values of m that are allowed.

    Returns
    -------
    ndarray, shape (n, m)

    Raises
    ------
    TypeError
        If ``Y`` does not hold real numbers.
    ValueError
        If ``Y`` has another shape or no points, or a value is masked or not finite.
    """
    shape = as_array(Y).shape
    if len(shape) != 2 or shape[1] not in n_dims or shape[0] == 0:
        shapes = " or ".join(f"(n, {m})" for m in n_dims)
        hint = ""
        if shape[:1] == (0,):
            hint = ": a map has 1 point or more"
        elif n_dims == (2,) and shape[1:] == (3,):
            hint = ": make a map of two dimensions"
        raise ValueError(f"Y must have shape {shapes}, got {shape}{hint}")
    return as_matrix(Y, "Y").cpu().numpy()


def get_axes(target: Any, n_dims: int) -> Any:
    """Return the axes to draw on: ``target`` itself, or the only axes of a figure.

    Raises
    ------
    TypeError
        If ``target`` is neither matplotlib axes nor a figure.
    ValueError
        If the figure does not have exactly one Axes object, or it is not ``n_dims``-D.
    """
    axes = getattr(target, "axes", None)
    if isinstance(axes, list):  # Figure.axes is a list; Axes.axes is the Axes object itself
        if len(axes) != 1:
            raise ValueError(
                f"target must be axes, or a figure with one map; got one with {len(axes)}"
            )
        target = axes[0]
    if not hasattr(target, "transData"):
        raise TypeError(f"target must be matplotlib axes or a figure, got {type(target).__name__}")
    check_axes_dims("target", target, n_dims)
    return target


def check_axes_dims(name: str, ax: Any, n_dims: int) -> None:
    """Raise ValueError unless the axes have as many dimensions as the map."""
    if (getattr(ax, "name", "") == "3d") != (n_dims == 3):
        raise ValueError(f"{name} must be {n_dims}-D, as Y is; got {type(ax).__name__}")


def check_rows(name: str, rows: Any, n: int) -> np.ndarray:
    """Return row indices into a map of n points as int64, after checking them.

    Raises
    ------
    TypeError
        If ``rows`` is not one-dimensional or does not hold integers.
    ValueError
        If an index is not in 0 to n - 1.
    """
    rows = as_array(rows)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise TypeError(f"{name} must hold integers in one dimension, got {rows.dtype}")
    if rows.size and not 0 <= rows.min() <= rows.max() < n:
        raise ValueError(f"{name} must lie in 0 to {n - 1}, got {rows.min()} to {rows.max()}")
    return rows.astype(np.int64)
