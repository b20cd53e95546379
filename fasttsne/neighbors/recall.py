"""Recall of a search: which share of the true neighbours it finds, measured on a sample of rows."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .. import ops
from .brute_force import brute_force_neighbors, measure

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


def distances_to_kth(X: Tensor, lead: Tensor, rows: Tensor, k: int) -> Tensor:
    """Return the squared distances of some rows to their true k-th neighbours: (l,) float32.

    No row is nearer than its leading components are. So any k rows say how far the true neighbours
    can be, and only rows whose components are as near are measured. The k rows are those that are
    nearest by their components among every eighth, which takes less time than among all.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
        On the CPU.
    lead : Tensor, shape (n, m), float32
        Leading principal components of the rows, or X itself.
    rows : Tensor, shape (l,), int64
        Distinct rows of X.
    k : int
        In 1 .. n - 1.
    """
    if lead is X or len(X) <= _MANY_ROWS:
        return brute_force_neighbors(X, rows, k).sq_distances[:, -1]
    kth = torch.empty(len(rows), dtype=torch.float32, device="cpu")
    step = 8 if len(X) > 16 * k else 1
    at_once = max(1, _DISTANCES_AT_ONCE // len(X))
    for some, out in zip(rows.split(at_once), kth.split(at_once), strict=True):
        by_lead = ops.pairwise_sq_distances(lead[some], lead)
        by_lead[torch.arange(len(some), device="cpu"), some] = math.inf
        near = step * by_lead[:, ::step].topk(k, 1, largest=False, sorted=False).indices
        # A row within the limit is at most so much longer.
        error = _ERROR_OF_COMPONENTS * torch.linalg.vector_norm(lead[some], dim=1)
        factor = 1 + _ROUNDING + _ERROR_OF_COMPONENTS
        limit = measure(X, some, near).max(1).values.sqrt() * factor + 2 * error
        place, other = (by_lead <= limit.square()[:, None]).nonzero(as_tuple=True)
        if len(other) > _MOST_MEASURED * by_lead.numel():  # their components do not tell them apart
            out.copy_(brute_force_neighbors(X, some, k).sq_distances[:, -1])
            continue
        for i, others in enumerate(other.split(torch.bincount(place).tolist())):
            out[i] = ops.pairwise_sq_distances(X[some[i, None]], X[others])[0].kthvalue(k).values
    return kth


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
