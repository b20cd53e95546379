"""Recall of a search: which share of the true neighbours it finds, measured on a sample of rows."""

from __future__ import annotations

import math

import torch
from torch import Tensor

RECALL = 0.98
"""Share of the true neighbours that an approximate search finds, at least."""
SAMPLE = 512
"""Rows whose true neighbours are found among all others."""
_MARGIN = 2
"""Standard errors by which the recall of a sample must exceed the wanted one."""
_NUMBERS_AT_ONCE = 1 << 24
_ROUNDING = 1e-5
"""Distances that are summed in another order differ by less, as a fraction of them."""


def measure(X: Tensor, rows: Tensor, others: Tensor) -> Tensor:
    """Return the squared distances of some rows of X to other rows: (l, c) float32.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
    rows : Tensor, shape (l,), int64
    others : Tensor, shape (l, c), integers
        For each of the rows.
    """
    at_once = max(1, _NUMBERS_AT_ONCE // max(1, others.shape[1] * X.shape[1]))
    parts = zip(rows.split(at_once), others.split(at_once), strict=True)
    return torch.cat([(X[some, None] - X[them.long()]).square().sum(2) for some, them in parts])


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
