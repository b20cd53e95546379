"""The path of a clip through a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .figures import axes_of, map_points, plain, rows_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PALEST = 0.3  # how much of the colour the first step has
_JUMP = 0.15  # of the wider side of the map: longer steps are between islands
_ARROWS = 6


def trajectory(
    target: Any,
    Y: Any,
    rows: Any = None,
    *,
    color: Any = "black",
    label: str | None = None,
) -> Figure:
    """Draw the path of a clip through a map: from a ring, paler to darker, to a square.

    Arrowheads show the way, too. Steps that jump across the map are dotted: t-SNE keeps neighbours
    together, and the length of a jump between its islands says nothing.

    Parameters
    ----------
    target : matplotlib Axes or Figure
        The map, such as `scatter` draws; of a figure, its only axes.
    Y : array or tensor, shape (n, 2) or (n, 3)
        Map.
    rows : array of int, shape (steps,), optional
        Frames of the clip in order of time, such as ``clip.rows``; two or more. Default: all.
    color : matplotlib color
        Of the last step.
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
    Y = map_points(Y)
    path = Y if rows is None else Y[rows_of(rows, "rows", len(Y))]
    if len(path) < 2:
        raise ValueError(f"a trajectory needs two frames or more, got {len(path)}")
    ax = axes_of(target, Y.shape[1])
    from matplotlib.colors import to_rgb

    last = np.array(to_rgb(color))
    steps = np.stack([path[:-1], path[1:]], axis=1)
    length = np.linalg.norm(path[1:] - path[:-1], axis=1)
    is_jump = length > _JUMP * np.ptp(Y, axis=0).max()
    tints = 1 - np.linspace(_PALEST, 1, len(steps))[:, None] * (1 - last)
    if Y.shape[1] == 2:  # set off from the points below it
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
        _write(ax, path[-1], label, last)
    return ax.figure


def _draw_steps(ax: Any, steps: np.ndarray, tints: np.ndarray, **style: Any) -> None:
    if not len(steps):
        return
    if steps.shape[2] == 3:
        from mpl_toolkits.mplot3d.art3d import Line3DCollection

        ax.computed_zorder = False  # which would hide the path among the points
        ax.add_collection3d(Line3DCollection(steps, colors=tints, zorder=5, **style), autolim=False)
    else:
        from matplotlib.collections import LineCollection

        lines = LineCollection(list(steps), colors=tints, capstyle="round", zorder=5, **style)
        ax.add_collection(lines, autolim=False)


def _draw_arrowheads(ax: Any, steps: np.ndarray, length: np.ndarray, color: np.ndarray) -> None:
    """Put arrowheads in the middle of steps that are about equally far apart along the path."""
    walked = np.cumsum(length)
    at = np.searchsorted(walked, walked[-1] * (np.arange(_ARROWS) + 0.5) / _ARROWS)
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


def _write(ax: Any, where: np.ndarray, label: str, color: np.ndarray) -> None:
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.2, foreground="white", alpha=0.85)]
    ax.text(
        *where,
        f"  {plain(label)}",
        fontsize=8,
        color=0.7 * color,
        va="center",
        zorder=7,
        path_effects=halo,
    )
