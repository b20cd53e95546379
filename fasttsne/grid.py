"""Cells of a grid for the points of a map: each point its own, as near as can be.

This is a linear assignment, solved exactly for some thousands of points. Its time grows with the
cube of their number, so for more it is solved in windows of 256 cells, each exactly: first on
lattices of every 2^k-th column and row, whose windows span the grid and move points far, then on
denser and denser ones, which settle the details. Each step keeps one point a cell and never adds to
the sum of squared displacements.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import _validation

_WINDOW = 16
"""Cells along a side of a window; a grid that is narrower has longer windows."""

_EXACT = 2000 * 2000
"""Pairs of points and cells up to which all are assigned at once."""


def to_grid(Y: Any, shape: tuple[int, int] | None = None, exact: bool | None = None) -> np.ndarray:
    """Give each point of a map a cell of its own.

    The map is stretched over the grid, each axis by itself, so that its extremes lie in the middle
    of the outermost cells; then points move so that the sum of their squared displacements,
    measured in cells, is least.

    Parameters
    ----------
    Y : array or tensor, shape (n, 2)
        Map.
    shape : (int, int), optional
        Cells along either axis of the map, n or more in all. Default: ``grid_shape(n)``.
    exact : bool, optional
        True finds the least sum, in a time that grows with n³ and memory with n times the number
        of cells; False comes within some thousandths of it, in seconds for 10,000 points.
        Default: True while points times cells are no more than 4,000,000.

    Returns
    -------
    ndarray, shape (n, 2), int64
        Cells, counted from 0 in the direction of either axis of the map; no two the same.

    Raises
    ------
    TypeError
        If ``Y`` does not hold real numbers or ``shape`` not integers.
    ValueError
        If the shape of ``Y`` is another, a value is not finite, or the grid has too few cells.
    """
    places = unit_square(Y)
    n = len(places)
    shape = _checked_shape(grid_shape(n) if shape is None else shape, n)
    cells = np.moveaxis(np.indices(shape), 0, -1)  # its own coordinates in each cell
    places *= np.array(shape) - 1
    if exact is None:
        exact = n * math.prod(shape) <= _EXACT
    holder = _in_columns(places, shape)
    if exact:
        _assign(holder, cells, places)
    else:
        _assign_in_windows(holder, cells, places)
    found = np.empty((n, 2), cells.dtype)
    found[holder[holder >= 0]] = cells[holder >= 0]
    return found


def unit_square(Y: Any) -> np.ndarray:
    """Stretch a map over the unit square, each axis by itself.

    Parameters
    ----------
    Y : array or tensor, shape (n, 2)
        Map.

    Returns
    -------
    ndarray, shape (n, 2), float64
        From 0 to 1; 0.5 along an axis on which all points agree.

    Raises
    ------
    TypeError, ValueError
        As `to_grid` does of ``Y``.
    """
    points = _validation.as_matrix(Y, "Y").double().cpu().numpy()
    if points.shape[1] != 2:
        raise ValueError(f"Y must have shape (n, 2), got {points.shape}")
    if len(points) == 0:
        return points
    low, span = points.min(0), np.ptp(points, axis=0)
    return np.where(span > 0, (points - low) / np.where(span > 0, span, 1), 0.5)


def grid_shape(n: int, aspect: float = 1.0) -> tuple[int, int]:
    """Cells along either axis of a grid for n points, with few to spare.

    Parameters
    ----------
    n : int
        Points.
    aspect : float
        Cells along the first axis for each along the second.

    Returns
    -------
    (int, int)

    Examples
    --------
    >>> grid_shape(2200, 4 / 3)
    (55, 40)
    """
    first = min(max(n, 1), max(1, math.ceil(math.sqrt(n * aspect))))
    return first, max(1, math.ceil(n / first))


def _checked_shape(shape: Any, n: int) -> tuple[int, int]:
    try:
        first, second = shape
    except (TypeError, ValueError):
        raise TypeError(f"shape must be two integers, got {shape!r}") from None
    first, second = (_validation.integer("shape", size, 1) for size in (first, second))
    if first * second < n:
        raise ValueError(
            f"shape must have a cell for each of {n:,} points, "
            f"got {first} x {second} = {first * second:,}"
        )
    return first, second


# holder: index of the point in each cell, or -1; cells: coordinates of the cells, or of those of a
# part of the grid; places (n, 2): where the points lie, in the same coordinates.


def _in_columns(places: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Share the points out in the order of the first axis, and each share in that of the second.

    Empty cells come last in a column: were every other cell empty, a lattice would be all empty.
    """
    holder = np.full(shape, -1)
    order = np.argsort(places[:, 0], kind="stable")
    for column, points in zip(holder, np.array_split(order, shape[0]), strict=True):
        column[: len(points)] = points[np.argsort(places[points, 1], kind="stable")]
    return holder


def _assign(holder: np.ndarray, cells: np.ndarray, places: np.ndarray) -> None:
    """Assign the points held to the cells anew, at the least sum of squared displacements."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    points = holder[holder >= 0]
    sq_displacements = cdist(places[points], cells.reshape(-1, 2), "sqeuclidean")
    rows, columns = linear_sum_assignment(sq_displacements)
    assigned = np.full(holder.size, -1)
    assigned[columns] = points[rows]
    holder[...] = assigned.reshape(holder.shape)


def _assign_in_windows(holder: np.ndarray, cells: np.ndarray, places: np.ndarray) -> None:
    side = _WINDOW**2 // min(_WINDOW, *holder.shape)
    # Strides at which a single window spans an axis.
    most = [2 ** max(0, math.ceil(math.log2(size / side))) for size in holder.shape]
    stride = max(most)
    while stride:
        strides = [min(stride, largest) for largest in most]
        for shift in (0, side // 2):  # what one tiling cuts apart, the other holds together
            for firsts in np.ndindex(*strides):
                lattice = tuple(
                    slice(i, None, step) for i, step in zip(firsts, strides, strict=True)
                )
                for window in _windows(holder[lattice].shape, side, shift):
                    _assign(holder[lattice][window], cells[lattice][window], places)
        stride //= 2


def _windows(shape: tuple[int, ...], side: int, shift: int) -> list[tuple[slice, slice]]:
    first, second = (
        [slice(max(0, start), start + side) for start in range(-shift, size, side)]
        for size in shape
    )
    return [(i, j) for i in first for j in second]
