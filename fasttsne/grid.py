"""Assignment of the points of a map to the cells of a grid, at most one point per cell.

This is a linear assignment problem: minimise the sum of squared displacements. Up to some thousands
of points it is solved exactly, in a time that grows with the cube of their number. For more points
it is solved exactly within windows of 256 cells, one after another, from coarse to fine. At stride
2^k a window takes every 2^k-th column and row, so that at first the windows span the whole grid and
move points far; the strides are halved until windows are contiguous and settle the details. No
step increases the sum of squared displacements.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import _validation

__all__ = ["grid_shape", "to_grid", "unit_square"]

_WINDOW = 16
"""Cells along a side of a window; in a narrower grid, windows are longer along the other axis."""

_EXACT = 2000 * 2000
"""Largest product of points and cells for which all are assigned at once, exactly."""


def to_grid(Y: Any, shape: tuple[int, int] | None = None, exact: bool | None = None) -> np.ndarray:
    """Assign each point of a map to a grid cell of its own.

    Each axis of the map is scaled so that its extremes are the centres of the outermost cells. Then
    points are assigned to cells so that the sum of their squared displacements, in units of cells,
    is minimal.

    Parameters
    ----------
    Y : array or tensor, shape (n, 2)
        Map.
    shape : (int, int), optional
        Number of cells along each axis of the map; their product must be n or more.
        Default: ``grid_shape(n)``.
    exact : bool, optional
        True finds the minimum. Its time grows with n³, its memory with n times the number of
        cells. False comes within some thousandths of the minimum, in seconds for 10,000 points.
        Default: True if n times the number of cells is at most 4,000,000.

    Returns
    -------
    ndarray, shape (n, 2), int64
        Column and row of each point's cell, counted from 0 in the direction of each axis of the
        map. No two points have the same cell.

    Raises
    ------
    TypeError
        If ``Y`` does not hold real numbers, or ``shape`` is not two integers.
    ValueError
        If ``Y`` has another shape or a value that is not finite, or the grid has too few cells.
    """
    places = unit_square(Y)
    n = len(places)
    shape = _checked_shape(grid_shape(n) if shape is None else shape, n)
    cells = np.moveaxis(np.indices(shape), 0, -1)  # cells[i, j] is (i, j)
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
    """Scale each axis of a map to the range from 0 to 1.

    Parameters
    ----------
    Y : array or tensor, shape (n, 2)
        Map.

    Returns
    -------
    ndarray, shape (n, 2), float64
        From 0 to 1, or 0.5 along an axis on which all points are equal.

    Raises
    ------
    TypeError, ValueError
        As for ``Y`` of `to_grid`.
    """
    points = _validation.as_matrix(Y, "Y").double().cpu().numpy()
    if points.shape[1] != 2:
        raise ValueError(f"Y must have shape (n, 2), got {points.shape}")
    if len(points) == 0:
        return points
    low, span = points.min(0), np.ptp(points, axis=0)
    return np.where(span > 0, (points - low) / np.where(span > 0, span, 1), 0.5)


def grid_shape(n: int, aspect: float = 1.0) -> tuple[int, int]:
    """Choose the shape of a grid for n points, with few empty cells.

    Parameters
    ----------
    n : int
        Number of points.
    aspect : float, default=1.0
        Desired ratio of the number of cells along the first axis to that along the second.

    Returns
    -------
    (int, int)
        Number of cells along each axis; their product is n or more.

    Examples
    --------
    >>> grid_shape(2200, 4 / 3)
    (55, 40)
    """
    first = min(max(n, 1), max(1, math.ceil(math.sqrt(n * aspect))))
    return first, max(1, math.ceil(n / first))


def _checked_shape(shape: Any, n: int) -> tuple[int, int]:
    """Raise unless the shape is two positive integers whose product is n or more."""
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


# The functions below share three arrays. holder, shape (columns, rows), has the index of the point
# in each cell, or -1 for an empty cell; cells, shape (columns, rows, 2), the coordinates of each
# cell; places, shape (n, 2), the positions of the points in these coordinates. holder and cells may
# be views of a part of the grid; holder is changed in place.


def _in_columns(places: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return a first assignment: points sorted by x, cut into columns, each sorted by y.

    The empty cells are at the end of each column. If every second cell were empty instead, a window
    of stride 2 could have empty cells only, and no point could move into them at that stride.
    """
    holder = np.full(shape, -1)
    order = np.argsort(places[:, 0], kind="stable")
    for column, points in zip(holder, np.array_split(order, shape[0]), strict=True):
        column[: len(points)] = points[np.argsort(places[points, 1], kind="stable")]
    return holder


def _assign(holder: np.ndarray, cells: np.ndarray, places: np.ndarray) -> None:
    """Reassign the points of ``holder`` to its cells: least sum of squared displacements."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    points = holder[holder >= 0]
    sq_displacements = cdist(places[points], cells.reshape(-1, 2), "sqeuclidean")
    rows, columns = linear_sum_assignment(sq_displacements)
    assigned = np.full(holder.size, -1)
    assigned[columns] = points[rows]
    holder[...] = assigned.reshape(holder.shape)


def _assign_in_windows(holder: np.ndarray, cells: np.ndarray, places: np.ndarray) -> None:
    """Reassign points within windows, at strides halved from the largest to 1."""
    side = _WINDOW**2 // min(_WINDOW, *holder.shape)
    # For each axis, the least power of 2 at which one window spans the axis.
    most = [2 ** max(0, math.ceil(math.log2(size / side))) for size in holder.shape]
    stride = max(most)
    while stride:
        strides = [min(stride, largest) for largest in most]
        for shift in (0, side // 2):  # the second tiling crosses the borders of the first
            for firsts in np.ndindex(*strides):
                lattice = tuple(
                    slice(i, None, step) for i, step in zip(firsts, strides, strict=True)
                )
                for window in _windows(holder[lattice].shape, side, shift):
                    _assign(holder[lattice][window], cells[lattice][window], places)
        stride //= 2


def _windows(shape: tuple[int, ...], side: int, shift: int) -> list[tuple[slice, slice]]:
    """Tile an array of this shape with squares, the first of which begins at -shift, -shift."""
    first, second = (
        [slice(max(0, start), start + side) for start in range(-shift, size, side)]
        for size in shape
    )
    return [(i, j) for i in first for j in second]
