"""One map, or PCA beside t-SNE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .. import initialization, metrics
from .colors import as_array, coloring_of
from .figures import draw_key, draw_map, map_points, new_axes, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SAMPLE = 2000  # rows whose neighbourhoods are looked at: gives two digits, in seconds


def scatter(
    Y: Any,
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    *,
    ax: Any = None,
    title: str | None = None,
    caption: str | None = None,
    seed: int = 0,
) -> Figure:
    """Draw a map.

    Parameters
    ----------
    Y : array or tensor, shape (n, 2) or (n, 3)
        Map. Three columns are drawn in three dimensions.
    labels : array, tensor or sequence, shape (n,), optional
        Integers, booleans or strings colour the points by class, with a legend up to 40 classes;
        floats without ``label_names`` colour them on a scale. Negative integers, None, NaN and
        empty strings are drawn in grey, as unlabelled.
    label_names : mapping or sequence of str, optional
        Name of each integer label.
    ax : matplotlib Axes, optional
        Where to draw (a 3-D one for three columns). Default: a new figure.
    title, caption : str, optional
        Text above and below the map.
    seed : int
        Seed of the order in which the points are drawn.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If the type or shape of an argument is wrong or a value of ``Y`` is not finite.
    """
    Y = map_points(Y)
    coloring = coloring_of(labels, label_names, len(Y))
    if ax is None:
        axes = new_axes(1, Y.shape[1], coloring)
        ax = axes[0]
    elif (getattr(ax, "name", "") == "3d") != (Y.shape[1] == 3):
        raise ValueError(f"ax must be {Y.shape[1]}-D, as Y is; got {type(ax).__name__}")
    draw_map(ax, Y, coloring, title, caption, seed)
    draw_key(coloring, [ax])
    return ax.figure


def compare(
    X: Any,
    Y: Any,
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    *,
    title: str | None = None,
    k: int = 10,
    seed: int = 0,
) -> Figure:
    """Draw PCA of the data beside its t-SNE map, each with what it keeps written below.

    That is the recall of the k nearest neighbours and, with classes, the accuracy of a vote
    among the k nearest points (see `fasttsne.metrics`), for a sample of 2,000 rows.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data.
    Y : array or tensor, shape (n, 2) or (n, 3)
        Map of the same rows.
    labels, label_names, seed
        As in `scatter`.
    title : str, optional
        Text above both.
    k : int
        Neighbours of a row; fewer where there are not as many rows.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If the type or shape of an argument is wrong or a value is not finite.
    """
    Y = map_points(Y)
    X = as_array(X)
    if X.ndim != 2 or len(X) != len(Y) or X.shape[1] < Y.shape[1]:
        raise ValueError(f"X must have shape ({len(Y)}, d) with d >= {Y.shape[1]}, got {X.shape}")
    coloring = coloring_of(labels, label_names, len(Y))
    axes = new_axes(2, Y.shape[1], coloring)
    pca = initialization.pca(torch.tensor(X, dtype=torch.float32), Y.shape[1], seed).numpy()
    for ax, name, points in zip(axes, ("PCA", "t-SNE"), (pca, Y), strict=True):
        caption = _quality(X, points, coloring.codes, k, seed)
        draw_map(ax, points, coloring, name, caption, seed)
    draw_key(coloring, axes)
    if title:
        axes[0].figure.suptitle(plain(title), y=0.99, va="bottom")
    return axes[0].figure


def _quality(X: Any, Y: np.ndarray, codes: np.ndarray | None, k: int, seed: int) -> str:
    k = min(k, len(Y) - 1)
    recall = metrics.neighbor_recall(X, Y, k, _SAMPLE, seed)
    text = f"neighbour recall@{k}  {recall:.2f}"
    if codes is None or (codes >= 0).sum() <= k or codes.max() < 1:
        return text
    accuracy = metrics.label_accuracy(Y, codes, k, _SAMPLE, seed)
    return f"{text}      {k}-NN accuracy  {accuracy:.2f}"
