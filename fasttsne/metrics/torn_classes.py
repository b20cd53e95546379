"""Whether each class lies in one piece of the map or is torn into several."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from . import exact
from .inputs import all_indices, check_k, labelled_points

_LONGEST_LINK = 4
"""Largest distance of two linked points, in medians of the distance to the k-th nearest point."""


def cohesion(Y: Any, labels: Any, k: int = 15) -> float:
    """Share of the points that lie in the largest piece of their label.

    Two points are linked if one is among the k nearest of the other, both have the same label, and
    they are no farther apart than 4 times the median distance of a point to its k-th nearest.
    Points of one label at the same place are always linked. A piece is a connected component of
    this graph.

    In the integration of single-cell data, a similar measure is known as graph connectivity
    (Luecken et al. 2022): the mean over labels of :func:`cohesion_by_label`, for a graph of
    neighbours without a limit on distances. Here every point has the same weight.

    It sees classes that a map tears. It cannot tell whether the tear is in the data, as a class may
    truly consist of several kinds; so compare maps of the same data. It misses a tear that a few
    points bridge, and hardly sees classes that lie on top of each other as long as each is dense.

    Parameters
    ----------
    Y : array or tensor, shape (n, m)
        Map, or data. All points are used; in 4 or more dimensions this takes O(n^2) time.
    labels : array, tensor or sequence, shape (n,)
        Integers or strings. Rows with a negative label are unlabelled and left out first.
    k : int
        Neighbours of a point, 1 to the number of labelled rows - 1.

    Returns
    -------
    float
        Above 0; 1 if every label is in one piece; about 0.5 if each is torn into halves.

    Raises
    ------
    TypeError
        If ``Y`` does not hold real numbers, ``labels`` neither integers nor strings, or ``k`` is
        not an integer.
    ValueError
        If a shape or ``k`` is out of range, or a value is not finite.
    """
    _, largest, sizes = _measure_pieces(Y, labels, k)
    return float(largest.sum() / sizes.sum())


def cohesion_by_label(Y: Any, labels: Any, k: int = 15) -> dict[int | str, float]:
    """Share of each label's points that lie in its largest piece, by label in ascending order.

    It tells which labels lower the :func:`cohesion`, whose errors it raises.

    Parameters
    ----------
    Y, labels, k
        As in :func:`cohesion`.

    Returns
    -------
    dict of (int or str) to float
        Above 0 and up to 1.
    """
    names, largest, sizes = _measure_pieces(Y, labels, k)
    shares = (largest / sizes).tolist()
    return {name.item(): share for name, share in zip(names, shares, strict=True)}


def _measure_pieces(Y: Any, labels: Any, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, ascending, and how many points each has in its largest piece and in all."""
    y, given = labelled_points(Y, labels)
    k = check_k(k, len(y) - 1, "the other labelled rows")
    names, codes = np.unique(given, return_inverse=True)
    return names, count_largest_pieces(y, codes, exact.nearest_of_all(y, k)), np.bincount(codes)


def count_largest_pieces(y: Tensor, codes: np.ndarray, near: Tensor) -> np.ndarray:
    """Count the points in the largest piece of each label.

    Parameters
    ----------
    y : Tensor, shape (n, m)
        Map.
    codes : ndarray, shape (n,), int
        Label of each point, 0 .. c - 1.
    near : Tensor, shape (n, k)
        The k nearest neighbours of each point, nearest first.

    Returns
    -------
    ndarray, shape (c,), int64
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(y)
    apart = exact.sq_distances(y, all_indices(n), near).sqrt().cpu().numpy()
    columns = near.cpu().numpy()
    limit = _LONGEST_LINK * np.median(apart[:, -1])
    linked = (codes[columns] == codes[:, None]) & (apart <= limit)
    # The search returns only k of the points at one place, which need not connect all of them. So
    # those of one label are sorted next to each other and linked in a chain.
    keys = (*y.T.cpu().numpy(), codes)
    order = np.lexsort(keys)
    same = np.all([key[order[1:]] == key[order[:-1]] for key in keys], axis=0)
    rows = np.concatenate([linked.nonzero()[0], order[1:][same]])
    others = np.concatenate([columns[linked], order[:-1][same]])
    graph = coo_array((np.ones(len(rows), np.int8), (rows, others)), shape=(n, n))
    piece = connected_components(graph, directed=False)[1]
    # All points of a piece have the same label.
    label = np.empty(piece.max() + 1, dtype=codes.dtype)
    label[piece] = codes
    largest = np.zeros(codes.max() + 1, dtype=np.int64)
    np.maximum.at(largest, label, np.bincount(piece))
    return largest
