"""Neighbours under any metric of scikit-learn's, of sparse data, or from given distances."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .exact import Neighbors
from .graphs import given_neighbors, scaled_squares

_DEGREES = {
    **dict.fromkeys(("euclidean", "l2", "manhattan", "l1", "cityblock", "chebyshev"), 1),
    **dict.fromkeys(("minkowski", "nan_euclidean"), 1),
    "sqeuclidean": 2,
}
"""Metrics that grow as this power of the data: these may be scaled for the search."""
_SAFE = 60
"""Powers of two up to which squares and their sums stay within float32, so nothing is scaled."""


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
        Further arguments of the metric. V of 'seuclidean' is the variance of the columns of X
        unless given.
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
    TypeError
        Parameters that the metric does not take.
    """
    from scipy import sparse
    from sklearn.metrics import pairwise_distances
    from sklearn.neighbors import NearestNeighbors, sort_graph_by_row_values

    name = metric if isinstance(metric, str) else getattr(metric, "__name__", repr(metric))
    degree = 0 if callable(metric) else _DEGREES.get(metric, 0)
    exponent = exponent_of(X) if degree else 0
    if metric != "precomputed":  # whose numbers are not computed with
        X = X.astype(np.float64, copy=False)
        queries = None if queries is None else queries.astype(np.float64, copy=False)
    if exponent:
        X = divided(X, exponent)
        queries = None if queries is None else divided(queries, exponent)
    if metric == "precomputed" and sparse.issparse(X):
        X = sort_graph_by_row_values(X, copy=True, warn_when_not_sorted=False)
    if callable(metric):
        metric = _Watched(metric, name, X, X if queries is None else queries)
    try:
        parameters = dict(metric_params or {})
        if metric == "seuclidean":
            parameters.setdefault("V", np.var(X, axis=0, ddof=1))
        # Each number of jobs would cut the matrix, and so round, in another way.
        if whole and metric != "precomputed":
            X = pairwise_distances(X, metric=metric, n_jobs=1, **parameters)
            _check_distances(X, name)
            metric, parameters = "precomputed", {}
        p = parameters.pop("p", 2) if metric == "minkowski" else 2
        search = NearestNeighbors(
            metric=metric, p=p, metric_params=parameters or None, n_jobs=1
        ).fit(X)
        # Each row finds itself, too: it is left out once the distances are known to be some.
        wanted = k if queries is not None else min(k + 1, X.shape[0])
        distances, indices = search.kneighbors(X if queries is None else queries, wanted)
    except _BadDistance:
        raise
    except (TypeError, ValueError) as error:
        kind = ValueError if isinstance(error, ValueError) else TypeError
        given = f" with metric_params={metric_params!r}" if metric_params else ""
        raise kind(f"metric {name!r}{given}: {error}") from error
    _check_distances(distances, name)
    if queries is None:
        found = given_neighbors((indices, distances), X, X.shape[0], k)
        if found.indices.shape[1] > k:  # rows so alike that none finds itself
            near, sq_distances, unit = found
            found = Neighbors(near[:, :k].contiguous(), sq_distances[:, :k].contiguous(), unit)
    else:
        found = Neighbors(
            torch.from_numpy(indices.astype(np.int32)),
            *scaled_squares(torch.from_numpy(distances)),
        )
    return found._replace(unit=_times_power(found.unit, exponent * degree))


class _BadDistance(ValueError):
    """What a metric returned is no distance."""


class _Watched:
    """A user's metric that may not return NaN, with which a tree of rows silently loses some."""

    def __init__(self, metric: Callable[..., float], name: str, *data: Any) -> None:
        self.metric = metric
        self.name = name
        self.data = data

    def __call__(self, x: Any, y: Any, **parameters: Any) -> float:
        distance = float(self.metric(x, y, **parameters))
        if not distance >= 0:
            rows = [str(row) for row in map(self._row, (x, y)) if row is not None]
            known = f" for row {' and row '.join(rows)} of X" if rows else ""
            raise _BadDistance(
                "All distances should be positive, the metric given is not correct: "
                f"metric {self.name!r} returned {distance}{known}"
            )
        return distance

    def _row(self, x: Any) -> int | None:
        """Return which row of the data x is, of the queries first; a tree also asks for others."""
        for data in reversed(self.data):
            equal = (np.asarray(data) == x).all(1) if data.shape[1] == len(x) else np.zeros(1)
            if equal.any():
                return int(equal.argmax())
        return None


def _check_distances(distances: np.ndarray, name: str) -> None:
    """Raise unless all are finite and 0 or more, naming the row where most are not."""
    if np.any(distances < 0):
        raise _BadDistance(
            "All distances should be positive, the metric given is not correct: "
            f"metric {name!r} gave {distances[distances < 0][0]:g}"
        )
    wrong = ~np.isfinite(distances)
    if wrong.any():
        row = int(wrong.sum(1).argmax())
        raise _BadDistance(
            f"metric {name!r} must give finite distances, got {distances[row][wrong[row]][0]} "
            f"for row {row} of X"
        )


def exponent_of(X: Any) -> int:
    """Return the power of two to divide X by, so that squares neither vanish nor overflow."""
    from scipy import sparse

    values = X.data if sparse.issparse(X) else X
    largest = max(-float(values.min()), float(values.max())) if values.size else 0.0
    exponent = math.frexp(largest)[1]
    return exponent if abs(exponent) > _SAFE else 0


def divided(X: Any, exponent: int) -> Any:
    """X / 2^exponent in two steps: the power itself may be beyond the dtype."""
    half = exponent // 2
    return X * 2.0**-half * 2.0 ** (half - exponent)


def _times_power(unit: float, exponent: int) -> float:
    try:
        return math.ldexp(unit, exponent)
    except OverflowError:  # farther apart than float64 can tell
        return math.inf


def check_precomputed(X: Any, method: str = "auto") -> None:
    """Raise unless X is a square matrix of distances that ``method`` takes."""
    from scipy import sparse

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
