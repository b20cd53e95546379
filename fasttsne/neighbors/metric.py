"""Neighbours by scikit-learn's search: any of its metrics, sparse data, precomputed distances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy import sparse

from .graphs import given_neighbors
from .result import Neighbors, scale_and_square
from .scaling import divide_by_power, ldexp_or_inf, safe_exponent

_DEGREES = {
    **dict.fromkeys(("euclidean", "l2", "manhattan", "l1", "cityblock", "chebyshev"), 1),
    **dict.fromkeys(("minkowski", "nan_euclidean"), 1),
    "sqeuclidean": 2,
}
"""Metrics with d(c x, c y) = c^degree d(x, y) for c > 0. Data may be scaled for their search."""


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
        The distances themselves if precomputed. A sparse matrix of them needs k entries in each row
        beside the diagonal.
    k : int
    metric : str or callable
        A name that ``sklearn.neighbors.NearestNeighbors`` knows, or a function of two rows.
    metric_params : dict, optional
        Further arguments of the metric. V of 'seuclidean' is the variance of the columns of X
        unless given.
    whole : bool, default False
        Compute the whole matrix of distances first, as ``method='exact'`` does in scikit-learn.
    queries : array or sparse matrix, shape (l, d); with ``metric='precomputed'`` (l, n), optional
        Find the nearest rows of X to these instead.

    Returns
    -------
    Neighbors
        Of the rows of X, or of the queries.

    Raises
    ------
    ValueError
        The metric gives a distance that is negative, NaN or infinite, or too few distances.
    TypeError
        Parameters that the metric does not take.
    """
    from sklearn.metrics import pairwise_distances
    from sklearn.neighbors import NearestNeighbors, sort_graph_by_row_values

    name = metric if isinstance(metric, str) else getattr(metric, "__name__", repr(metric))
    degree = 0 if callable(metric) else _DEGREES.get(metric, 0)
    exponent = safe_exponent(X) if degree else 0
    if metric != "precomputed":  # distances are only compared
        # A function may write to the rows that it is given. They would be those of the user, and in
        # read-only memory this would end the process.
        copy = callable(metric)
        X = X.astype(np.float64, copy=copy)
        queries = None if queries is None else queries.astype(np.float64, copy=copy)
    if exponent:
        X = divide_by_power(X, exponent)
        queries = None if queries is None else divide_by_power(queries, exponent)
    if metric == "precomputed" and sparse.issparse(X):
        X = sort_graph_by_row_values(X, copy=True, warn_when_not_sorted=False)
    if callable(metric):
        metric = _CheckedMetric(metric, name, X, X if queries is None else queries)
    try:
        parameters = dict(metric_params or {})
        if metric == "seuclidean":
            parameters.setdefault("V", np.var(X, axis=0, ddof=1))
        # Always one job: scikit-learn cuts the matrix by the number of jobs, and parts of other
        # sizes round in another way.
        if whole and metric != "precomputed":
            X = pairwise_distances(X, metric=metric, n_jobs=1, **parameters)
            _check_distances(X, name)
            metric, parameters = "precomputed", {}
        p = parameters.pop("p", 2) if metric == "minkowski" else 2
        search = NearestNeighbors(
            metric=metric, p=p, metric_params=parameters or None, n_jobs=1
        ).fit(X)
        # Rows of X also find themselves, hence one more. They are left out below, after the check
        # of the distances.
        wanted = k if queries is not None else min(k + 1, X.shape[0])
        distances, indices = search.kneighbors(X if queries is None else queries, wanted)
    except _InvalidDistance:
        raise
    except (TypeError, ValueError) as error:
        kind = ValueError if isinstance(error, ValueError) else TypeError
        given = f" with metric_params={metric_params!r}" if metric_params else ""
        raise kind(f"metric {name!r}{given}: {error}") from error
    _check_distances(distances, name)
    if queries is None:
        neighbors = given_neighbors((indices, distances), X, X.shape[0], k)
        if neighbors.indices.shape[1] > k:  # no row found itself, as where many rows are equal
            near, sq_distances, unit = neighbors
            neighbors = Neighbors(near[:, :k].contiguous(), sq_distances[:, :k].contiguous(), unit)
    else:
        neighbors = Neighbors(
            torch.from_numpy(indices.astype(np.int32)),
            *scale_and_square(torch.from_numpy(distances)),
        )
    return neighbors._replace(unit=ldexp_or_inf(neighbors.unit, exponent * degree))


class _InvalidDistance(ValueError):
    """A metric returned a number that is no distance."""


class _CheckedMetric:
    """A user's metric that raises where it returns a negative number or NaN.

    A search tree that meets NaN would drop rows without a warning.
    """

    def __init__(self, metric: Callable[..., float], name: str, *data: Any) -> None:
        self.metric = metric
        self.name = name
        self.data = data

    def __call__(self, x: Any, y: Any, **parameters: Any) -> float:
        distance = float(self.metric(x, y, **parameters))
        if not distance >= 0:
            rows = [str(row) for row in map(self._find_row, (x, y)) if row is not None]
            place = f" for row {' and row '.join(rows)} of X" if rows else ""
            raise _InvalidDistance(
                "All distances should be positive, the metric given is not correct: "
                f"metric {self.name!r} returned {distance}{place}"
            )
        return distance

    def _find_row(self, x: Any) -> int | None:
        """Return which row of the data x is, of the queries before X.

        None if it is no row of either: a search tree also asks for the distances of its centres.
        """
        for data in reversed(self.data):
            equal = (np.asarray(data) == x).all(1) if data.shape[1] == len(x) else np.zeros(1)
            if equal.any():
                return int(equal.argmax())
        return None


def _check_distances(distances: np.ndarray, name: str) -> None:
    """Raise unless all are finite and 0 or more; name the row with the most that are not finite."""
    if np.any(distances < 0):
        raise _InvalidDistance(
            "All distances should be positive, the metric given is not correct: "
            f"metric {name!r} gave {distances[distances < 0][0]:g}"
        )
    wrong = ~np.isfinite(distances)
    if wrong.any():
        row = int(wrong.sum(1).argmax())
        raise _InvalidDistance(
            f"metric {name!r} must give finite distances, got {distances[row][wrong[row]][0]} "
            f"for row {row} of X"
        )


def check_precomputed(X: Any, method: str = "auto") -> None:
    """Raise unless X is a matrix of distances that ``metric='precomputed'`` takes.

    Parameters
    ----------
    X : Tensor or CSR matrix
    method : str, default 'auto'
        That of :class:`fasttsne.TSNE`.

    Raises
    ------
    ValueError
        X is not square, or holds negative numbers.
    TypeError
        X is sparse and ``method='exact'``.
    """
    if X.shape[0] != X.shape[1]:
        raise ValueError(f"X should be a square distance matrix, got shape {X.shape}")
    values = X.data if sparse.issparse(X) else X
    if len(values) and values.min() < 0:
        raise ValueError(
            f"With metric='precomputed', X should contain positive distances, got {values.min():g}"
        )
    if method == "exact" and sparse.issparse(X):
        raise TypeError(
            "method='exact' does not accept a sparse precomputed distance matrix; use another "
            "method or give the dense matrix"
        )
