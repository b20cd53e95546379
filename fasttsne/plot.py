"""Pictures of maps: one map, or PCA beside t-SNE.

Drawn with matplotlib's `Figure` alone, so no window system is needed. The axes carry no ticks,
because the coordinates of a t-SNE map mean nothing; points are drawn in shuffled order, so that
no class hides another.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from . import initialization, metrics
from .tables import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#E3D21B")
_UNLABELLED = "#C9C9C9"
_MOST_BY_COLOR = 10  # more classes than that have their names on the map, too
_MOST_IN_LEGEND = 40
_LONGEST_NAME = 28
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
    Y = _points(Y)
    coloring = _coloring(labels, label_names, len(Y))
    if ax is None:
        axes = _figure(1, Y.shape[1], coloring)
        ax = axes[0]
    elif (getattr(ax, "name", "") == "3d") != (Y.shape[1] == 3):
        raise ValueError(f"ax must be {Y.shape[1]}-D, as Y is; got {type(ax).__name__}")
    _draw(ax, Y, coloring, title, caption, seed)
    _key(coloring, [ax])
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
    Y = _points(Y)
    X = _array(X)
    if X.ndim != 2 or len(X) != len(Y) or X.shape[1] < Y.shape[1]:
        raise ValueError(f"X must have shape ({len(Y)}, d) with d >= {Y.shape[1]}, got {X.shape}")
    coloring = _coloring(labels, label_names, len(Y))
    axes = _figure(2, Y.shape[1], coloring)
    pca = initialization.pca(torch.tensor(X, dtype=torch.float32), Y.shape[1], seed).numpy()
    for ax, name, points in zip(axes, ("PCA", "t-SNE"), (pca, Y), strict=True):
        caption = _quality(X, points, coloring.codes, k, seed)
        _draw(ax, points, coloring, name, caption, seed)
    _key(coloring, axes)
    if title:
        axes[0].figure.suptitle(_plain(title), y=0.99, va="bottom")
    return axes[0].figure


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
    _require_matplotlib()
    from matplotlib.backend_bases import FigureCanvasBase

    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if Path(path).suffix[1:].lower() not in known:
        raise ValueError(f"{path}: a picture must end in one of .{', .'.join(known)}")


# ---- Colours ----------------------------------------------------------------------------------


@dataclass
class _Coloring:
    """Colour of every point, and what to say about the colours."""

    rgb: np.ndarray  # (n, 3)
    is_labelled: np.ndarray  # (n,)
    codes: np.ndarray | None = None  # (n,), -1 for unlabelled; None without classes
    key: list[tuple[str, Any]] = field(default_factory=list)  # lines of the legend: text, colour
    names: list[str] = field(default_factory=list)  # of the codes, where they fit on the map
    scale: Any = None

    @property
    def columns(self) -> int:
        """Columns of the legend."""
        return -(-len(self.key) // 24)


def palette(n: int) -> np.ndarray:
    """Colours for n classes, as far apart as they can be, for colour-blind eyes too.

    The first seven are those of Okabe and Ito (2008), with a darker yellow. Each further one is
    the colour whose distance from all before it, from white and from the grey of unlabelled
    points is greatest; distance is the least of those seen with normal, deuteranopic and
    protanopic eyes (Machado et al. 2009) in the Oklab space. They repeat after 256.

    Parameters
    ----------
    n : int
        Classes.

    Returns
    -------
    ndarray, shape (n, 3)
        RGB, 0 to 1.
    """
    if n > 256:
        return np.resize(palette(256), (n, 3))
    first = np.array([_rgb(color) for color in _OKABE_ITO[:n]]).reshape(-1, 3)
    if n <= len(first):
        return first
    grid = np.linspace(0, 1, 14)
    candidates = np.stack(np.meshgrid(grid, grid, grid), -1).reshape(-1, 3)
    lightness, a, b = _perceived(candidates)[0].T
    chroma = np.hypot(a, b)
    # Neither too pale for white paper, nor black, nor close to grey, nor shrill.
    candidates = candidates[
        (lightness > 0.40) & (lightness < 0.84) & (chroma > 0.07) & (chroma < 0.2)
    ]
    seen = _perceived(candidates)

    def distance(color: np.ndarray) -> np.ndarray:
        apart = np.linalg.norm(seen - _perceived(color[None]), axis=-1)
        # Normal eyes see the widest range of colours: unweighted, they would never decide.
        return (apart * [[0.6], [1.0], [1.0]]).min(0)

    taken = [*first, np.ones(3), np.array(_rgb(_UNLABELLED))]
    nearest = np.min([distance(color) for color in taken], axis=0)
    chosen = list(first)
    while len(chosen) < n:
        chosen.append(candidates[nearest.argmax()])
        nearest = np.minimum(nearest, distance(chosen[-1]))
    return np.array(chosen)


def _rgb(color: str) -> tuple[float, ...]:
    return tuple(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))


_EYES = np.array(
    [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
        [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    ]
)
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _perceived(rgb: np.ndarray) -> np.ndarray:
    """Oklab coordinates (3, n, 3) of colours (n, 3), as each of the three kinds of eyes sees."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ _EYES.transpose(0, 2, 1), 0, 1)
    return np.cbrt(seen @ _TO_CONES.T) @ _TO_OKLAB.T


