"""Which search finds the neighbours of some data, and what it is given: scaled, sorted, normalised.

Euclidean data goes to the tiles (:mod:`fasttsne.neighbors`) or, where there is much of it, to cells
(:mod:`fasttsne.cells`); so do cosine and correlation distances, which are Euclidean on the sphere.
Other metrics and sparse data go to scikit-learn (:mod:`fasttsne.distances`), and neighbours that
the user brings are only checked (:mod:`fasttsne.graphs`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from .. import _validation
from .._threads import in_chunks
from .cells import cell_neighbors, make_cells
from .exact import Neighbors, exact_neighbors, neighbors_in, sums_are_exact
from .graphs import KINDS, given_neighbors, is_graph
from .metric import metric_neighbors

SEARCHES = ("auto", "exact", "cells")
_EXACT_SEARCH_UP_TO = 50_000
"""Points up to which the search is exact unless told otherwise; above, cells take less time
(bench/test_kernels.py times both)."""
_ON_THE_SPHERE = ("cosine", "correlation")
_WITHOUT_PARAMETERS = {
    "euclidean": "; for weights: metric='minkowski', metric_params={'p': 2, 'w': ...}",
    "precomputed": "",
}
"""Metrics on which parameters would have no effect, and what to do instead."""
_FARTHEST = 2.0**30
"""Where new rows are taken to be at most, in units of the data's span: squares stay in float32."""
_SPHERE_FROM = 2000
"""Points from which on these go to the kernels unless told otherwise: below, scikit-learn's search
takes no time to speak of, and a map has the bits of that of its precomputed distances."""


@dataclass(frozen=True)
class Found:
    """What a search found."""

    neighbors: Neighbors
    name: str
    """``'exact'``, ``'cells'``, ``'scikit-learn'`` or ``'given'``."""
    recall: float
    """Share of the true neighbours: 1 if exact, measured for cells, NaN if given."""
    X: Tensor | None = None
    """The data as the search scaled and sorted them, where it did."""
    order: Tensor | None = None
    """(n,) row of the data at each place of X and of the neighbours; None if as they came."""


@dataclass(frozen=True)
class Scaling:
    """Centres columns and scales by a power of two, exactly, so that float32 holds all data.

    Neither changes neighbours or P. Done in float64, whatever the dtype: a column with a large
    offset keeps its digits, and the same numbers give the same bits.
    """

    before: int
    mean: Tensor
    after: int

    @classmethod
    def of(cls, X: Tensor) -> Scaling:
        """Find what suits X."""
        low, high = torch.aminmax(X)
        exponent = _exponent(low, high)
        # Sums could leave the range of float64.
        before = exponent if abs(exponent) > 60 else 0
        sums = in_chunks(lambda part: _divided(X[part], before).sum(0), X)
        mean = torch.stack(sums).cumsum(0)[-1] / X.shape[0]
        ends = in_chunks(lambda part: torch.aminmax(_divided(X[part], before) - mean), X)
        low = torch.stack([a for a, _ in ends]).min()
        high = torch.stack([b for _, b in ends]).max()
        after = _exponent(low, high)
        # A mean of few digits serves as well where data of few digits keep them by it, as zeros and
        # ones do: distances that are equal stay so.
        step = math.ldexp(1.0, after - 4)
        coarse = (mean / step).round() * step
        if before == 0 and sums_are_exact(X, coarse):
            mean = coarse
        return cls(before, mean, after)

    def __call__(self, X: Tensor) -> Tensor:
        """Scale X, or rows to be compared with it: float32."""
        out = X.new_empty(X.shape, dtype=torch.float32)

        def scale(part: slice) -> None:
            centred = _divided(X[part], self.before) - self.mean
            out[part] = _divided(centred, self.after)

        in_chunks(scale, X)
        return out

    @property
    def unit(self) -> float:
        """What distances of scaled rows are to be multiplied by."""
        exponent = self.before + self.after
        # Infinite where rows are farther apart than float64 can tell.
        return math.ldexp(1.0, exponent) if exponent < 1024 else math.inf


def _exponent(low: Tensor, high: Tensor) -> int:
    return int(np.frexp(max(abs(float(low)), abs(float(high))))[1])


def _divided(X: Tensor, exponent: int) -> Tensor:
    """X / 2^exponent in float64, in two steps: the power itself may be beyond it."""
    half = exponent // 2
    return X.double() * 2.0**-half * 2.0 ** (half - exponent)


