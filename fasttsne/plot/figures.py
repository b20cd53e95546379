"""Figures with maps: the axes, the points on them, and the legend."""

from __future__ import annotations

from typing import Any

import numpy as np

from .checks import require_matplotlib
from .class_names import write_class_names
from .coloring import Coloring
from .texts import escape

HALF_VIEW = 0.53
"""Half the side of the view, relative to the extent of the map: a margin of 3% on each side."""


def make_axes(n_panels: int, n_dims: int, coloring: Coloring) -> list[Any]:
    """Make a new figure with square axes in a row, and return the axes.

    The figure has margins for titles and captions, and room for the legend on the right.

    Parameters
    ----------
    n_panels : int
        Number of axes.
    n_dims : int
        2, or 3 for 3-D axes.
    coloring : Coloring
        Its legend, or scale, determines how wide the figure is.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    panel, gap, margin = 6.0, 0.3, 0.5  # inches
    longest = max((len(text) for text, _ in coloring.legend), default=0)
    legend = 1.0
    if coloring.scale is None:
        legend = coloring.legend_columns * (0.4 + 0.09 * longest)
    width, height = n_panels * (panel + gap) + gap + legend, panel + 2 * margin
    figure = Figure(figsize=(width, height))
    projection = "3d" if n_dims == 3 else None
    lefts = [gap + i * (panel + gap) for i in range(n_panels)]
    return [
        figure.add_axes(
            (left / width, margin / height, panel / width, panel / height), projection=projection
        )
        for left in lefts
    ]


def draw_map(
    ax: Any, Y: np.ndarray, coloring: Coloring, title: str | None, caption: str | None, seed: int
) -> None:
    """Draw the points of a map, the names of its classes, a title above and a caption below.

    The view is a square (or cube) around the map. The axes carry no ticks.

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
    """
    size, alpha = _choose_size_and_alpha(ax, len(Y))
    order = drawing_order(coloring, seed)
    style: dict[str, Any] = {"s": size, "alpha": alpha, "linewidths": 0, "rasterized": True}
    if Y.shape[1] == 3:
        style["depthshade"] = False
    ax.scatter(*Y[order].T, c=coloring.rgb[order], **style)

    low, high = Y.min(0), Y.max(0)
    middle, half = (low + high) / 2, HALF_VIEW * ((high - low).max() or 1.0)
    for name, center in zip("xyz", middle, strict=False):
        getattr(ax, f"set_{name}lim")(center - half, center + half)
        getattr(ax, f"set_{name}ticks")([])
    if Y.shape[1] == 3:
        ax.set_box_aspect((1, 1, 1), zoom=1.05)
        for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
            axis.line.set(color="0.8", linewidth=0.8)
    else:
        ax.set_aspect("equal")
        for spine in ax.spines.values():
            spine.set(color="0.8", linewidth=0.8)
        if coloring.names:
            write_class_names(ax, Y, coloring)
    if title:
        ax.set_title(escape(title))
    if caption:
        write = ax.text2D if Y.shape[1] == 3 else ax.text
        write(
            0.5, -0.02, escape(caption), transform=ax.transAxes, ha="center", va="top", color="0.3"
        )


def drawing_order(coloring: Coloring, seed: int) -> np.ndarray:
    """Return the rows in the order in which they are drawn: shuffled, unlabelled points first."""
    shuffled = np.random.default_rng(seed).permutation(len(coloring.is_labelled))
    return shuffled[np.argsort(coloring.is_labelled[shuffled], kind="stable")]


def _choose_size_and_alpha(ax: Any, n: int) -> tuple[float, float]:
    """Marker area in square points (1/72 inch) and opacity; both decrease with n."""
    extent = ax.get_window_extent()
    side = 72 / ax.figure.dpi * min(extent.width, extent.height)
    size = float(np.clip(0.35 * side**2 / n, 0.5, 26.0))
    return size, float(np.clip(1.1 - 0.09 * np.log10(n), 0.6, 0.85))


def draw_legend(coloring: Coloring, axes: list[Any]) -> None:
    """Draw the legend, or the colour bar of a scale, to the right of the last axes."""
    from matplotlib.lines import Line2D

    ax = axes[-1]
    if coloring.scale is not None:
        inset = ax.inset_axes((1.03, 0.15, 0.03, 0.7))
        ax.figure.colorbar(coloring.scale, cax=inset)
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
        ncols=coloring.legend_columns,
        frameon=False,
        handletextpad=0.0,
        columnspacing=0.8,
    )
