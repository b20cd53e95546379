"""What all pictures share: axes, points and names on them, the legend, the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._labels import printable
from .._validation import as_array
from ..tables import replacing
from .colors import Coloring

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save(fig: Figure, path: str | os.PathLike[str], dpi: int = 200) -> None:
    """Write a figure; a file of that name is replaced only by a complete one.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Figure.
    path : str or path-like
        Where to; the extension picks the format.
    dpi : int
        Dots per inch, also of the points within a PDF or SVG.

    Raises
    ------
    ValueError
        If matplotlib does not write such files.
    OSError
        If the file cannot be written.
    """
    check_path(path)
    with replacing(path) as temporary:
        fig.savefig(
            temporary,
            dpi=dpi,
            format=Path(path).suffix[1:].lower(),
            bbox_inches="tight",
            pad_inches=0.15,
        )


def check_path(path: str | os.PathLike[str]) -> None:
    """Raise what `save` would raise for the name of a picture, before anything is drawn."""
    require_matplotlib()
    from matplotlib.backend_bases import FigureCanvasBase

    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if Path(path).suffix[1:].lower() not in known:
        raise ValueError(f"{path}: a picture must end in one of .{', .'.join(known)}")


def map_points(Y: Any) -> np.ndarray:
    Y = as_array(Y)
    if Y.ndim != 2 or Y.shape[1] not in (2, 3) or len(Y) == 0:
        raise ValueError(f"Y must have shape (n, 2) or (n, 3), got {Y.shape}")
    if Y.dtype.kind not in "biuf":
        raise TypeError(f"Y must hold real numbers, got dtype {Y.dtype}")
    if not np.isfinite(Y).all():
        raise ValueError("Y must be finite, got NaN or infinity")
    return Y


def require_matplotlib() -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise ImportError(
            "pictures need matplotlib: pip install matplotlib, or fasttsne[plot]"
        ) from None


def new_axes(n_panels: int, n_dims: int, coloring: Coloring) -> list[Any]:
    """Square axes of a new figure, in a row, with room around them for what is written there."""
    require_matplotlib()
    from matplotlib.figure import Figure

    panel, gap, margin = 6.0, 0.3, 0.5  # inches
    longest = max((len(text) for text, _ in coloring.key), default=0)
    key = 1.0 if coloring.scale is not None else coloring.columns * (0.4 + 0.09 * longest)
    width, height = n_panels * (panel + gap) + gap + key, panel + 2 * margin
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
    size, alpha = _size_and_alpha(ax, len(Y))
    order = drawing_order(coloring, seed)
    style: dict[str, Any] = {"s": size, "alpha": alpha, "linewidths": 0, "rasterized": True}
    if Y.shape[1] == 3:
        style["depthshade"] = False
    ax.scatter(*Y[order].T, c=coloring.rgb[order], **style)

    low, high = Y.min(0), Y.max(0)
    middle, half = (low + high) / 2, 0.53 * ((high - low).max() or 1.0)
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
            _write_names(ax, Y, coloring)
    if title:
        ax.set_title(plain(title))
    if caption:
        write = ax.text2D if Y.shape[1] == 3 else ax.text
        write(
            0.5, -0.02, plain(caption), transform=ax.transAxes, ha="center", va="top", color="0.3"
        )


def drawing_order(coloring: Coloring, seed: int) -> np.ndarray:
    """Return the points in the order in which they are drawn: shuffled, unlabelled ones first."""
    shuffled = np.random.default_rng(seed).permutation(len(coloring.is_labelled))
    return shuffled[np.argsort(coloring.is_labelled[shuffled], kind="stable")]


def _size_and_alpha(ax: Any, n: int) -> tuple[float, float]:
    """Marker area in square points and opacity: small and faint where there are many."""
    extent = ax.get_window_extent()
    side = 72 / ax.figure.dpi * min(extent.width, extent.height)
    size = float(np.clip(0.35 * side**2 / n, 0.5, 26.0))
    return size, float(np.clip(1.1 - 0.09 * np.log10(n), 0.6, 0.85))


def _write_names(ax: Any, Y: np.ndarray, coloring: Coloring) -> None:
    """Write the name of each class where the class is densest."""
    from matplotlib.patheffects import withStroke

    codes = np.asarray(coloring.codes)
    span = np.ptp(Y, axis=0).max() or 1.0
    written: list[tuple[float, float, int]] = []
    for code in np.argsort(-np.bincount(codes[codes >= 0]), kind="stable"):
        name, points = coloring.names[code], Y[codes == code]
        x, y = densest(points, 0.06 * span)
        # Left out, and found in the legend, where it would lie on the name of a larger class.
        if any(
            abs(x - other_x) < 0.0065 * span * (len(name) + length)
            and abs(y - other_y) < 0.022 * span
            for other_x, other_y, length in written
        ):
            continue
        written.append((x, y, len(name)))
        halo = [withStroke(linewidth=2.2, foreground="white", alpha=0.85)]
        ax.text(x, y, plain(name), fontsize=8, ha="center", va="center", path_effects=halo)


def densest(points: np.ndarray, radius: float) -> np.ndarray:
    """Middle of the densest part of a class: its fullest cell, then three steps of mean shift.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Points of the class, at least one.
    radius : float
        Size of a cell, and of the ball whose mean is taken.

    Returns
    -------
    ndarray, shape (2,)
    """
    _, cell, count = np.unique(
        np.floor(points / radius), axis=0, return_inverse=True, return_counts=True
    )
    middle = points[cell.ravel() == count.argmax()].mean(0)
    for _ in range(3):
        middle = points[np.linalg.norm(points - middle, axis=1) <= radius].mean(0)
    return middle


def draw_key(coloring: Coloring, axes: list[Any]) -> None:
    """Say what the colours mean, to the right of the last panel."""
    from matplotlib.lines import Line2D

    ax = axes[-1]
    if coloring.scale is not None:
        inset = ax.inset_axes((1.03, 0.15, 0.03, 0.7))
        ax.figure.colorbar(coloring.scale, cax=inset)
        return
    if not coloring.key:
        return
    handles = [
        Line2D([], [], linestyle="", marker="o", markersize=6.5, color=color, markeredgewidth=0)
        for _, color in coloring.key
    ]
    ax.legend(
        handles,
        [f" {plain(text)}" for text, _ in coloring.key],  # legend() drops names that begin with "_"
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        ncols=coloring.columns,
        frameon=False,
        handletextpad=0.0,
        columnspacing=0.8,
    )


def plain(text: str) -> str:
    """Text in which matplotlib finds no mathematics, nor what it cannot write."""
    return printable(text).replace("$", r"\$")


def axes_of(target: Any, n_dims: int) -> Any:
    """Return the axes to draw on a map in: those given, or the only ones of a figure."""
    axes = getattr(target, "axes", None)
    if isinstance(axes, list):  # a figure; of axes, `axes` is the axes themselves
        if len(axes) != 1:
            raise ValueError(
                f"target must be axes, or a figure with one map; got one with {len(axes)}"
            )
        target = axes[0]
    if not hasattr(target, "transData"):
        raise TypeError(f"target must be matplotlib axes or a figure, got {type(target).__name__}")
    if (target.name == "3d") != (n_dims == 3):
        raise ValueError(f"target must be {n_dims}-D, as Y is; got {type(target).__name__}")
    return target


def rows_of(value: Any, name: str, n: int) -> np.ndarray:
    """Return rows of a map with n of them, checked."""
    rows = as_array(value)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise TypeError(f"{name} must hold integers in one dimension, got {rows.dtype}")
    if rows.size and not 0 <= rows.min() <= rows.max() < n:
        raise ValueError(f"{name} must lie in 0 to {n - 1}, got {rows.min()} to {rows.max()}")
    return rows.astype(np.int64)