class Search:
    """A way to find neighbours, chosen and checked before any work.

    Parameters
    ----------
    neighbors : {'auto', 'exact', 'cells'}, pair of arrays, sparse matrix or callable
        See :class:`fasttsne.TSNE`.
    metric : str or callable
    metric_params : dict, optional
    whole : bool
        Whether a search by scikit-learn computes the whole matrix of distances first.

    Raises
    ------
    TypeError, ValueError
        Unknown names.
    """

    def __init__(
        self,
        neighbors: Any = "auto",
        metric: Any = "euclidean",
        metric_params: dict[str, Any] | None = None,
        whole: bool = False,
    ) -> None:
        if not is_graph(neighbors):
            if not isinstance(neighbors, str):
                raise TypeError(
                    f"neighbors must be one of {', '.join(SEARCHES)}, {KINDS}; got {neighbors!r}"
                )
            _validation.choice("neighbors", neighbors, SEARCHES)
        _check_metric(metric, metric_params)
        self.neighbors = neighbors
        self.metric = metric
        self.metric_params = metric_params
        self.whole = whole

    @property
    def is_given(self) -> bool:
        """Whether the user brings the neighbours."""
        return is_graph(self.neighbors)

    def __call__(
        self,
        X: Any,
        k: int,
        device: torch.device,
        seed: int = 0,
        progress: Callable[[int, int], None] | None = None,
        given: Any = None,
        n: int | None = None,
    ) -> Found:
        """Find the k nearest other rows of each row.

        Parameters
        ----------
        X : Tensor or CSR matrix, shape (n, d)
            Finite. None will do where neighbours are given.
        k : int
        device : torch.device
            Where to search, and where the neighbours go.
        seed : int
            Of cells.
        progress : callable, optional
            ``progress(done, total)``.
        given : array or Tensor
            X as the user gave it, for a function that finds neighbours. Default: X.
        n : int, optional
            Rows, where there is no X.

        Returns
        -------
        Found
        """
        if self.is_given:
            data = X if given is None else given
            neighbors = given_neighbors(self.neighbors, data, n or X.shape[0], k)
            return Found(_moved(neighbors, device), "given", math.nan)
        X = self._of_safe_size(X)
        rows = self._rows(X)
        if rows is None:
            neighbors = metric_neighbors(
                _plain(X), k, self.metric, self.metric_params, whole=self.whole
            )
            return Found(_moved(neighbors, device), "scikit-learn", 1.0)
        rows = rows.to(device)
        scaling = Scaling.of(rows)
        rows = scaling(rows)
        if self._is_exact(rows.shape[0]):
            neighbors, order, recall = exact_neighbors(rows, k, progress), None, 1.0
        else:
            cells = make_cells(rows, seed)
            # Stays sorted until the end: near rows are near in memory for all that follows.
            order, rows = cells.order, rows[cells.order]
            neighbors, recall = cell_neighbors(rows, cells, k, seed, progress=progress)
        return Found(
            self._in_metric(neighbors, scaling.unit),
            "cells" if order is not None else "exact",
            recall,
            rows if self.metric == "euclidean" else None,
            order,
        )

    def among(self, X: Any, queries: Any, k: int, device: torch.device) -> Neighbors:
        """Find the k nearest rows of X of each query, whatever found the neighbours within X.

        Parameters
        ----------
        X : Tensor or CSR matrix, shape (n, d)
        queries : Tensor or CSR matrix, shape (l, d); with ``metric='precomputed'`` (l, n)
        k : int
        device : torch.device

        Returns
        -------
        Neighbors
            Of the queries among the rows of X.
        """
        return self._among(self._of_safe_size(X), self._of_safe_size(queries), k, device)

    def _among(self, X: Any, queries: Any, k: int, device: torch.device) -> Neighbors:
        rows = self._rows(X)
        if rows is not None and sparse.issparse(queries):
            raise ValueError("X must be dense, as the data of the fit were, got a sparse matrix")
        wanted = None if rows is None else self._rows(queries)
        if rows is not None and wanted is None:
            # Only those without a direction go another way, and no other row notices.
            on_sphere = self._norms(queries)[:, 0] > 0
            if bool(on_sphere.any()):
                parts = [
                    self._among(X, queries[some], k, device) for some in (on_sphere, ~on_sphere)
                ]
                return _merged(parts, on_sphere.to(device))
        if rows is None or wanted is None:
            neighbors = metric_neighbors(
                _plain(X),
                k,
                self.metric,
                self.metric_params,
                queries=_plain(queries),
            )
            return _moved(neighbors, device)
        scaling = Scaling.of(rows.to(device))
        queries = scaling(wanted.to(device, rows.dtype)).clamp(-_FARTHEST, _FARTHEST)
        found = neighbors_in(scaling(rows.to(device)), queries, k)
        return self._in_metric(found, scaling.unit)

    def _is_exact(self, n: int) -> bool:
        if self.neighbors == "auto":
            return n <= _EXACT_SEARCH_UP_TO
        return self.neighbors == "exact"

    def _of_safe_size(self, X: Any) -> Any:
        """Scale rows whose length does not matter, exactly, so that their norms are finite numbers.

        Raises
        ------
        ValueError
            Rows that are constant under ``metric='correlation'``: these point nowhere.
        """
        if self.metric not in _ON_THE_SPHERE:
            return X
        if sparse.issparse(X):
            largest = _power_below(torch.from_numpy(abs(X).max(axis=1).toarray())).numpy()
            scaled = X.copy()
            scaled.data /= largest.ravel().repeat(np.diff(X.indptr))
            return scaled
        if self.metric == "correlation":
            constant = X.amin(1) == X.amax(1)
            if bool(constant.any()):
                row = int(constant.nonzero()[0])
                raise ValueError(
                    f"metric 'correlation' tells nothing of a constant row, as row {row} of X is; "
                    "leave such rows out, or take another metric"
                )
        return X / _power_below(X.abs().amax(1, keepdim=True))

    def _rows(self, X: Any) -> Tensor | None:
        """Return rows whose Euclidean neighbours are those sought; None if none are known."""
        if sparse.issparse(X):
            return None
        if self.metric == "euclidean":
            return X
        if self.metric not in _ON_THE_SPHERE or self.metric_params or self.whole:
            return None
        if self.neighbors == "auto" and X.shape[0] < _SPHERE_FROM:
            return None
        norm = self._norms(X)
        # A zero row is at the same distance from all others, which no place on the sphere is.
        return self._directed(X) / norm if bool((norm > 0).all()) else None

    def _directed(self, X: Tensor) -> Tensor:
        """Return rows whose directions matter, and nothing else."""
        X = X.double()
        return X - X.mean(1, keepdim=True) if self.metric == "correlation" else X

    def _norms(self, X: Tensor) -> Tensor:
        return self._directed(X).norm(dim=1, keepdim=True)

    def _in_metric(self, neighbors: Neighbors, unit: float) -> Neighbors:
        if self.metric == "euclidean":
            return neighbors._replace(unit=unit)
        # On the sphere the squared distance is 2 (1 - cosine).
        distances = neighbors.sq_distances * (unit**2 / 2)
        return Neighbors(neighbors.indices, distances.square())


