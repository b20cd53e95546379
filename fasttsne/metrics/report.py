"""All measures of a map in one table, with what is to be known of the data found once."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from .. import _validation
from ..affinities import JointP, joint_affinities
from . import measures, pieces
from . import ranks as _ranks

_TOGETHER = 15
"""Neighbours by which the cohesion goes."""
_RANKED = 1000
"""Rows whose neighbours are ranked among all: this takes longest, and a thousand are plenty."""


class Report(dict[str, float]):
    """The measures of a map by name; as a string, a table of them.

    Shares kept of the 10 and the 30 nearest neighbours (of all others where there are fewer),
    trustworthiness, continuity, rank correlation of distances, random triplets; where there are
    labels, accuracy of a vote of the 10 nearest, neighbours of class centres (KNC), cohesion,
    silhouette; strays, reach, KL divergence, KL divergence at the best scale. Higher is better but
    for the last four.
    """

    def __str__(self) -> str:
        width = max(map(len, self))
        return "\n".join(f"{name:{width}}  {digits(value):>8}" for name, value in self.items())


def digits(value: float) -> str:
    """Write a measure with three decimals, or two digits of what is small."""
    return f"{value:.3f}" if value == 0 or not abs(value) < 0.01 else f"{value:.1e}"


class Judge:
    """Measures maps of one data set, all alike.

    What is to be known of the data is found once: P and, of a sample of rows, the neighbours. A
    call then takes one search for neighbours in the map.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data, n of 4 or more. Distances are Euclidean and exact, but for the neighbours of P, which
        are found as :class:`fasttsne.TSNE` finds them.
    labels : array, tensor or sequence, shape (n,), optional
        Integers or strings, negative where a row has none. Without at least two classes, and more
        than 15 rows that have one, what needs labels is left out.
    perplexity : float
        Of P; lowered to a third of the other rows.
    P : JointP, optional
        P itself, in place of one made from X.
    dof : float
        Degrees of freedom of the map's kernel.
    method : {'approximate', 'exact'}
        How the KL divergences are computed, see :func:`kl_divergence`.
    n_sample : int
        Rows whose neighbours are looked at. Trustworthiness and continuity look at 1,000 at most.
    seed : int
        Picks rows, pairs and triplets.

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
    ) -> None:
        self._x = x = measures._matrix("X", X)
        n = len(x)
        if n < 4:
            raise ValueError(f"X must have at least 4 rows, got {n}")
        if labels is not None:
            measures.labelled_rows(x, labels)
        self._labels = labels
        self._dof = _validation.number("dof", dof, above=0)
        self._method = _validation.choice("method", method, ("approximate", "exact"))
        self._n_sample, self._seed = _validation.integer("n_sample", n_sample, 1), seed
        self._rows = measures._sample(n, n_sample, seed)
        self._ranked = measures._sample(n, min(n_sample, _RANKED), seed)
        if P is None:
            lowered = min(_validation.number("perplexity", perplexity, least=1), (n - 1) / 3)
            P = joint_affinities(X, lowered)
        self._P = P
        self._near = _ranks.nearest(x, self._rows, min(30, n - 1))
        self._near_ranked = _ranks.nearest(x, self._ranked, min(10, (n - 1) // 2))

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
            If Y does not hold as many rows of finite real numbers.
        """
        x, y = measures._same_rows(self._x, Y)
        rows, ranked, seed = self._rows, self._ranked, self._seed
        near = pieces.all_nearest(y, self._near.shape[1])
        found = Report()
        for k in sorted({min(10, near.shape[1]), near.shape[1]}):
            kept = measures.share_kept(x, rows, self._near[:, :k], near[rows.to(near.device), :k])
            found[f"neighbour recall@{k}"] = kept
        k = self._near_ranked.shape[1]
        found["trustworthiness"] = measures.rank_score(x, ranked, near[ranked.to(near.device), :k])
        found["continuity"] = measures.rank_score(y, ranked, self._near_ranked)
        found["distances, rank correlation"] = measures.pairwise_distance_correlation(
            x, y, seed=seed
        )
        found["random triplets"] = measures.triplet_accuracy(x, y, seed=seed)
        if self._labels is not None:
            found |= self._of_labels(y, near)
        found["strays"] = pieces.share_lost(y, near[:, :5])
        found["reach"] = pieces.reach(y)
        given = self._P, y, self._dof, self._method
        found["KL divergence"] = measures.kl_divergence(*given)
        found["KL at best scale"] = measures.kl_at_best_scale(*given).kl_divergence
        return found

    def _of_labels(self, y: Tensor, near: Tensor) -> dict[str, float]:
        """Measure what needs classes, where there are any."""
        given = self._labels
        kept, names = measures.labelled_rows(y, given)
        classes, codes = np.unique(names, return_inverse=True)
        if len(names) <= _TOGETHER or len(classes) < 2:
            return {}
        if len(names) < len(y):
            y, x = y[kept.to(y.device)], self._x[kept.to(self._x.device)]
            near = pieces.all_nearest(y, _TOGETHER)
        else:
            x = self._x
        rows = measures._sample(len(y), self._n_sample, self._seed)
        elected = measures.share_elected(codes, rows, near[rows.to(near.device), :10])
        found = {"10-NN accuracy": elected}
        if len(classes) > 2:
            found["class neighbours"] = measures.class_neighbor_recall(x, y, names)
        largest = pieces.largest_pieces(y, codes, near[:, :_TOGETHER])
        found["cohesion"] = float(largest.sum() / len(y))
        if 2 <= len(np.unique(codes[rows.numpy()])) < len(rows):
            found["silhouette"] = measures.silhouette(y, names, self._n_sample, self._seed)
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
) -> Report:
    """Measure a map in every way, for ``print(report(X, Y, labels))``.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    labels, perplexity, P, dof, method, n_sample, seed
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
    )
    return judge(Y)
