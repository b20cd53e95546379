"""Cosine and correlation distances as Euclidean distances of unit vectors.

For vectors u and v of length 1, |u - v|^2 = 2 (1 - cos(u, v)). The neighbours of rows by cosine
distance, 1 - cos, are therefore the Euclidean neighbours of the rows divided by their lengths. The
correlation distance is the cosine distance of rows less the mean of each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from .result import Neighbors
from .scaling import power_below

METRICS = ("cosine", "correlation")


def rescale_rows(X: Any, metric: str) -> Any:
    """Divide each row by a power of two, so that its length neither underflows nor overflows.

    The length of a row matters to neither distance.

    Parameters
    ----------
    X : Tensor or CSR matrix, shape (n, d)
        Finite.
    metric : str
        One of :data:`METRICS`.

    Returns
    -------
    Tensor or CSR matrix, shape (n, d)
        A copy, as X is.

    Raises
    ------
    ValueError
        A constant row with ``metric='correlation'``, for which it is not defined.
    """
    if sparse.issparse(X):
        powers = power_below(torch.from_numpy(abs(X).max(axis=1).toarray())).numpy()
        scaled = X.copy()
        scaled.data /= powers.ravel().repeat(np.diff(X.indptr))
        return scaled
    if metric == "correlation":
        constant = X.amin(1) == X.amax(1)
        if bool(constant.any()):
            row = int(constant.nonzero()[0])
            raise ValueError(
                "metric 'correlation' is not defined for a constant row, and all numbers in row "
                f"{row} of X are equal; leave such rows out, or use another metric"
            )
    return X / power_below(X.abs().amax(1, keepdim=True))


def row_lengths(X: Tensor, metric: str) -> Tensor:
    """Return the lengths of rows, less their means with 'correlation': (n, 1) float64."""
    return _directions(X, metric).norm(dim=1, keepdim=True)


def unit_vectors(X: Tensor, metric: str) -> Tensor | None:
    """Return rows whose Euclidean neighbours are those of X by the metric: (n, d) float64.

    None where a row has length 0. Its cosine distance to all rows is the same, and no point of the
    sphere has that property.
    """
    lengths = row_lengths(X, metric)
    return _directions(X, metric) / lengths if bool((lengths > 0).all()) else None


def from_chords(neighbors: Neighbors, unit: float) -> Neighbors:
    """Turn the Euclidean distances |u - v| of unit vectors into distances 1 - cos(u, v).

    Parameters
    ----------
    neighbors : Neighbors
        Of vectors that were scaled.
    unit : float
        Factor from their distances to those of unit vectors.
    """
    distances = neighbors.sq_distances * (unit**2 / 2)
    return Neighbors(neighbors.indices, distances.square())


def _directions(X: Tensor, metric: str) -> Tensor:
    X = X.double()
    return X - X.mean(1, keepdim=True) if metric == "correlation" else X
