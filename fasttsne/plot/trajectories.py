"""The path of the frames of a clip through a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .checks import as_map, check_rows, get_axes
from .texts import escape, halo, measure, size_in_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FIRST_SATURATION = 0.3
"""Share of the colour in the first step; the rest is white."""

_JUMP = 0.15
"""Length from which a step is a jump between clusters, relative to the longer side of the map."""

_N_ARROWS = 6
_FONT_SIZE = 8.0


def trajectory(
    target: Any,
    Y: Any,
    rows: Any = None,
    *,
    color: Any = "black",
    label: str | None = None,
) -> Figure:
    """Draw the path of a clip through a map, as a line from a ring to a square.

    The line darkens from the first to the last step, and arrowheads show its direction. Steps
    across the map are dotted: t-SNE keeps neighbours together, but distances between its clusters
    mean little, and so does the length of such a step.

    Parameters
    ----------
    target : matplotlib Axes or Figure
        Picture of the map, as drawn by `scatter`. A figure must have exactly one Axes.
    Y : array or tensor, shape (n, 2) or (n, 3)
        Map.
    rows : array of int, shape (steps,), optional
        Rows of the frames of the clip in order of time, such as ``clip.rows``; two or more.
        Default: all rows.
    color : matplotlib color
        Colour of the last step.
    label : str, optional
        Text at the end of the path.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If the type or shape of an argument is wrong, a row is out of range, or a value of ``Y``
        is not finite.
    """
    Y = as_map(Y)
    path = Y if rows is None else Y[check_rows("rows", rows, len(Y))]
    if len(path) < 2:
        raise ValueError(f"a trajectory needs two frames or more, got {len(path)}")
    ax = get_axes(target, Y.shape[1])
    from matplotlib.colors import to_rgb

    last = np.array(to_rgb(color))
    steps = np.stack([path[:-1], path[1:]], axis=1)
    length = np.linalg.norm(path[1:] - path[:-1], axis=1)
    is_jump = length > _JUMP * np.ptp(Y, axis=0).max()
    tints = 1 - np.linspace(_FIRST_SATURATION, 1, len(steps))[:, None] * (1 - last)
    if Y.shape[1] == 2:  # a white outline separates the path from the points below it
        _draw_steps(ax, steps[~is_jump], np.ones((1, 3)), linewidth=4.0, alpha=0.8)
    _draw_steps(ax, steps[~is_jump], tints[~is_jump], linewidth=2.0)
    _draw_steps(ax, steps[is_jump], tints[is_jump], linewidth=1.0, linestyle="dotted")
    if Y.shape[1] == 2:
        _draw_arrowheads(ax, steps, length, last)
    style: dict[str, Any] = {"s": 42, "linewidths": 1.5, "zorder": 6}
    if Y.shape[1] == 3:
        style["depthshade"] = False
    ax.scatter(*path[:1].T, marker="o", facecolors="white", edgecolors=[tuple(last)], **style)
    ax.scatter(*path[-1:].T, marker="s", facecolors=[tuple(last)], edgecolors="white", **style)
    if label:
        _write_label(ax, path[-1], label, last)
    return ax.figure


def _draw_steps(ax: Any, steps: np.ndarray, tints: np.ndarray, **style: Any) -> None:
    if not len(steps):
        return
    if steps.shape[2] == 3:
        from mpl_toolkits.mplot3d.art3d import Line3DCollection

        ax.computed_zorder = False  # draw by zorder, not by depth: points would hide the path
        ax.add_collection3d(Line3DCollection(steps, colors=tints, zorder=5, **style), autolim=False)
    else:
        from matplotlib.collections import LineCollection

        lines = LineCollection(list(steps), colors=tints, capstyle="round", zorder=5, **style)
        ax.add_collection(lines, autolim=False)


def _draw_arrowheads(ax: Any, steps: np.ndarray, length: np.ndarray, color: np.ndarray) -> None:
    """Draw arrowheads in the middle of steps that are about equally spaced along the path."""
    distance = np.cumsum(length)
    at = np.searchsorted(distance, distance[-1] * (np.arange(_N_ARROWS) + 0.5) / _N_ARROWS)
    for i in np.unique(at[length[at] > 0]):
        start, end = steps[i]
        ax.annotate(
            "",
            xy=start + 0.6 * (end - start),
            xytext=start + 0.4 * (end - start),
            arrowprops={
                "arrowstyle": "-|>",
                "mutation_scale": 15,
                "color": color,
                "linewidth": 0,
                "shrinkA": 0,
                "shrinkB": 0,
            },
            zorder=5,
        )


def _write_label(ax: Any, position: np.ndarray, label: str, color: np.ndarray) -> None:
    """Write the label to the right of the end or, where there is no room, to the left."""
    text, align = f"  {label}", "left"
    if len(position) == 2:
        low, high, side = size_in_points(ax)
        width = _FONT_SIZE * measure([text], ["normal"])[0, 0]
        if (position[0] - low[0]) / (high[0] - low[0]) * side[0] + width > side[0]:
            text, align = f"{label}  ", "right"
    ax.text(
        *position,
        escape(text),
        fontsize=_FONT_SIZE,
        color=0.7 * color,
        ha=align,
        va="center",
        zorder=7,
        path_effects=halo(),
    )