def _coloring(labels: Any, label_names: Any, n: int) -> _Coloring:
    if labels is None:
        return _Coloring(np.tile(_rgb(_OKABE_ITO[0]), (n, 1)), np.ones(n, bool))
    labels = _array(labels)
    if labels.shape != (n,):
        raise ValueError(f"labels must have shape ({n},), got {labels.shape}")
    if labels.dtype.kind == "f" and label_names is None:
        return _on_scale(labels)
    codes, names = _classes(labels, label_names)
    names = [_shortened(name) for name in names]
    colors = palette(len(names))
    is_labelled = codes >= 0
    rgb = np.tile(_rgb(_UNLABELLED), (n, 1))
    rgb[is_labelled] = colors[codes[is_labelled]]
    coloring = _Coloring(rgb, is_labelled, codes)
    if len(names) > _MOST_IN_LEGEND:
        coloring.key = [(f"{len(names):,} labels", "none")]
    else:
        coloring.key = list(zip(names, colors, strict=True))
        coloring.names = names if len(names) > _MOST_BY_COLOR else []
    if not is_labelled.all():
        coloring.key.append(("unlabelled", _rgb(_UNLABELLED)))
    return coloring


def _on_scale(values: np.ndarray) -> _Coloring:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    is_labelled = np.isfinite(values)
    known = values[is_labelled]
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    scale = ScalarMappable(Normalize(low, high), "viridis")
    rgb = np.tile(_rgb(_UNLABELLED), (len(values), 1))
    rgb[is_labelled] = scale.to_rgba(known)[:, :3]
    return _Coloring(rgb, is_labelled, scale=scale)


def _classes(labels: np.ndarray, label_names: Any) -> tuple[np.ndarray, list[str]]:
    """Codes 0 to c-1 of the classes that occur (-1 for unlabelled), and their names."""
    if labels.dtype.kind in "biu":
        is_labelled = labels >= 0
    elif labels.dtype.kind == "f":
        is_labelled = np.isfinite(labels) & (labels >= 0)
    elif labels.dtype.kind in "OU":
        is_labelled = np.array([label is not None and label != "" for label in labels], bool)
    else:
        raise TypeError(f"labels must be numbers or strings, got dtype {labels.dtype}")
    known = labels[is_labelled]
    if labels.dtype.kind == "O":
        whole = all(isinstance(label, (int, np.integer)) for label in known)
        if whole:
            return _classes(np.array([-1 if x is None else x for x in labels], int), label_names)
        known = known.astype(str)
    distinct, inverse = np.unique(known, return_inverse=True)
    codes = np.full(len(labels), -1)
    codes[is_labelled] = inverse
    return codes, [_name(label, label_names) for label in distinct.tolist()]


def _name(label: Any, label_names: Any) -> str:
    if label_names is None or isinstance(label, str):
        return str(label)
    if isinstance(label_names, Mapping):
        return str(label_names.get(int(label), label))
    if label >= len(label_names):
        raise ValueError(f"label_names has {len(label_names)} names, but there is a label {label}")
    return str(label_names[int(label)])


# ---- Drawing ----------------------------------------------------------------------------------


