"""Figures with maps: the axes, the points on them, and the legend."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import numpy as np

from .checks import require_matplotlib
from .class_names import write_class_names
from .coloring import Coloring
from .texts import escape, size_in_points

_HALF_VIEW = 0.53
"""Half the side of the view, relative to the extent of the map: a margin of 3% on each side."""

_MIN_SIDE = 0.5
"""Shorter side of the view, relative to the longer one, of the flattest maps."""

_PANEL = 6.0
"""Longer side of the axes of a new figure, in inches."""


def shape_of_views(maps: Iterable[np.ndarray]) -> np.ndarray:
    """Return width and height, the longer of them 1, of views that suit several maps.

    Each map, scaled to a longer side of 1, fits into such a view.

    Parameters
    ----------
    maps : iterable of ndarray, shape (n, 2)
        Maps.

    Returns
    -------
    ndarray, shape (2,)
    """
    extents = [np.ptp(Y, axis=0).astype(np.float64) for Y in maps]
    shapes = [extent / extent.max() if extent.any() else np.ones(2) for extent in extents]
    return np.maximum(_MIN_SIDE, np.max(shapes, axis=0))


def shape_of_axes(ax: Any) -> np.ndarray:
    """Return width and height, the longer of them 1, of a view that fills 2-D axes."""
    sides = np.multiply(ax.get_position(original=True).size, ax.figure.bbox.size)
    return np.maximum(_MIN_SIDE, sides / sides.max())


def half_view(Y: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Return half the width and half the height of a view of this shape around a map."""
    return _HALF_VIEW * float((np.ptp(Y, axis=0) / shape).max() or 1.0) * shape


