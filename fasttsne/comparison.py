"""Comparison of t-SNE with PCA: both maps, and measures of what each keeps of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import initialization, metrics
from ._validation import as_matrix
from .metrics.classes import has_classes
from .metrics.inputs import group_codes, rows_outside

__all__ = ["beside_pca", "caption", "measures"]

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
        `fasttsne.metrics.label_accuracy`.

    Returns
    -------
    dict of str to float
        By name: the recall of the k nearest neighbours and, with at least 2 classes and more than k
        labelled rows (with groups: k outside of the largest), the accuracy of a vote among them
        (see `fasttsne.metrics`).
    """
    k = min(k, len(Y) - 1)
    found = {f"neighbour recall@{k}": metrics.neighbor_recall(X, Y, k, n_sample, seed)}
    if labels is None or not has_classes(labels[labels >= 0], k):
        return found
    name = f"{k}-NN accuracy" if group is None else f"{k}-NN accuracy across groups"
    if group is None or rows_outside(group_codes(group, len(Y))[labels >= 0]) >= k:
        found[name] = metrics.label_accuracy(Y, labels, k, n_sample, seed, group)
    return found


def caption(found: Mapping[str, float]) -> str:
    """Format measures as one line of text, each with two decimals.

    Parameters
    ----------
    found : mapping of str to float
        Measures by name, as :func:`measures` returns them.

    Returns
    -------
    str
    """
    return "      ".join(f"{name}  {value:.2f}" for name, value in found.items())
