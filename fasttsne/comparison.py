"""PCA beside t-SNE: the maps, and in numbers what each keeps of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import initialization, metrics
from ._validation import as_matrix
from .landmarks import leave_group_out

_SAMPLE = 2000  # rows whose neighbourhoods are looked at: gives two digits, in seconds


def beside_pca(X: Any, Y: Any, seed: int = 0) -> dict[str, np.ndarray]:
    """Give a map and the PCA of its data in as many dimensions.

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
        If ``X`` has not as many rows as ``Y`` or fewer columns.
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
    """Measure what is written below a map; the higher, the better, and 1 is all of it.

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
        Neighbours of a row; fewer where there are not as many rows.
    n_sample : int
        Rows that are looked at; all of them if there are no more.
    seed : int
        Picks the rows.
    group : ndarray, shape (n,), optional
        Clip or person of each row: only rows of other groups vote on its class, see
        `fasttsne.landmarks.leave_group_out`.

    Returns
    -------
    dict of str to float
        By name: the recall of the k nearest neighbours and, with at least two classes, the accuracy
        of a vote among them (see `fasttsne.metrics`).
    """
    k = min(k, len(Y) - 1)
    found = {f"neighbour recall@{k}": metrics.neighbor_recall(X, Y, k, n_sample, seed)}
    known = labels[labels >= 0] if labels is not None else np.empty(0)
    has_classes = len(known) > k and len(np.unique(known)) > 1
    if has_classes and group is None:
        found[f"{k}-NN accuracy"] = metrics.label_accuracy(Y, labels, k, n_sample, seed)
    elif has_classes:
        accuracy = _accuracy_across(Y, labels, group, k, n_sample, seed)
        found[f"{k}-NN accuracy across groups"] = accuracy
    return found


def _accuracy_across(Y: Any, labels: Any, group: Any, k: int, n_sample: int, seed: int) -> float:
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(labels >= 0))[:n_sample]
    points = as_matrix(Y, "Y").cpu().numpy()[rows]
    return float(np.mean(leave_group_out(points, labels[rows], group[rows], k) == labels[rows]))


def caption(found: Mapping[str, float]) -> str:
    """Say measures in a line."""
    return "      ".join(f"{name}  {value:.2f}" for name, value in found.items())
