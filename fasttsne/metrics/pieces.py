"""What holds together in a map: classes in one piece or several, and points that are lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _validation
from . import ranks as _ranks
from .measures import _labelled, _matrix

_APART = 4
"""Medians of the distance to the k-th nearest beyond which neighbours do not hang together."""
_LOST = 10
"""Medians of that distance beyond which a point is a stray."""


def cohesion(Y: Any, labels: Any, k: int = 15) -> float:
    """Share of the points that lie in the largest piece of their label.

    Two points hang together if one is among the k nearest of the other, both have the same label,
    and they are no farther apart than 4 times the median distance to a k-th nearest point. What
    hangs together directly or through others is a piece. Points of one label at one place always
    hang together.

    Where single cells are integrated, the mean of :func:`cohesion_by_label` over the labels, of a
    graph of neighbours without a limit to distances, is known as graph connectivity (Luecken et al.
    2022). Here every point counts the same.

    It sees classes that a map tears. It does not know whether the tear is in the data: a class may
    truly be of several kinds. So what tells is the difference to another map of the same data. It
    misses a tear across which single points still make a bridge, and classes that lie on each other
    cost little as long as each is dense.

    Parameters
    ----------
    Y : array or tensor, shape (n, m)
        Map, or data. All points are looked at: in 4 or more dimensions this takes time n^2.
    labels : array, tensor or sequence, shape (n,)
        Integers or strings. Rows with a negative label are unlabelled: they are left out first.
    k : int
        Neighbours of a point, 1 to the number of labelled rows - 1.

    Returns
    -------
    float
        Above 0, to 1 if every label is in one piece; about 0.5 if each is torn into halves.

    Raises
    ------
    TypeError
        If ``Y`` does not hold real numbers, ``labels`` neither integers nor strings, or ``k`` is no
        integer.
    ValueError
        If a shape or ``k`` is out of range, or a value is not finite.
    """
    _, largest, sizes = _largest_pieces(Y, labels, k)
    return float(largest.sum() / sizes.sum())


def cohesion_by_label(Y: Any, labels: Any, k: int = 15) -> dict[int | str, float]:
    """Share of each label's points that lie in its largest piece, by label in ascending order.

    Which labels lower the :func:`cohesion`, whose parameters and errors these are.
    """
    names, largest, sizes = _largest_pieces(Y, labels, k)
    shares = (largest / sizes).tolist()
    return {name.item(): share for name, share in zip(names, shares, strict=True)}


def _largest_pieces(Y: Any, labels: Any, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels in ascending order, points in the largest piece of each, and in all of it."""
    y, given = _labelled(Y, labels)
    k = _neighbors_of(k, len(y), "the other labelled rows")
    names, codes = np.unique(given, return_inverse=True)
    return names, largest_pieces(y, codes, all_nearest(y, k)), np.bincount(codes)


def largest_pieces(y: Tensor, codes: np.ndarray, near: Tensor) -> np.ndarray:
    """Count the points of the largest piece of each label, given all points' k nearest (n, k)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(y)
    apart = _ranks.sq_distances(y, torch.arange(n, device="cpu"), near).sqrt().cpu().numpy()
    columns = near.cpu().numpy()
    joined = (codes[columns] == codes[:, None]) & (apart <= _APART * np.median(apart[:, -1]))
    # Of many points at one place a search names k, which need not link all: they are linked in row.
    keys = (*y.T.cpu().numpy(), codes)
    order = np.lexsort(keys)
    same = np.all([key[order[1:]] == key[order[:-1]] for key in keys], axis=0)
    rows = np.concatenate([joined.nonzero()[0], order[1:][same]])
    others = np.concatenate([columns[joined], order[:-1][same]])
    graph = coo_array((np.ones(len(rows), np.int8), (rows, others)), shape=(n, n))
    piece = connected_components(graph, directed=False)[1]
    # All points of a piece have one label.
    label = np.empty(piece.max() + 1, dtype=codes.dtype)
    label[piece] = codes
    largest = np.zeros(codes.max() + 1, dtype=np.int64)
    np.maximum.at(largest, label, np.bincount(piece))
    return largest


def strays(Y: Any, k: int = 5) -> float:
    """Share of the points that lie far from all others: no map should have any.

    A point is a stray if its k-th nearest is more than 10 times as far from it as the median over
    all points. So a group of k or fewer points far out is one of strays, too.

    Points stray where a descent takes too large steps, and come back slowly or never, as attraction
    is weak so far out. It misses a point that has landed among strangers, and larger groups that
    are lost; rows that are far from all others in the data, too, may rightly stand apart.

    Parameters
    ----------
    Y : array or tensor, shape (n, m)
        Map. All points are looked at: in 4 or more dimensions this takes time n^2.
    k : int
        1 to n - 1.

    Returns
    -------
    float
        0 if there are none; below 0.5.

    Raises
    ------
    TypeError
        If ``Y`` does not hold real numbers or ``k`` is no integer.
    ValueError
        If a shape or ``k`` is out of range, or a value is not finite.
    """
    y = _matrix("Y", Y)
    k = _neighbors_of(k, len(y), "the other rows")
    return share_lost(y, all_nearest(y, k))


def share_lost(y: Tensor, near: Tensor) -> float:
    """Give the share of strays, given all points' k nearest (n, k)."""
    farthest = (
        _ranks.sq_distances(y, torch.arange(len(y), device="cpu"), near[:, -1:])
        .sqrt()
        .cpu()
        .numpy()
    )
    return float((farthest > _LOST * np.median(farthest)).mean())


def reach(Y: Any) -> float:
    """Largest distance of a point from the middle of the map, over the 99th percentile.

    The middle is the median of each coordinate. It sees the few points for which a picture must be
    drawn so large that all others are small. A ring of strays, or a hundredth of all points, it
    misses: see :func:`strays`.

    Parameters
    ----------
    Y : array or tensor, shape (n, m)
        Map.

    Returns
    -------
    float
        1 or more: 1.4 for a disc of which one point lies 1.4 radii from the middle. Infinite if 99
        of 100 points lie in the middle; 1 if all do.

    Raises
    ------
    TypeError
        If ``Y`` does not hold real numbers.
    ValueError
        If ``Y`` has no rows, or a value is not finite.
    """
    y = _matrix("Y", Y).cpu().numpy()
    if not len(y):
        raise ValueError("Y must have 1 row or more, got 0")
    radii = np.linalg.norm(y - np.median(y, axis=0), axis=1)
    most, usual = radii.max(), np.percentile(radii, 99)
    return float(most / usual) if usual > 0 else (np.inf if most > 0 else 1.0)


def all_nearest(y: Tensor, k: int) -> Tensor:
    """Give the k nearest of every point (n, k), nearest first."""
    return _ranks.nearest(y, torch.arange(len(y), device="cpu"), k)


def _neighbors_of(k: int, n: int, others: str) -> int:
    if _validation.integer("k", k, 1) > n - 1:
        raise ValueError(f"k must be 1 to {n - 1} ({others}), got {k}")
    return int(k)
