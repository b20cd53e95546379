"""Nearest rows from all distances, each measured by differences and so without cancellation.

This takes far more time for a row than tiles do. It serves the few rows for which the distances of
tiles are too coarse, and the sample that measures the recall of an approximate search.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .. import ops
from .result import Neighbors

_DISTANCES_AT_ONCE = 1 << 26
"""Elements of the largest matrix of distances that is kept whole."""
_NUMBERS_AT_ONCE, _NUMBERS_AT_ONCE_ON_GPU = 1 << 19, 1 << 24
"""Differences of coordinates at a time: so few that they stay in the cache of a CPU, or so many
that they occupy a GPU."""


def measure(X: Tensor, rows: Tensor, others: Tensor) -> Tensor:
    """Return the squared distances of some rows of X to other rows: (l, c), in the dtype of X.

    Parameters
    ----------
    X : Tensor, shape (n, d)
    rows : Tensor, shape (l,), int64
    others : Tensor, shape (l, c), integers
        For each of the rows.
    """
    numbers = _NUMBERS_AT_ONCE_ON_GPU if X.is_cuda else _NUMBERS_AT_ONCE
    at_once = max(1, numbers // max(1, others.shape[1] * X.shape[1]))
    parts = zip(rows.split(at_once), others.split(at_once), strict=True)
    return torch.cat([(X[some, None] - X[them.long()]).square().sum(2) for some, them in parts])


def brute_force_neighbors(X: Tensor, rows: Tensor, k: int) -> Neighbors:
    """Find the k nearest other rows of some rows of X.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
    rows : Tensor, shape (l,), int64
        Distinct rows of X.
    k : int
        In 1 .. n - 1.

    Returns
    -------
    Neighbors
        Of the given rows, (l, k).
    """

    def nearest(some: Tensor) -> tuple[Tensor, Tensor]:
        sq = ops.pairwise_sq_distances(X[some], X)
        sq[torch.arange(len(some), device=sq.device), some] = math.inf
        values, indices = sq.topk(k, 1, largest=False)
        return indices, values

    return _in_parts(nearest, rows, len(X))


def brute_force_neighbors_in(X: Tensor, queries: Tensor, k: int) -> Neighbors:
    """Find the k nearest rows of X of each query.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
    queries : Tensor, shape (l, d), float32
    k : int
        In 1 .. n.

    Returns
    -------
    Neighbors
        Of the queries, (l, k). Of equally near rows those of the lowest indices, in their order.
    """

    def nearest(some: Tensor) -> tuple[Tensor, Tensor]:
        sq = ops.pairwise_sq_distances(some, X)
        # Floats of 0 or more are in the order of their bits. The index below them breaks ties.
        keys = sq.view(torch.int32).long()
        keys <<= 32
        keys |= torch.arange(len(X), device=sq.device)
        indices = keys.topk(k, 1, largest=False).values & 0xFFFFFFFF
        return indices, sq.gather(1, indices)

    return _in_parts(nearest, queries, len(X))


def _in_parts(
    nearest: Callable[[Tensor], tuple[Tensor, Tensor]], queries: Tensor, n: int
) -> Neighbors:
    """Apply ``nearest`` to as many queries at a time as memory allows, and join the results."""
    parts = [nearest(some) for some in queries.split(max(1, _DISTANCES_AT_ONCE // n))]
    indices, sq_distances = zip(*parts, strict=True)
    return Neighbors(torch.cat(indices).int(), torch.cat(sq_distances))
