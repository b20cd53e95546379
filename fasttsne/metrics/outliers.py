"""Points that a map places far from all others, which no map should have."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from . import exact
from .inputs import all_indices, as_points, check_k

_FAR = 10
"""A point is a stray if its k-th nearest is farther than this many medians of that distance."""


def strays(Y: Any, k: int = 5) -> float:
    """Share of the points that lie far from all others: no map should have any.

    A point is a stray if the distance to its k-th nearest point is more than 10 times the median of
    that distance over all points. So a group of k or fewer points far from the rest consists of
    strays, too.

    Strays arise where a descent takes too large steps. They return slowly or never, because the
    attraction is weak at a large distance. The measure misses points that lie in a wrong group, and
    larger groups far from the rest. Rows that are far from all others in the data may rightly lie
    apart in the map.

    Parameters
    ----------
    Y : array or tensor, shape (n, m)
        Map. All points are used; in 4 or more dimensions this takes O(n^2) time.
    k : int
        1 to n - 1.

    Returns
    -------
    float
        0 if there are none; always below 0.5.

    Raises
    ------
    TypeError
        If ``Y`` does not hold real numbers or ``k`` is not an integer.
    ValueError
        If a shape or ``k`` is out of range, or a value is not finite.
    """
    y = as_points("Y", Y)
    k = check_k(k, len(y) - 1, "the other rows")
    return score_strays(y, exact.nearest_of_all(y, k))


def score_strays(y: Tensor, near: Tensor) -> float:
    """Compute the share of strays from the k nearest neighbours (n, k) of all points (n, m)."""
    farthest = exact.sq_distances(y, all_indices(len(y)), near[:, -1:]).sqrt().cpu().numpy()
    return float((farthest > _FAR * np.median(farthest)).mean())


def reach(Y: Any) -> float:
    """Largest distance of a point from the middle of the map, over the 99th percentile.

    The middle is the median of each coordinate. A large reach means that a few points force a plot
    of the map to show all others small. It misses far points that are more than a hundredth of all,
    such as a ring around the map: see :func:`strays`.

    Parameters
    ----------
    Y : array or tensor, shape (n, m)
        Map.

    Returns
    -------
    float
        1 or more: about 1.4 for a disc and one point at 1.4 radii from its middle. Infinite if 99
        of 100 points, but not all, lie in the middle; 1 if all do.

    Raises
    ------
    TypeError
        If ``Y`` does not hold real numbers.
    ValueError
        If ``Y`` has no rows, or a value is not finite.
    """
    y = as_points("Y", Y).cpu().numpy()
    if not len(y):
        raise ValueError("Y must have 1 row or more, got 0")
    radii = np.linalg.norm(y - np.median(y, axis=0), axis=1)
    most, usual = radii.max(), np.percentile(radii, 99)
    return float(most / usual) if usual > 0 else (np.inf if most > 0 else 1.0)