def _power_below(largest: Tensor) -> Tensor:
    """Return the power of two at or below each number, 1 for 0; exact for all that are finite."""
    mantissa, _ = torch.frexp(largest)  # in 1/2 .. 1
    return torch.where(largest > 0, largest / (2 * mantissa), 1)


def _merged(parts: list[Neighbors], is_first: Tensor) -> Neighbors:
    """Put rows of two searches together, the first's where ``is_first``."""
    one, two = parts
    k = one.indices.shape[1]
    indices = one.indices.new_empty(len(is_first), k)
    sq_distances = one.sq_distances.new_empty(len(is_first), k)
    indices[is_first], indices[~is_first] = one.indices, two.indices
    sq_distances[is_first] = one.sq_distances
    sq_distances[~is_first] = two.sq_distances * (two.unit / one.unit) ** 2
    return Neighbors(indices, sq_distances, one.unit)


def _plain(X: Any) -> Any:
    return X.cpu().numpy() if isinstance(X, Tensor) else X


def _moved(neighbors: Neighbors, device: torch.device) -> Neighbors:
    return neighbors._replace(
        indices=neighbors.indices.to(device), sq_distances=neighbors.sq_distances.to(device)
    )


def _check_metric(metric: Any, metric_params: Any) -> None:
    from sklearn.neighbors import VALID_METRICS

    if not callable(metric):
        names = sorted({"precomputed", *VALID_METRICS["brute"]})
        _validation.choice("metric", metric, names)
    if metric_params is not None and not isinstance(metric_params, dict):
        raise TypeError(f"metric_params must be a dict or None, got {metric_params!r}")
    if metric_params and metric in _WITHOUT_PARAMETERS:
        raise ValueError(
            f"metric={metric!r} takes no metric_params, got {metric_params!r}"
            + _WITHOUT_PARAMETERS[metric]
        )
