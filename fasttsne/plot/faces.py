"""Small faces on a map of landmark frames, each where its frame lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._validation import as_array
from ..landmarks import CONTOURS, N_POINTS, procrustes
from .colors import coloring_of
from .figures import axes_of, map_points, rows_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The outline of what a face covers: along the jaw, and back over the brows.
_OUTLINE = [*range(17), *range(26, 16, -1)]
_GAP = 1.25  # faces, from the middle of one to the middle of the next
_DARKENED = 0.7


def faces(
    target: Any,
    Y: Any,
    points: Any,
    at: Any = None,
    *,
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    size: float = 0.08,
    seed: int = 0,
) -> Figure:
    """Draw faces on a map, to see what its frames look like here and there.

    Each face is the frame itself, upright and of unit size (see `fasttsne.landmarks.procrustes`),
    drawn by the lines of ``fasttsne.landmarks.CONTOURS``.

    Parameters
    ----------
    target : matplotlib Axes or Figure
        The map, such as `scatter` draws, of two dimensions; of a figure, its only axes.
    Y : array or tensor, shape (n, 2)
        Map.
    points : array or tensor, shape (n, 68, 2)
        The frames of the map, y down.
    at : array of int, shape (k,), optional
        Rows to draw. Default: as many as fit without overlap, spread over the map.
    labels, label_names : optional
        As in `scatter`, for the colour of the lines. Default: black.
    size : float
        Height of a face, as a fraction of the wider side of the map.
    seed : int
        Seed of the order in which rows are tried, where ``at`` is not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If the type or shape of an argument is wrong, a row is out of range, a value is not
        finite, or ``size`` is not in (0, 1].
    """
    Y = map_points(Y)
    if Y.shape[1] != 2:
        raise ValueError(f"faces are drawn on maps (n, 2) only, got Y of shape {Y.shape}")
    points = as_array(points)
    if points.shape != (len(Y), N_POINTS, 2):
        raise ValueError(f"points must have shape ({len(Y)}, 68, 2), got {points.shape}")
    if not 0 < size <= 1:
        raise ValueError(f"size must lie in (0, 1], a fraction of the map, got {size}")
    height = size * float(np.ptp(Y, axis=0).max() or 1.0)
    rows = _spread(Y, _GAP * height, seed) if at is None else rows_of(at, "at", len(Y))
    coloring = coloring_of(labels, label_names, len(Y))
    ax = axes_of(target, 2)

    color = np.zeros((len(Y), 3)) if labels is None else _DARKENED * coloring.rgb
    if len(rows):
        shapes = procrustes(points[rows]).reshape(-1, N_POINTS, 2) * (1, -1)
        low, high = shapes.min(axis=1, keepdims=True), shapes.max(axis=1, keepdims=True)
        # One scale for all, so that a face with an open mouth is longer.
        shapes = (shapes - (low + high) / 2) * height / (np.median((high - low)[..., 1]) or 1.0)
        placed = Y[rows, None] + shapes
        _make_room(ax, placed)
        for shape, row in zip(placed, rows, strict=True):  # a later one covers an earlier one
            _draw(ax, shape, color[row])
    return ax.figure


def _spread(Y: np.ndarray, gap: float, seed: int) -> np.ndarray:
    """Rows of a maximal set of points that are a gap apart to the side, or up and down."""
    order = np.random.default_rng(seed).permutation(len(Y))
    chosen = []
    while len(order):
        chosen.append(order[0])
        order = order[np.abs(Y[order] - Y[order[0]]).max(axis=1) >= gap]
    return np.array(chosen)


def _make_room(ax: Any, shapes: np.ndarray) -> None:
    """Move all limits by what the faces go beyond any: a square map stays square."""
    limits = np.array([ax.get_xlim(), ax.get_ylim()])
    low, high = shapes.min(axis=(0, 1)), shapes.max(axis=(0, 1))
    beyond = max(0.0, (limits[:, 0] - low).max(), (high - limits[:, 1]).max())
    ax.set_xlim(limits[0] + (-beyond, beyond))
    ax.set_ylim(limits[1] + (-beyond, beyond))


def _draw(ax: Any, shape: np.ndarray, color: np.ndarray) -> None:
    from matplotlib.collections import LineCollection, PolyCollection

    def polyline(part: slice, is_closed: bool) -> np.ndarray:
        return np.concatenate([shape[part], shape[part][:1]]) if is_closed else shape[part]

    paper = PolyCollection([shape[_OUTLINE]], facecolors="white", zorder=3)
    lines = LineCollection(
        [polyline(*contour) for contour in CONTOURS.values()],
        colors=[tuple(color)],
        linewidths=0.8,
        capstyle="round",
        zorder=3,
    )
    for collection in (paper, lines):
        ax.add_collection(collection, autolim=False)
