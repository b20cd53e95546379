"""Which search finds the neighbours of the data, and what that search is given.

- Neighbours that the user brings are only checked (:mod:`fasttsne.neighbors.graphs`).
- Sparse data, and metrics other than the three below, go to scikit-learn
  (:mod:`fasttsne.neighbors.metric`).
- 'euclidean': up to 50,000 rows all pairs are compared (:mod:`fasttsne.neighbors.exact`), and for
  more rows those of near cells (:mod:`fasttsne.neighbors.cells`, on a GPU
  :mod:`fasttsne.neighbors.cell_tiles`), unless the user chooses.
- 'cosine' and 'correlation': as 'euclidean', among unit vectors (:mod:`fasttsne.neighbors.sphere`).
  Fewer than 2,000 rows go to scikit-learn, unless the user chooses.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from scipy import sparse
from torch import Tensor

from .. import _validation
from ..shards import ALONE, Part, Shards
from . import sphere
from .cell_tiles import cell_tile_neighbors
from .cells import cell_neighbors
from .exact import exact_neighbors, neighbors_in
from .graphs import KINDS, given_neighbors, is_graph
from .metric import metric_neighbors
from .of_ranks import neighbors_of_ranks
from .result import Neighbors
from .scaling import Scaling

SEARCHES = ("auto", "exact", "cells")
_EXACT_SEARCH_UP_TO = 50_000
"""Most rows for which 'auto' searches exactly. Cells would take less time, but an exact search of
fewer rows takes only seconds (bench/scaling.py growth)."""
_SPHERE_FROM = 2000
"""Fewest rows for which 'auto' searches among unit vectors. Below, scikit-learn's search takes
little time, and gives the bits that it gives for the same distances precomputed."""
KERNEL_METRICS = ("euclidean", *sphere.METRICS)
"""Metrics of which the kernels find neighbours, in a scaled copy of the data."""
_WITHOUT_PARAMETERS = {
    "euclidean": "; for weights: metric='minkowski', metric_params={'p': 2, 'w': ...}",
    "precomputed": "",
}
"""Metrics on which parameters would have no effect, and what to do instead."""
_FARTHEST = 2.0**30
"""Largest coordinate of scaled queries, beyond which they are clipped. The data are within about
-1 .. 1, and squares of distances stay within float32."""


@dataclass(frozen=True)
class Found:
    """What a search found."""

    neighbors: Neighbors
    name: str
    """``'exact'``, ``'cells'``, ``'scikit-learn'`` or ``'given'``."""
    recall: float
    """Share of the true neighbours: 1 if exact, measured on a sample for cells, NaN if given."""
    X: Tensor | None = None
    """(n, d) float32: the data as scaled and sorted by a search under 'euclidean', else None."""
    order: Tensor | None = None
    """(n,) int64: row i of X and of the neighbours is row ``order[i]`` of the data. None if the
    order is that of the data."""
    sizes: list[int] | None = None
    """On several ranks: how many rows each has now. X, order and neighbours are those of this one;
    the numbers of rows in neighbours go through all ranks, those in order through all data."""

    def in_order_of_data(self) -> Neighbors:
        """Return the neighbours of the rows of the data; not on several ranks."""
        if self.order is None:
            return self.neighbors
        place = torch.empty_like(self.order)
        place[self.order] = torch.arange(len(place), dtype=place.dtype, device=place.device)
        indices = self.order.int()[self.neighbors.indices.long()][place]
        sq_distances = self.neighbors.sq_distances[place]
        return self.neighbors._replace(indices=indices, sq_distances=sq_distances)


class Search:
    """A way to find neighbours, chosen and checked before any work.

    Parameters
    ----------
    neighbors : {'auto', 'exact', 'cells'}, pair of arrays, sparse matrix or callable
        See :class:`fasttsne.TSNE`.
    metric : str or callable
        See :class:`fasttsne.TSNE`.
    metric_params : dict, optional
        Further arguments of the metric.
    whole : bool
        Whether a search by scikit-learn computes the whole matrix of distances first.

    Raises
    ------
    TypeError, ValueError
        Unknown names; parameters of a metric that has none.
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
        shards: Shards = ALONE,
    ) -> Found:
        """Find the k nearest other rows of each row.

        Parameters
        ----------
        X : Tensor or CSR matrix, shape (n, d)
            Finite. None is allowed where neighbours are given.
        k : int
            In 1 .. n - 1. Given neighbours keep their own number.
        device : torch.device
            Where to search, and where the neighbours go.
        seed : int
            Of the clustering into cells, and of the sample that measures their recall.
        progress : callable, optional
            ``progress(done, total)``, called during a search by our own kernels, for
            parts of the work of equal size.
        given : array or Tensor
            X as the user gave it, for a function that finds neighbours. Default: X.
        n : int, optional
            Number of rows, where there is no X; on several ranks that of all ranks.
        shards : Shards
            Of the rows. On several ranks no metric but those of :data:`KERNEL_METRICS`.

        Returns
        -------
        Found
        """
        if self.is_given:
            data = X if given is None else given
            neighbors = given_neighbors(self.neighbors, data, n or X.shape[0], k)
            return Found(_move(neighbors, device), "given", math.nan)
        X = self._rescale(X)
        if shards.count > 1:
            assert n is not None
            return self._of_ranks(X, k, n, seed, progress, shards)
        rows = self._euclidean_rows(X)
        if rows is None:
            neighbors = metric_neighbors(
                _to_numpy(X), k, self.metric, self.metric_params, whole=self.whole
            )
            return Found(_move(neighbors, device), "scikit-learn", 1.0)
        rows = rows.to(device)
        scaling = Scaling.of(rows)
        rows = scaling(rows)
        if self._is_exact(rows.shape[0]):
            neighbors, order, recall = exact_neighbors(rows, k, progress), None, 1.0
        else:
            # The whole fit works on the sorted rows: near rows are then near in memory, too.
            search = cell_tile_neighbors if rows.is_cuda else cell_neighbors
            neighbors, rows, order, recall = search(rows, k, seed, progress=progress)
        return Found(
            self._in_metric(neighbors, scaling.unit),
            "cells" if order is not None else "exact",
            recall,
            rows if self.metric == "euclidean" else None,
            order,
        )

    def _of_ranks(
        self,
        X: Tensor,
        k: int,
        n: int,
        seed: int,
        progress: Callable[[int, int], None] | None,
        shards: Shards,
    ) -> Found:
        """Find the neighbours of this rank's rows, on the CPU."""
        rows = self._rows_of_rank(X)
        scaling = Scaling.of(rows, shards)
        is_exact = self._is_exact(n)
        dealt = neighbors_of_ranks(scaling(rows), k, seed, is_exact, shards, progress=progress)
        return Found(
            self._in_metric(dealt.neighbors, scaling.unit),
            "exact" if dealt.is_exact else "cells",
            dealt.recall,
            dealt.X if self.metric == "euclidean" else None,
            dealt.order,
            dealt.sizes,
        )

    def among(
        self, X: Any, queries: Any, k: int, device: torch.device, shards: Shards = ALONE
    ) -> Neighbors:
        """Find the k nearest rows of X of each query, however the neighbours within X were found.

        Parameters
        ----------
        X : Tensor or CSR matrix, shape (n, d)
        queries : Tensor or CSR matrix, shape (l, d); with ``metric='precomputed'`` (l, n)
        k : int
            In 1 .. n.
        device : torch.device
            Where to search, and where the neighbours go.
        shards : Shards
            Of the rows of X and of the queries, if several ranks share them; n are all rows then.

        Returns
        -------
        Neighbors
            Of the queries among the rows of X, (l, k).

        Raises
        ------
        ValueError
            Sparse queries for dense X; rows or queries that the metric is not defined for.
        """
        X, queries = self._rescale(X), self._rescale(queries)
        if shards.count > 1:
            return _move(self._among_ranks(X, queries, k, shards), device)
        return self._among(X, queries, k, device)

    def _among_ranks(self, X: Tensor, queries: Tensor, k: int, shards: Shards) -> Neighbors:
        """Find the neighbours of this rank's queries among the rows of all ranks, on the CPU."""
        rows, wanted = self._rows_of_rank(X), self._rows_of_rank(queries)
        scaling = Scaling.of(rows, shards)
        asking = Part(shards, shards.sizes(len(wanted)))
        first = Part(shards, shards.sizes(len(rows))).first
        every = scaling(asking.gather(wanted.to(rows.dtype))).clamp(-_FARTHEST, _FARTHEST)
        indices = torch.zeros(len(every), k, dtype=torch.int32, device="cpu")
        sq_distances = torch.full((len(every), k), math.inf, dtype=torch.float32, device="cpu")
        here = min(k, len(rows))
        if here and len(every):
            found = neighbors_in(scaling(rows), every, here)
            indices[:, :here] = found.indices + first
            sq_distances[:, :here] = found.sq_distances
        sq_distances, order = torch.cat(list(shards.gather(sq_distances)), 1).sort(
            dim=1, stable=True
        )
        indices = torch.cat(list(shards.gather(indices)), 1).gather(1, order)
        mine = Neighbors(
            indices[asking.rows, :k].contiguous(), sq_distances[asking.rows, :k].contiguous()
        )
        return self._in_metric(mine, scaling.unit)

    def _rows_of_rank(self, X: Tensor) -> Tensor:
        """Return rows of this rank whose Euclidean neighbours are those wanted."""
        X = X.cpu()
        rows = X if self.metric == "euclidean" else sphere.unit_vectors(X, self.metric)
        assert rows is not None  # as was checked before
        return rows

    def _among(self, X: Any, queries: Any, k: int, device: torch.device) -> Neighbors:
        rows = self._euclidean_rows(X)
        if rows is not None and sparse.issparse(queries):
            raise ValueError("X must be dense, as the data of the fit were, got a sparse matrix")
        query_rows = None if rows is None else self._euclidean_rows(queries, len(X))
        if rows is not None and query_rows is None:
            # Queries of length 0 go to scikit-learn, and the others do not depend on them.
            on_sphere = sphere.row_lengths(queries, self.metric)[:, 0] > 0
            if bool(on_sphere.any()):
                parts = [
                    self._among(X, queries[some], k, device) for some in (on_sphere, ~on_sphere)
                ]
                return _merge(parts, on_sphere.to(device))
        if rows is None or query_rows is None:
            neighbors = metric_neighbors(
                _to_numpy(X),
                k,
                self.metric,
                self.metric_params,
                queries=_to_numpy(queries),
            )
            return _move(neighbors, device)
        scaling = Scaling.of(rows.to(device))
        scaled = scaling(query_rows.to(device, rows.dtype)).clamp(-_FARTHEST, _FARTHEST)
        neighbors = neighbors_in(scaling(rows.to(device)), scaled, k)
        return self._in_metric(neighbors, scaling.unit)

    def _is_exact(self, n: int) -> bool:
        if self.neighbors == "auto":
            return n <= _EXACT_SEARCH_UP_TO
        return self.neighbors == "exact"

    def _rescale(self, X: Any) -> Any:
        return sphere.rescale_rows(X, self.metric) if self.metric in sphere.METRICS else X

    def _euclidean_rows(self, X: Any, n: int | None = None) -> Tensor | None:
        """Return rows whose Euclidean neighbours are those wanted; None for scikit-learn's search.

        That is the search for all metrics but 'euclidean', 'cosine' and 'correlation', for sparse
        data, for a row without a direction, and under 'auto' for few data: n rows, those of X
        unless X are queries.
        """
        if sparse.issparse(X):
            return None
        if self.metric == "euclidean":
            return X
        if self.metric not in sphere.METRICS or self.metric_params or self.whole:
            return None
        if self.neighbors == "auto" and (X.shape[0] if n is None else n) < _SPHERE_FROM:
            return None
        return sphere.unit_vectors(X, self.metric)

    def _in_metric(self, neighbors: Neighbors, unit: float) -> Neighbors:
        """Turn distances of scaled rows into those of the metric."""
        if self.metric == "euclidean":
            return neighbors._replace(unit=unit)
        return sphere.from_chords(neighbors, unit)


def _merge(parts: list[Neighbors], is_first: Tensor) -> Neighbors:
    """Join the neighbours of two sets of queries: the first's stand where ``is_first`` (l,)."""
    first, second = parts
    k = first.indices.shape[1]
    indices = first.indices.new_empty(len(is_first), k)
    sq_distances = first.sq_distances.new_empty(len(is_first), k)
    indices[is_first], indices[~is_first] = first.indices, second.indices
    sq_distances[is_first] = first.sq_distances
    sq_distances[~is_first] = second.sq_distances * (second.unit / first.unit) ** 2
    return Neighbors(indices, sq_distances, first.unit)


def _to_numpy(X: Any) -> Any:
    return X.cpu().numpy() if isinstance(X, Tensor) else X


def _move(neighbors: Neighbors, device: torch.device) -> Neighbors:
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