def _array(value: Any) -> np.ndarray:
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def _points(Y: Any) -> np.ndarray:
    Y = _array(Y)
    if Y.ndim != 2 or Y.shape[1] not in (2, 3) or len(Y) == 0:
        raise ValueError(f"Y must have shape (n, 2) or (n, 3), got {Y.shape}")
    if Y.dtype.kind not in "biuf":
        raise TypeError(f"Y must hold real numbers, got dtype {Y.dtype}")
    if not np.isfinite(Y).all():
        raise ValueError("Y must be finite, got NaN or infinity")
    return Y


def _require_matplotlib() -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise ImportError(
            "pictures need matplotlib: pip install matplotlib, or fasttsne[plot]"
        ) from None


def _figure(n_panels: int, n_dims: int, coloring: _Coloring) -> list[Any]:
    """Square axes of a new figure, in a row, with room around them for what is written there."""
    _require_matplotlib()
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


def _draw(
    ax: Any, Y: np.ndarray, coloring: _Coloring, title: str | None, caption: str | None, seed: int
) -> None:
    size, alpha = _size_and_alpha(ax, len(Y))
    shuffled = np.random.default_rng(seed).permutation(len(Y))
    # Unlabelled points go below the others.
    order = shuffled[np.argsort(coloring.is_labelled[shuffled], kind="stable")]
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
        ax.set_title(_plain(title))
    if caption:
        write = ax.text2D if Y.shape[1] == 3 else ax.text
        write(
            0.5, -0.02, _plain(caption), transform=ax.transAxes, ha="center", va="top", color="0.3"
        )


def _size_and_alpha(ax: Any, n: int) -> tuple[float, float]:
    """Marker area in square points and opacity: small and faint where there are many."""
    extent = ax.get_window_extent()
    side = 72 / ax.figure.dpi * min(extent.width, extent.height)
    size = float(np.clip(0.35 * side**2 / n, 0.5, 26.0))
    return size, float(np.clip(1.1 - 0.09 * np.log10(n), 0.6, 0.85))


def _write_names(ax: Any, Y: np.ndarray, coloring: _Coloring) -> None:
    """Write the name of each class where the class is densest."""
    from matplotlib.patheffects import withStroke

    codes = np.asarray(coloring.codes)
    span = np.ptp(Y, axis=0).max() or 1.0
    written: list[tuple[float, float, int]] = []
    for code in np.argsort(-np.bincount(codes[codes >= 0]), kind="stable"):
        name, points = coloring.names[code], Y[codes == code]
        x, y = _densest(points, 0.06 * span)
        # Left out, and found in the legend, where it would lie on the name of a larger class.
        if any(
            abs(x - other_x) < 0.0065 * span * (len(name) + length)
            and abs(y - other_y) < 0.022 * span
            for other_x, other_y, length in written
        ):
            continue
        written.append((x, y, len(name)))
        halo = [withStroke(linewidth=2.2, foreground="white", alpha=0.85)]
        ax.text(x, y, _plain(name), fontsize=8, ha="center", va="center", path_effects=halo)


def _densest(points: np.ndarray, radius: float) -> np.ndarray:
    """Middle of the densest part of a class: its fullest cell, then three steps of mean shift."""
    _, cell, count = np.unique(
        np.floor(points / radius), axis=0, return_inverse=True, return_counts=True
    )
    middle = points[cell.ravel() == count.argmax()].mean(0)
    for _ in range(3):
        middle = points[np.linalg.norm(points - middle, axis=1) <= radius].mean(0)
    return middle


def _key(coloring: _Coloring, axes: list[Any]) -> None:
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
        [
            f" {_plain(text)}" for text, _ in coloring.key
        ],  # legend() drops names that begin with "_"
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        ncols=coloring.columns,
        frameon=False,
        handletextpad=0.0,
        columnspacing=0.8,
    )


def _plain(text: str) -> str:
    """Text in which matplotlib finds no mathematics."""
    return text.replace("$", r"\$")


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _quality(X: Any, Y: np.ndarray, codes: np.ndarray | None, k: int, seed: int) -> str:
    k = min(k, len(Y) - 1)
    recall = metrics.neighbor_recall(X, Y, k, _SAMPLE, seed)
    text = f"neighbour recall@{k}  {recall:.2f}"
    if codes is None or (codes >= 0).sum() <= k or codes.max() < 1:
        return text
    accuracy = metrics.label_accuracy(Y, codes, k, _SAMPLE, seed)
    return f"{text}      {k}-NN accuracy  {accuracy:.2f}"
