"""Small faces on a map of facial-landmark frames, each at the point of its frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._validation import as_array
from ..landmarks import CONTOURS, N_POINTS, procrustes
from .checks import as_map, check_rows, get_axes
from .coloring import color_by_labels
from .figures import set_view

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_OUTLINE = [*range(17), *range(26, 16, -1)]
"""Landmarks around the face: along the jaw, and back over the brows."""

_SPACING = 1.25
"""Least distance of the middles of two faces, relative to the height of a face."""

_DARKENING = 0.7
"""Factor on the RGB of the lines, which would be too pale on white."""


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
    """Draw the faces of some frames on a map, each at its point.

    The landmarks of a frame are turned upright and scaled to unit size
    (`fasttsne.landmarks.procrustes`), then connected along ``fasttsne.landmarks.CONTOURS``.

    Parameters
    ----------
    target : matplotlib Axes or Figure
        Picture of the map, as drawn by `scatter`. A figure must have exactly one Axes.
    Y : array or tensor, shape (n, 2)
        Map.
    points : array or tensor, shape (n, 68, 2)
        Landmarks of each frame of the map; y increases downwards.
    at : array of int, shape (k,), optional
        Rows to draw. Default: as many as fit without overlap, spread over the map.
    labels, label_names : optional
        As in `scatter`, for the colour of the lines. Default: black.
    size : float
        Height of a face, relative to the longer side of the map.
    seed : int
        Seed of the order in which rows are tried, if ``at`` is not given.

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
    Y = as_map(Y, n_dims=(2,))
    points = as_array(points)
    if points.shape != (len(Y), N_POINTS, 2):
        raise ValueError(f"points must have shape ({len(Y)}, 68, 2), got {points.shape}")
    if not 0 < size <= 1:
        raise ValueError(f"size must lie in (0, 1], a fraction of the map, got {size}")
    height = size * float(np.ptp(Y, axis=0).max() or 1.0)
    if at is None:
        rows = _choose_spread_rows(Y, _SPACING * height, seed)
    else:
        rows = check_rows("at", at, len(Y))
    coloring = color_by_labels(labels, label_names, len(Y))
    ax = get_axes(target, 2)

    colors = np.zeros((len(Y), 3)) if labels is None else _DARKENING * coloring.rgb
    if len(rows):
        shapes = procrustes(points[rows]).reshape(-1, N_POINTS, 2) * (1, -1)
        low, high = shapes.min(axis=1, keepdims=True), shapes.max(axis=1, keepdims=True)
        # All faces have the same scale, so that a face with an open mouth is longer.
        shapes = (shapes - (low + high) / 2) * height / (np.median((high - low)[..., 1]) or 1.0)
        placed = Y[rows, None] + shapes
        _extend_limits(ax, placed)
        for shape, row in zip(placed, rows, strict=True):
            _draw_face(ax, shape, colors[row])
    return ax.figure


def _choose_spread_rows(Y: np.ndarray, gap: float, seed: int) -> np.ndarray:
    """Choose a maximal set of points with distances of ``gap`` or more in the maximum norm."""
    order = np.random.default_rng(seed).permutation(len(Y))
    chosen = []
    while len(order):
        chosen.append(order[0])
        order = order[np.abs(Y[order] - Y[order[0]]).max(axis=1) >= gap]
    return np.array(chosen)


def _extend_limits(ax: Any, shapes: np.ndarray) -> None:
    """Move the limits outwards where needed, so that all faces lie within them."""
    low, high = np.array([ax.get_xlim(), ax.get_ylim()]).T
    margin = 0.01 * (high - low).max()
    set_view(
        ax,
        np.minimum(low, shapes.min(axis=(0, 1)) - margin),
        np.maximum(high, shapes.max(axis=(0, 1)) + margin),
    )


def _draw_face(ax: Any, shape: np.ndarray, color: np.ndarray) -> None:
    """Draw the lines of a face on a white area, which covers faces that were drawn before."""
    from matplotlib.collections import LineCollection, PolyCollection

    def polyline(part: slice, is_closed: bool) -> np.ndarray:
        return np.concatenate([shape[part], shape[part][:1]]) if is_closed else shape[part]

    area = PolyCollection([shape[_OUTLINE]], facecolors="white", zorder=3)
    lines = LineCollection(
        [polyline(*contour) for contour in CONTOURS.values()],
        colors=[tuple(color)],
        linewidths=0.8,
        capstyle="round",
        zorder=3,
    )
    for collection in (area, lines):
        ax.add_collection(collection, autolim=False)
