"""A map with the names of its points, none of which overlaps another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._labels import check_names
from .._validation import as_array
from ..names import index_of
from .checks import as_map
from .coloring import color_by_labels
from .figures import (
    draw_legend,
    draw_map,
    half_view,
    make_axes,
    set_view,
    shape_of_axes,
    shape_of_views,
)
from .placement import select_disjoint
from .texts import half_sizes, halo, shorten, size_in_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POINTS_AROUND = 100
"""Number of points around the middle one that are in view if no span is given."""

_PALENESS = 0.6
"""Share of white in the colours of the points, so that the names on them can be read."""

_MARKED = "#C04000"
"""Colour of the names in ``mark``."""

_POSITIONS = np.array(
    [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (0, 2), (0, -2), (1, 1), (-1, 1), (1, -1), (-1, -1)]
)
"""Candidate positions of a name, in the order in which they are tried: on its point, then above,
below and beside it. They are steps to the right and up, in units of half the size of the name plus
`_CLEARANCE`."""

_CLEARANCE = 1.5
"""Points (1/72 inch) between a point and a name beside it."""

_MAX_BOXES = 200_000
"""Upper bound on candidate boxes in all. If many points are in view, each name has fewer candidate
positions; most names are left out anyway."""


def words(
    Y: Any,
    names: Sequence[str],
    *,
    importance: Any = None,
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    around: str | None = None,
    span: float | None = None,
    mark: Sequence[str] = (),
    n_labels: int | None = 400,
    fontsize: float = 7.0,
    ax: Any = None,
    title: str | None = None,
    caption: str | None = None,
    legend_title: str | None = None,
    seed: int = 0,
) -> Figure:
    """Draw a map, or a part of it, with the names of points, none of which overlaps another.

    The names in view are written in order of importance. A name that finds no free position near
    its point is left out. All points in view are drawn behind the names, in pale colours.

    Parameters
    ----------
    Y : array or tensor, shape (n, 2)
        Map.
    names : sequence of str, length n
        Names of the points. An empty string or None is a point without a name. Names of more than
        28 characters are shortened.
    importance : array, shape (n,), optional
        Importance of each name: the greatest is written first, ties in the given order. Default:
        the given order, which suits words sorted by frequency.
    labels, label_names, legend_title
        Classes, or numbers, that colour points and names; as in `scatter`.
    around : str, optional
        Name of the point in the middle of the view. If several points have it, the first.
    span : float, optional
        Side of the square in view, in units of the map. Default: the whole map or, with
        ``around``, the square that holds the 100 points nearest to it.
    mark : sequence of str
        Names to write before all others, bold and in colour, such as neighbours found in the data.
        ``around`` comes before them.
    n_labels : int or None
        Upper bound on the number of names; None: no bound.
    fontsize : float
        Font size in points (1/72 inch). The first names are larger, the last ones smaller.
    ax : matplotlib Axes, optional
        Axes to draw on. Names are placed for its present size. Default: that of a new figure.
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
        If the type or shape of an argument is wrong, a value of ``Y`` is not finite, no point has
        the name ``around`` or one in ``mark``, or no point is in view.
    """
    Y = as_map(Y, n_dims=(2,))
    n = len(Y)
    names = check_names(names, n)
    if span is not None and not 0 < span < np.inf:
        raise ValueError(f"span must be a positive number, got {span}")
    if n_labels is not None and n_labels < 1:
        raise ValueError(f"n_labels must be at least 1, or None; got {n_labels}")
    marked = [index_of(name, names) for name in ([] if around is None else [around]) + [*mark]]
    order = _order_by_importance(importance, n, marked)
    shape = shape_of_views([Y]) if ax is None else shape_of_axes(ax)
    low, high = _choose_view(Y, shape, marked[0] if around is not None else None, span)
    coloring = color_by_labels(labels, label_names, n, legend_title)

    inside = ((low <= Y) & (high >= Y)).all(1)
    if not inside.any():
        raise ValueError(f"span must be wider: got {span}, and no point of Y is in view")
    pale = 1 - (1 - _PALENESS) * (1 - coloring.rgb)
    behind = replace(
        coloring,
        rgb=pale[inside],
        is_labelled=coloring.is_labelled[inside],
        names=[],  # the names of points are written, not those of classes
    )
    if ax is None:
        (ax,) = make_axes(1, 2, coloring, (high - low) / (high - low).max())
    draw_map(ax, Y[inside], behind, title, coloring.below(caption), seed)
    set_view(ax, low, high)
    dark = 0.55 * coloring.rgb if labels is not None else np.full((n, 3), 0.15)
    _write_names(ax, Y, names, order[inside[order]], set(marked), dark, n_labels, fontsize)
    draw_legend(coloring, [ax])
    return ax.figure


def _order_by_importance(importance: Any, n: int, first: list[int]) -> np.ndarray:
    """Return the rows in ``first``, then all others, the most important first."""
    order = np.arange(n)
    if importance is not None:
        importance = as_array(importance)
        if importance.shape != (n,) or importance.dtype.kind not in "biuf":
            raise ValueError(
                f"importance must hold {n} numbers, one for each point; got shape "
                f"{importance.shape}, dtype {importance.dtype}"
            )
        order = np.argsort(-importance.astype(float), kind="stable")
    return np.array(list(dict.fromkeys([*first, *order.tolist()])))


def _choose_view(
    Y: np.ndarray, shape: np.ndarray, center: int | None, span: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower left and upper right corner of the view."""
    low, high = Y.min(0).astype(float), Y.max(0).astype(float)
    middle = (low + high) / 2 if center is None else Y[center].astype(float)
    if span is None and center is None:
        half = half_view(Y, shape)
    else:
        if span is None:
            distance = np.abs(Y - middle).max(1)
            span = 2.04 * float(np.sort(distance)[: _POINTS_AROUND + 1][-1])
        half = np.full(2, (span or 1.0) / 2)
    return middle - half, middle + half


