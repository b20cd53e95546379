"""Neighbours under any metric of scikit-learn's, of sparse data, or from given distances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .graphs import given_neighbors, scaled_squares
from .neighbors import Neighbors


def metric_neighbors(
    X: Any,
    k: int,
    metric: str | Callable[..., float],
    metric_params: dict[str, Any] | None = None,
    *,
    whole: bool = False,
    queries: Any = None,
) -> Neighbors:
    """Find the k nearest other rows of each row by scikit-learn's search.

    Parameters
    ----------
    X : array or sparse matrix, shape (n, d); with ``metric='precomputed'`` (n, n)
        The distances themselves if precomputed; a sparse matrix of them needs k entries a row
        beside the diagonal.
    k : int
    metric : str or callable
        A name that ``sklearn.neighbors.NearestNeighbors`` knows, or a function of two rows.
    metric_params : dict, optional
        Further arguments of the metric.
    whole : bool
        Compute the whole matrix of distances first, as ``method='exact'`` does in scikit-learn.
    queries : array or sparse matrix, shape (l, d); with ``metric='precomputed'`` (l, n), optional
        Find the nearest rows of X to these instead.

    Returns
    -------
    Neighbors

    Raises
    ------
    ValueError
        Distances that are no distances, or too few of them.
    """
    from sklearn.metrics import pairwise_distances
    from sklearn.neighbors import NearestNeighbors

    if metric != "precomputed":  # whose numbers are not computed with
        X = X.astype(np.float64, copy=False)
        queries = None if queries is None else queries.astype(np.float64, copy=False)
    # Each number of jobs would cut the matrix, and so round, in another way.
    if whole and metric != "precomputed":
        X = pairwise_distances(X, metric=metric, n_jobs=1, **(metric_params or {}))
        metric, metric_params = "precomputed", None
        if np.any(X < 0):
            raise ValueError("All distances should be positive, the metric given is not correct")
    search = NearestNeighbors(n_neighbors=k, metric=metric, metric_params=metric_params, n_jobs=1)
    distances, indices = search.fit(X).kneighbors(queries)
    if np.any(distances < 0):
        raise ValueError("All distances should be positive, the metric given is not correct")
    if queries is None:
        return given_neighbors((indices, distances), X, X.shape[0], k)
    return Neighbors(
        torch.from_numpy(indices.astype(np.int32)), *scaled_squares(torch.from_numpy(distances))
    )


def check_precomputed(X: Any, method: str) -> None:
    """Raise unless X is a square matrix of distances that ``method`` takes."""
    from scipy import sparse

    if X.shape[0] != X.shape[1]:
        raise ValueError(f"X should be a square distance matrix, got shape {X.shape}")
    values = X.data if sparse.issparse(X) else X
    if values.size and values.min() < 0:
        raise ValueError(
            f"With metric='precomputed', X should contain positive distances, got {values.min():g}"
        )
    if method == "exact" and sparse.issparse(X):
        raise TypeError(
            "method='exact' does not accept a sparse precomputed distance matrix; use another "
            "method or give the dense matrix"
        )
