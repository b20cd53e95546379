"""What every search returns: the nearest neighbours of each row and their squared distances."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor


class Neighbors(NamedTuple):
    """The k nearest neighbours of each row, nearest first.

    The squares of very large or small distances do not fit into float32. Distances are therefore
    divided by a power of two, ``unit``, before they are squared.
    """

    indices: Tensor
    """(n, k) int32, rows of the data."""
    sq_distances: Tensor
    """(n, k) float32, (distance / unit)^2."""
    unit: float = 1.0
    """The distance in units of the data is ``unit * sqrt(sq_distances)``."""


def scale_and_square(distances: Tensor) -> tuple[Tensor, float]:
    """Divide distances by a power of two that none exceeds, and square them.

    Parameters
    ----------
    distances : Tensor, shape (n, k), float64
        Finite, 0 or more.

    Returns
    -------
    sq_distances : Tensor, shape (n, k), float32
    unit : float
        The power of two; see :class:`Neighbors`.
    """
    unit = 2.0 ** min(1023, math.frexp(float(distances.max()))[1])
    return (distances / unit).square().float(), unit


class SortedNeighbors(NamedTuple):
    """What an approximate search found, which sorts the rows by cell."""

    neighbors: Neighbors
    """Of the sorted rows; indices are sorted places."""
    X: Tensor
    """(n, d) float32: the sorted rows."""
    order: Tensor
    """(n,) int64: row of the data at each sorted place."""
    recall: float
    """Measured share of the true neighbours."""