def make_axes(
    n_panels: int, n_dims: int, coloring: Coloring, shape: np.ndarray | None = None
) -> list[Any]:
    """Make a new figure with axes in a row, and return the axes.

    The figure has margins for titles and captions, and room for the legend on the right.

    Parameters
    ----------
    n_panels : int
        Number of axes.
    n_dims : int
        2, or 3 for 3-D axes.
    coloring : Coloring
        Its legend, or scale, determines how wide the figure is.
    shape : ndarray, shape (2,), optional
        Width and height of the axes, relative to the longer side. Default: a square.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    gap, margin = 0.3, 0.5  # inches
    across, up = (_PANEL * (np.ones(2) if shape is None else shape)).tolist()
    longest = max((len(text) for text, _ in coloring.legend), default=0)
    if coloring.scale is not None:
        legend = 1.0
    else:
        legend = coloring.legend_columns(up) * (0.4 + 0.09 * longest)
        if coloring.legend:
            legend = max(legend, 0.2 + 0.1 * len(coloring.title))
    width, height = n_panels * (across + gap) + gap + legend, up + 2 * margin
    figure = Figure(figsize=(width, height))
    projection = "3d" if n_dims == 3 else None
    lefts = [gap + i * (across + gap) for i in range(n_panels)]
    return [
        figure.add_axes(
            (left / width, margin / height, across / width, up / height), projection=projection
        )
        for left in lefts
    ]


def draw_map(
    ax: Any,
    Y: np.ndarray,
    coloring: Coloring,
    title: str | None,
    caption: str | None,
    seed: int,
    shape: np.ndarray | None = None,
) -> None:
    """Draw the points of a map, the names of its classes, a title above and a caption below.

    The axes carry no ticks. One unit of the map is as long in each direction.

    Parameters
    ----------
    ax : matplotlib Axes
        2-D or 3-D, as the map is.
    Y : ndarray, shape (n, 2) or (n, 3)
        Map.
    coloring : Coloring
        Colours of the n points.
    title, caption : str or None
        Text above and below the map.
    seed : int
        Seed of the order in which the points are drawn.
    shape : ndarray, shape (2,), optional
        Width and height of the view, relative to the longer side. Default: those of the axes.
    """
    if Y.shape[1] == 2:
        middle = (Y.min(0) + Y.max(0)) / 2
        half = half_view(Y, shape_of_axes(ax) if shape is None else shape)
        set_view(ax, middle - half, middle + half)
    size, alpha = _choose_size_and_alpha(ax, len(Y))
    order = drawing_order(coloring, seed)
    style: dict[str, Any] = {"s": size, "alpha": alpha, "linewidths": 0, "rasterized": True}
    if Y.shape[1] == 3:
        style["depthshade"] = False
    ax.scatter(*Y[order].T, c=coloring.rgb[order], **style)
    bottom, top = 0.0, None  # None: matplotlib's own place of a title
    if Y.shape[1] == 3:
        bottom, top = _fit_box(ax, Y)
        for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
            axis.line.set(color="0.8", linewidth=0.8)
    else:
        for spine in ax.spines.values():
            spine.set(color="0.8", linewidth=0.8)
        if coloring.names:
            write_class_names(ax, Y, coloring)
    if title:
        ax.set_title(escape(title), y=top)
        if top is not None:
            ax.title.set_y(top)  # 3-D axes lower the height that is given
    if caption:
        write = ax.text2D if Y.shape[1] == 3 else ax.text
        style = {"transform": ax.transAxes, "ha": "center", "va": "top", "color": "0.3"}
        write(0.5, bottom - 0.02, escape(caption), **style)


def level_texts(axes: list[Any]) -> None:
    """Move the titles of 3-D maps to the height of the highest, their captions to the lowest."""
    titles, captions = [ax.title for ax in axes], [text for ax in axes for text in ax.texts]
    for texts, choose in ((titles, max), (captions, min)):
        y = choose((text.get_position()[1] for text in texts), default=0.0)
        for text in texts:
            text.set_y(y)


def set_view(ax: Any, low: np.ndarray, high: np.ndarray) -> None:
    """Set the limits of 2-D axes, which then take the shape of the view and carry no ticks."""
    ax.set_aspect("equal")
    for name, start, end in zip("xy", low, high, strict=True):
        getattr(ax, f"set_{name}lim")(start, end)
        getattr(ax, f"set_{name}ticks")([])


def _fit_box(ax: Any, Y: np.ndarray) -> tuple[float, float]:
    """Set the limits of 3-D axes to a box around the map, as large as fits into the axes.

    Returns
    -------
    bottom, top : float
        Where the box ends on paper, relative to the height of the axes.
    """
    from mpl_toolkits.mplot3d.proj3d import proj_transform

    low, high = Y.min(0).astype(np.float64), Y.max(0).astype(np.float64)
    middle, extent = (low + high) / 2, high - low
    half = _HALF_VIEW * np.maximum(extent, _MIN_SIDE * (extent.max() or 1.0))
    limits = np.stack([middle - half, middle + half], 1)
    for name, limit in zip("xyz", limits, strict=True):
        getattr(ax, f"set_{name}lim")(*limit)
        getattr(ax, f"set_{name}ticks")([])
    ax.apply_aspect()
    corners = np.array(list(product(*limits))).T
    zoom = 1.0
    for _ in range(4):  # by perspective, the box does not grow quite as the zoom does
        ax.set_box_aspect(half, zoom=zoom)
        x, y, _ = proj_transform(*corners, ax.get_proj())
        places = ax.transAxes.inverted().transform(ax.transData.transform(np.stack([x, y], 1)))
        zoom /= 2 * np.abs(places - 0.5).max()
    return float(places[:, 1].min()), float(places[:, 1].max())


def drawing_order(coloring: Coloring, seed: int) -> np.ndarray:
    """Return the rows in the order in which they are drawn: shuffled, unlabelled points first."""
    shuffled = np.random.default_rng(seed).permutation(len(coloring.is_labelled))
    return shuffled[np.argsort(coloring.is_labelled[shuffled], kind="stable")]


def _choose_size_and_alpha(ax: Any, n: int) -> tuple[float, float]:
    """Marker area in square points (1/72 inch) and opacity; both decrease with n."""
    area = float(np.prod(size_in_points(ax)[2]))
    size = float(np.clip(0.35 * area / n, 0.5, 26.0))
    return size, float(np.clip(1.1 - 0.09 * np.log10(n), 0.6, 0.85))


def draw_legend(coloring: Coloring, axes: list[Any]) -> None:
    """Draw the legend, or the colour bar of a scale, to the right of the last axes."""
    from matplotlib.lines import Line2D

    ax = axes[-1]
    if coloring.scale is not None:
        inset = ax.inset_axes((1.03, 0.15, 0.03, 0.7))
        bar = ax.figure.colorbar(coloring.scale, cax=inset)
        bar.set_label(escape(coloring.title))
        return
    if not coloring.legend:
        return
    handles = [
        Line2D([], [], linestyle="", marker="o", markersize=6.5, color=color, markeredgewidth=0)
        for _, color in coloring.legend
    ]
    ax.legend(
        handles,
        # A leading space, because legend() leaves out texts that begin with "_".
        [f" {escape(text)}" for text, _ in coloring.legend],
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        ncols=coloring.legend_columns(size_in_points(ax)[2][1] / 72),
        title=escape(coloring.title) or None,
        alignment="left",
        frameon=False,
        handletextpad=0.0,
        columnspacing=0.8,
    )
