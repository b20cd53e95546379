"""Recall of a search: which share of the true neighbours it finds, measured on a sample of rows."""

from __future__ import annotations

import math

from torch import Tensor

RECALL = 0.98
"""Share of the true neighbours that an approximate search finds, at least."""
SAMPLE = 512
"""Rows whose true neighbours are found among all others."""
_MARGIN = 2
_ROUNDING = 1e-5
"""Distances that are summed in another order differ by less, as a fraction of them."""


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

    It is where the mean of the sample is two standard errors above the wanted recall. A search goes
    on until a sample says that it suffices, and so ends early on a sample that happens to suit it.

    Parameters
    ----------
    of_rows : Tensor, shape (sample,), float64
        Share of the true neighbours of each row.
    wanted : float
    """
    mean = float(of_rows.mean())
    error = float(of_rows.std(correction=0)) / math.sqrt(len(of_rows))
    return mean, mean - _MARGIN * error >= wanted
