"""Comparison of t-SNE with PCA: both maps, and measures of what each keeps of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import initialization, metrics
from ._validation import as_matrix
from .landmarks import leave_group_out
from .metrics.classes import has_classes

_SAMPLE = 2000
"""Default size of the sample, which gives two digits within seconds."""


def beside_pca(X: Any, Y: Any, seed: int = 0) -> dict[str, np.ndarray]:
    """Return a map and the PCA of its data, both in the same number of dimensions.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    seed : int
        Seed of the PCA.

    Returns
    -------
    dict of str to ndarray, shape (n, m)
        The maps under 'PCA' and 't-SNE'.

    Raises
    ------
    ValueError
        If ``X`` and ``Y`` differ in their number of rows, or ``X`` has fewer columns than ``Y``.
    """
    data, points = as_matrix(X).cpu(), as_matrix(Y, "Y").cpu()
    n, m = points.shape
    if len(data) != n or data.shape[1] < m:
        raise ValueError(f"X must have shape ({n}, d) with d >= {m}, got {tuple(data.shape)}")
    return {"PCA": initialization.pca(data.float(), m, seed).numpy(), "t-SNE": points.numpy()}


def measures(
    X: Any,
    Y: Any,
    labels: np.ndarray | None = None,
    k: int = 10,
    n_sample: int = _SAMPLE,
    seed: int = 0,
    group: np.ndarray | None = None,
) -> dict[str, float]:
    """Compute the measures that are written below a map. Higher is better, and 1 is the maximum.

    All other measures are in :func:`fasttsne.metrics.report`.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    labels : ndarray, shape (n,), int, optional
        Class of each row, negative where it has none.
    k : int
        Neighbours of a row; reduced to the number of other rows if it is larger.
    n_sample : int
        Rows in the sample; all rows are used if there are no more.
    seed : int
        Seed of the sample.
    group : ndarray, shape (n,), optional
        Clip or person of each row. If given, only rows of other groups vote on a row's class, see
        `fasttsne.landmarks.leave_group_out`.

    Returns
    -------
    dict of str to float
        By name: the recall of the k nearest neighbours and, with at least 2 classes and more than k
        labelled rows, the accuracy of a vote among them (see `fasttsne.metrics`).
    """
    k = min(k, len(Y) - 1)
    found = {f"neighbour recall@{k}": metrics.neighbor_recall(X, Y, k, n_sample, seed)}
    known = labels[labels >= 0] if labels is not None else np.empty(0)
    if not has_classes(known, k):
        return found
    if group is None:
        found[f"{k}-NN accuracy"] = metrics.label_accuracy(Y, labels, k, n_sample, seed)
    else:
        accuracy = _accuracy_across_groups(Y, labels, group, k, n_sample, seed)
        found[f"{k}-NN accuracy across groups"] = accuracy
    return found


def _accuracy_across_groups(
    Y: Any, labels: Any, group: Any, k: int, n_sample: int, seed: int
) -> float:
    """Return the accuracy of a vote of the k nearest rows of other groups, in a sample of rows."""
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(labels >= 0))[:n_sample]
    points = as_matrix(Y, "Y").cpu().numpy()[rows]
    return float(np.mean(leave_group_out(points, labels[rows], group[rows], k) == labels[rows]))


def caption(found: Mapping[str, float]) -> str:
    """Format measures as one line of text, each with two decimals."""
    return "      ".join(f"{name}  {value:.2f}" for name, value in found.items())