def _write_names(
    ax: Any,
    Y: np.ndarray,
    names: Sequence[str],
    rows: np.ndarray,
    marked: set[int],
    colors: np.ndarray,
    n_labels: int | None,
    fontsize: float,
) -> None:
    """Write the names of ``rows``, which come in order of importance, where there is room."""
    low, high, side = size_in_points(ax)
    texts = [shorten(" ".join(names[row].split())) for row in rows]
    weights = ["bold" if row in marked else "normal" for row in rows.tolist()]
    # The font sizes decrease from 1.3 fontsize for the first name to 0.8 fontsize for the last.
    sizes = fontsize * (1.3 - 0.5 * np.log1p(np.arange(len(rows))) / np.log1p(len(rows)))
    half = half_sizes(texts, weights, sizes)
    fits = np.flatnonzero(np.array(texts, bool) & (2 * half <= side).all(1))

    positions = _POSITIONS[: max(1, _MAX_BOXES // len(rows))]
    owner = np.repeat(fits, len(positions))
    half = half[owner]
    point = (Y[rows[owner]] - low) / (high - low) * side
    shift = np.tile(positions, (len(fits), 1)) * (half + _CLEARANCE)
    # A name that would extend beyond the axes is moved inside.
    middle = np.clip(point + shift, half, side - half)
    boxes = np.hstack([middle - half, middle + half])
    kept = select_disjoint(boxes, owner=owner, at_most=n_labels)

    for i, (x, y) in zip(owner[kept], low + middle[kept] / side * (high - low), strict=True):
        ax.text(
            x,
            y,
            texts[i],
            fontsize=sizes[i],
            weight=weights[i],
            color=_MARKED if weights[i] == "bold" else colors[rows[i]],
            ha="center",
            va="center",
            parse_math=False,
            path_effects=halo(linewidth=1.5, alpha=0.8),
        )
