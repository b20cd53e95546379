"""All measures of a map in one table, and several maps measured in the same way."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from .. import _validation
from ..affinities import JointP, joint_affinities
from . import classes, distances, divergence, exact, neighborhoods, outliers, torn_classes
from .inputs import (
    as_points,
    find_labelled,
    group_codes,
    rows_outside,
    same_rows,
    sample_indices,
)

_COHESION_K = 15
"""Neighbours by which the cohesion is measured."""
_RANKED_ROWS = 1000
"""Upper bound on the sample for trustworthiness and continuity. They rank neighbours among all
rows, which takes longest, and the standard error is small enough with 1,000 rows."""


class Report(dict[str, float]):
    """The measures of a map by name; as a string, a table of them.

    In this order: recall of the 10 and of the 30 nearest neighbours (of all others if there are
    fewer), trustworthiness, continuity, rank correlation of distances and random triplets; with
    labels, accuracy of a vote of the 10 nearest (of other groups, if these are given), neighbours
    of class centres (KNC), cohesion and silhouette; strays, reach, KL divergence and KL divergence
    at the best scale. Higher is better for all but the last four.
    """

    def __str__(self) -> str:
        width = max(map(len, self))
        return "\n".join(f"{name:{width}}  {digits(value):>8}" for name, value in self.items())


def digits(value: float) -> str:
    """Format a measure: with three decimals, or with two significant digits if it is small.

    Parameters
    ----------
    value : float

    Returns
    -------
    str
    """
    return f"{value:.3f}" if value == 0 or not abs(value) < 0.01 else f"{value:.1e}"


class Judge:
    """Measures several maps of one data set in the same way.

    What depends on the data alone is computed once: P, and the neighbours of a sample of rows. Each
    call then searches for neighbours in the map, and once more if some rows have no label.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data, n of 4 or more. Distances are Euclidean and exact, except for the neighbours of P,
        which are found as :class:`fasttsne.TSNE` finds them.
    labels : array, tensor or sequence, shape (n,), optional
        Integers or strings, negative where a row has none. Measures that need labels are left out
        unless there are at least 2 classes and more than 15 labelled rows.
    perplexity : float
        Perplexity of P; reduced to a third of the number of other rows if it is larger.
    P : JointP, optional
        P itself; by default it is computed from X.
    dof : float
        Degrees of freedom of the map's kernel.
    method : {'approximate', 'exact'}
        How the KL divergences are computed, see :func:`kl_divergence`.
    n_sample : int
        Rows in the sample whose neighbours are compared; at most 1,000 for trustworthiness and
        continuity.
    seed : int
        Seed of the samples of rows, pairs and triplets.
    group : array, tensor or sequence, shape (n,), optional
        Clip or person of each row, as in :func:`label_accuracy`. The accuracy is left out if there
        are no 10 rows outside of the largest group.

    Raises
    ------
    TypeError, ValueError
        If a type, a shape or a number is wrong, or a value is not finite.
    """

    def __init__(
        self,
        X: Any,
        labels: Any = None,
        *,
        perplexity: float = 30.0,
        P: JointP | None = None,
        dof: float = 1.0,
        method: str = "approximate",
        n_sample: int = 5000,
        seed: int = 0,
        group: Any = None,
    ) -> None:
        self._x = x = as_points("X", X)
        n = len(x)
        if n < 4:
            raise ValueError(f"X must have at least 4 rows, got {n}")
        if labels is not None:
            find_labelled(labels, n)
        self._labels = labels
        self._groups = None if group is None else group_codes(group, n)
        self._dof = _validation.number("dof", dof, above=0)
        self._method = _validation.choice("method", method, ("approximate", "exact"))
        self._n_sample, self._seed = _validation.integer("n_sample", n_sample, 1), seed
        self._rows = sample_indices(n, n_sample, seed)
        self._ranked = sample_indices(n, min(n_sample, _RANKED_ROWS), seed)
        if P is None:
            reduced = min(_validation.number("perplexity", perplexity, least=1), (n - 1) / 3)
            P = joint_affinities(X, reduced)
        self._P = P
        self._near = exact.nearest(x, self._rows, min(30, n - 1))
        self._near_ranked = exact.nearest(x, self._ranked, min(10, (n - 1) // 2))

    def __call__(self, Y: Any) -> Report:
        """Measure a map.

        Parameters
        ----------
        Y : array or tensor, shape (n, m)
            Map of the rows of X.

        Returns
        -------
        Report

        Raises
        ------
        TypeError, ValueError
            If Y does not hold as many rows as X, of finite real numbers.
        """
        x, y = same_rows(self._x, Y)
        rows, ranked, seed = self._rows, self._ranked, self._seed
        near = exact.nearest_of_all(y, self._near.shape[1])
        found = Report()
        for k in sorted({min(10, near.shape[1]), near.shape[1]}):
            found[f"neighbour recall@{k}"] = neighborhoods.score_recall(
                x, rows, self._near[:, :k], near[rows.to(near.device), :k]
            )
        near_ranked = near[ranked.to(near.device), : self._near_ranked.shape[1]]
        found["trustworthiness"] = neighborhoods.score_ranks(x, ranked, near_ranked)
        found["continuity"] = neighborhoods.score_ranks(y, ranked, self._near_ranked)
        found["distances, rank correlation"] = distances.pairwise_distance_correlation(
            x, y, seed=seed
        )
        found["random triplets"] = distances.triplet_accuracy(x, y, seed=seed)
        if self._labels is not None:
            found |= self._measure_classes(y, near)
        found["strays"] = outliers.score_strays(y, near[:, :5])
        found["reach"] = outliers.reach(y)
        given = self._P, y, self._dof, self._method
        found["KL divergence"] = divergence.kl_divergence(*given)
        found["KL at best scale"] = divergence.kl_at_best_scale(*given).kl_divergence
        return found

    def _measure_classes(self, y: Tensor, near: Tensor) -> dict[str, float]:
        """Return the measures that need classes; none if there are too few classes or rows.

        ``near`` (n, k) are the nearest neighbours of all rows of the map. They are searched anew if
        some rows are unlabelled, as only labelled rows count then.
        """
        kept, names = find_labelled(self._labels, len(y))
        if not classes.has_classes(names, _COHESION_K):
            return {}
        x = self._x
        if len(names) < len(y):
            y, x = y[kept.to(y.device)], x[kept.to(x.device)]
            near = exact.nearest_of_all(y, _COHESION_K)
        codes = np.unique(names, return_inverse=True)[1]
        rows = sample_indices(len(y), self._n_sample, self._seed)
        near_rows = near[rows.to(near.device), :10]
        found = {}
        if self._groups is None:
            found["10-NN accuracy"] = classes.score_votes(codes, rows, near_rows)
        elif rows_outside(groups := self._groups[kept]) >= 10:
            near_rows = exact.nearest_of_other_groups(y, rows, 10, groups)
            found["10-NN accuracy across groups"] = classes.score_votes(codes, rows, near_rows)
        if codes.max() > 1:
            found["class neighbours"] = classes.class_neighbor_recall(x, y, names)
        largest = torn_classes.count_largest_pieces(y, codes, near[:, :_COHESION_K])
        found["cohesion"] = float(largest.sum() / len(y))
        if classes.has_silhouette(codes[rows.numpy()]):
            found["silhouette"] = classes.silhouette(y, names, self._n_sample, self._seed)
        return found


def report(
    X: Any,
    Y: Any,
    labels: Any = None,
    *,
    perplexity: float = 30.0,
    P: JointP | None = None,
    dof: float = 1.0,
    method: str = "approximate",
    n_sample: int = 5000,
    seed: int = 0,
    group: Any = None,
) -> Report:
    """Compute all measures of a map, for ``print(report(X, Y, labels))``.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    labels, perplexity, P, dof, method, n_sample, seed, group
        As of :class:`Judge`, which measures several maps of the same data in less time.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        As :class:`Judge`.
    """
    judge = Judge(
        X,
        labels,
        perplexity=perplexity,
        P=P,
        dof=dof,
        method=method,
        n_sample=n_sample,
        seed=seed,
        group=group,
    )
    return judge(Y)
