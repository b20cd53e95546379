"""Recall of a search: which share of the true neighbours it finds, measured on a sample of rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .. import ops
from ..shards import ALONE, Shards

RECALL = 0.98
"""Share of the true neighbours that an approximate search finds, at least."""
SAMPLE = 512
"""Rows whose true neighbours are found among all others."""
_MARGIN = 2
"""Standard errors by which the recall of a sample must exceed the wanted one."""
_ROUNDING = 1e-5
"""Distances that are summed in another order differ by less, as a fraction of them."""
_ERROR_OF_COMPONENTS = 1e-5
"""Coordinates along principal axes are off by less, as a fraction of the length of a row."""
_MANY_ROWS = 1 << 18
"""Up to this many rows it is faster to measure all than to find out which to measure."""
_MOST_MEASURED = 1 / 16
"""Largest share of the rows that are measured one by one."""
_DISTANCES_AT_ONCE = 1 << 23
"""Of rows to all others: 32 MiB, as most systems take larger memory afresh each time."""


def distances_to_kth(
    X: Tensor, lead: Tensor, queries: Tensor, by_lead: Tensor, k: int, shards: Shards = ALONE
) -> Tensor:
    """Return the squared distances of some rows to their true k-th neighbours: (l,) float32.

    No row is nearer than its leading components are. So any k rows say how far the true neighbours
    can be, and only rows whose components are as near are measured. The k rows are those that are
    nearest by their components among every eighth, which takes less time than among all.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
        On the CPU; of several ranks the own rows.
    lead : Tensor, shape (n, m), float32
        Leading principal components of the rows, or X itself.
    queries : Tensor, shape (l, d), float32
        Distinct rows of X, or of that of another rank; the same on all ranks.
    by_lead : Tensor, shape (l, m), float32
        Their leading components.
    k : int
        At least 1, and less than the number of all rows.
    shards : Shards
    """
    # Each query is its own nearest row, so that its k-th neighbour is the row after that.
    k += 1
    if lead is X or not shards.any(len(X) > _MANY_ROWS):  # the same on all ranks
        return _kth_of_ranks(_nearest(X, queries, k), k, shards)
    step = 8 if len(X) > 16 * k else 1
    part = lead[::step].contiguous()
    bound = _in_parts(
        lambda some: _measured(
            X, queries[some], step * _nearest_rows(part, by_lead[some], k).indices, k
        ),
        len(queries),
        len(part),
    )
    bound = _kth_of_ranks(bound, k, shards)
    # A row within the limit is at most so much longer.
    error = _ERROR_OF_COMPONENTS * torch.linalg.vector_norm(by_lead, dim=1)
    factor = 1 + _ROUNDING + _ERROR_OF_COMPONENTS
    limit = (bound.sqrt() * factor + 2 * error).square()

    def nearest(some: slice) -> Tensor:
        sq = ops.pairwise_sq_distances(by_lead[some], lead)
        place, other = (sq <= limit[some, None]).nonzero(as_tuple=True)
        if len(other) > _MOST_MEASURED * sq.numel():  # their components do not tell them apart
            return _nearest(X, queries[some], k)
        counts = torch.bincount(place, minlength=len(sq)).tolist()
        return torch.cat(
            [
                _measured(X, query[None], others[None], k)
                for query, others in zip(queries[some], other.split(counts), strict=True)
            ]
        )

    return _kth_of_ranks(_in_parts(nearest, len(queries), len(X)), k, shards)


def _in_parts(nearest: Callable[[slice], Tensor], queries: int, n: int) -> Tensor:
    """Join what a function returns for so many queries at a time as memory allows."""
    at_once = max(1, _DISTANCES_AT_ONCE // max(1, n))
    return torch.cat([nearest(slice(i, i + at_once)) for i in range(0, queries, at_once)])


def _nearest_rows(X: Tensor, queries: Tensor, k: int) -> Any:
    """Return what topk does for the k nearest rows of each query, or all if they are fewer."""
    return ops.pairwise_sq_distances(queries, X).topk(min(k, len(X)), 1, False, False)


def _nearest(X: Tensor, queries: Tensor, k: int) -> Tensor:
    """Return the squared distances to the k nearest rows, infinite where there are fewer."""
    return _filled(
        _in_parts(lambda some: _nearest_rows(X, queries[some], k).values, len(queries), len(X)), k
    )


def _measured(X: Tensor, queries: Tensor, others: Tensor, k: int) -> Tensor:
    """Return the k least squared distances of queries to some rows each, infinite if fewer."""
    sq = torch.stack(
        [
            ops.pairwise_sq_distances(query[None], X[some])[0]
            for query, some in zip(queries, others, strict=True)
        ]
    )
    return _filled(sq.topk(min(k, sq.shape[1]), 1, False, False).values, k)


def _filled(sq: Tensor, k: int) -> Tensor:
    return torch.nn.functional.pad(sq, (0, k - sq.shape[1]), value=math.inf)


def _kth_of_ranks(sq: Tensor, k: int, shards: Shards) -> Tensor:
    """Return the k-th least of the squared distances (l, k) that the ranks found: (l,)."""
    return torch.cat(list(shards.gather(sq)), 1).kthvalue(k, 1).values


def is_true(sq_distances: Tensor, kth: Tensor) -> Tensor:
    """Return which of the rows that were found are true neighbours: (sample, c) bool.

    Parameters
    ----------
    sq_distances : Tensor, shape (sample, c), float32
        Of the rows that were found.
    kth : Tensor, shape (sample,), float32
        Squared distance of each sampled row to its true k-th neighbour.
    """
    return sq_distances <= kth[:, None] * (1 + _ROUNDING)


def judge(of_rows: Tensor, wanted: float) -> tuple[float, bool]:
    """Return the recall of a sample, and whether that of all rows is probably enough.

    That of all rows probably is enough where the mean of the sample is two standard errors above
    the wanted recall. Without them, a search that widens until the sample has the recall would end
    too early on any sample that happens to suit it.

    Parameters
    ----------
    of_rows : Tensor, shape (sample,), float64
        Share of the true neighbours of each row.
    wanted : float
    """
    mean = float(of_rows.mean())
    error = float(of_rows.std(correction=0)) / math.sqrt(len(of_rows))
    return mean, mean - _MARGIN * error >= wanted
