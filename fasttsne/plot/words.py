"""A map with the names of its points written on it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._labels import as_texts
from .._validation import as_array
from ..names import index_of
from .colors import coloring_of, shortened
from .figures import draw_key, draw_map, map_points, new_axes
from .placement import place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POINTS_AROUND = 100  # of a crop whose span is not given
_PALENESS = 0.6  # of the points, that the names may be read; 1 is white
_MARKED = "#C04000"
_PLACES = np.array(
    [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (0, 2), (0, -2), (1, 1), (-1, 1), (1, -1), (-1, -1)]
)
"""Where a name may be: on its point, or above, below and beside it; the first that is free is
taken."""
_CLEARANCE = 1.5
"""Points (1/72 inch) between a point and a name beside it."""
_MOST_BOXES = 200_000
"""To choose from. Where more points are in view, names have fewer places, and need no more."""
_GAP = 0.8
_GAP_OF_CHARACTER = 0.3
"""Room on all sides of a name, in points (1/72 inch), and at its ends for each of its characters:
matplotlib rounds their sizes to whole pixels of whatever resolution it draws at."""


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
    seed: int = 0,
) -> Figure:
    """Draw a map, or a part of it, with names on it, none of which lies on another.

    The most important names in view are written first; one that would lie on a name written
    before is left out. All points are drawn, pale, behind them.

    Parameters
    ----------
    Y : array or tensor, shape (n, 2)
        Map.
    names : sequence of str, length n
        Names of the points; a point with an empty name, or None,
        has none. Long ones are shortened.
    importance : array, shape (n,), optional
        Of each name, greatest first; equals in the order given. Default: the order given, as of
        words by frequency.
    labels, label_names
        Classes, or numbers, that colour points and names; as in `scatter`.
    around : str, optional
        Name of the point in the middle of the view; the first of several.
    span : float, optional
        Side of the square in view, in units of the map. Default: the whole map, or with
        ``around`` what holds the 100 points nearest to it.
    mark : sequence of str
        Names to write before all others, bold and in colour, such as neighbours found in the data.
        ``around`` comes before them.
    n_labels : int or None
        Most names to write; None: all that find room.
    fontsize : float
        Height of the names in points.
    ax : matplotlib Axes, optional
        Where to draw. Names are placed for the size it has now. Default: a new figure.
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
        If the type or shape of an argument is wrong, a value of ``Y`` is not finite, or there is
        no such name as ``around`` or one of ``mark``.
    """
    Y = map_points(Y)
    n = len(Y)
    if Y.shape[1] != 2:
        raise ValueError(f"Y must have shape (n, 2): names are written on flat maps; got {Y.shape}")
    if len(names) != n:
        raise ValueError(f"names must hold {n} names, one for each point; got {len(names)}")
    if span is not None and not 0 < span < np.inf:
        raise ValueError(f"span must be a positive number, got {span}")
    if n_labels is not None and n_labels < 1:
        raise ValueError(f"n_labels must be at least 1, or None; got {n_labels}")
    names = as_texts(names)
    marked = [index_of(name, names) for name in ([] if around is None else [around]) + [*mark]]
    order = _order(importance, n, marked)
    low, high = _view(Y, marked[0] if around is not None else None, span)
    coloring = coloring_of(labels, label_names, n)

    inside = ((low <= Y) & (high >= Y)).all(1)
    if not inside.any():
        raise ValueError(f"there is no point in the middle {span} of the map: choose a wider span")
    pale = 1 - (1 - _PALENESS) * (1 - coloring.rgb)
    behind = replace(
        coloring,
        rgb=pale[inside],
        is_labelled=coloring.is_labelled[inside],
        names=[],  # of the classes: the points' names take their place
    )
    if ax is None:
        ax = new_axes(1, 2, coloring)[0]
    draw_map(ax, Y[inside], behind, title, caption, seed)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    dark = 0.55 * coloring.rgb if labels is not None else np.full((n, 3), 0.15)
    _write(ax, Y, names, order[inside[order]], set(marked), dark, n_labels, fontsize)
    draw_key(coloring, [ax])
    return ax.figure


def _order(importance: Any, n: int, first: list[int]) -> np.ndarray:
    """Rows, the most important first."""
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


def _view(Y: np.ndarray, center: int | None, span: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Lower left and upper right corner of the square to show."""
    low, high = Y.min(0).astype(float), Y.max(0).astype(float)
    middle = (low + high) / 2 if center is None else Y[center].astype(float)
    if span is None:
        span = 1.06 * float((high - low).max())
        if center is not None:
            away = np.abs(Y - middle).max(1)
            span = 2.04 * float(np.sort(away)[: _POINTS_AROUND + 1][-1])
    half = (span or 1.0) / 2
    return middle - half, middle + half


def _write(
    ax: Any,
    Y: np.ndarray,
    names: Sequence[str],
    rows: np.ndarray,
    marked: set[int],
    colors: np.ndarray,
    n_labels: int | None,
    fontsize: float,
) -> None:
    """Write the names of the rows that find room, the first ones first."""
    from matplotlib.patheffects import withStroke

    low, high = np.array([ax.get_xlim(), ax.get_ylim()]).T
    ax.apply_aspect()
    extent = ax.get_window_extent()
    side = np.array([extent.width, extent.height]) * 72 / ax.figure.dpi

    texts = [shortened(" ".join(names[row].split())) for row in rows]
    weights = ["bold" if row in marked else "normal" for row in rows.tolist()]
    # From 1.3 of the font size for the first down to 0.8 for the last.
    sizes = fontsize * (1.3 - 0.5 * np.log1p(np.arange(len(rows))) / np.log1p(len(rows)))
    half = sizes[:, None] * _extents(texts, weights) / 2 + _GAP
    half[:, 0] += _GAP_OF_CHARACTER * np.array([len(text) for text in texts])
    fits = np.flatnonzero(np.array(texts, bool) & (2 * half <= side).all(1))

    places = _PLACES[: max(1, _MOST_BOXES // len(rows))]
    owner = np.repeat(fits, len(places))
    half = half[owner]
    point = (Y[rows[owner]] - low) / (high - low) * side
    # What would stick out is moved inside.
    shift = np.tile(places, (len(fits), 1)) * (half + _CLEARANCE)
    middle = np.clip(point + shift, half, side - half)
    kept = place(np.hstack([middle - half, middle + half]), owner=owner, at_most=n_labels)

    halo = [withStroke(linewidth=1.5, foreground="white", alpha=0.8)]
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
            path_effects=halo,
        )


def _extents(texts: list[str], weights: list[str]) -> np.ndarray:
    """Width and height (n, 2) of texts in units of the font size, from those of their characters.

    Kerning only ever brings characters closer, so a text is not wider than that. Measuring whole
    texts would take a hundred times as long.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    fonts = {weight: FontProperties(size=100, weight=weight) for weight in set(weights)}
    known: dict[tuple[str, str], tuple[float, float, float]] = {}

    def measured(character: str, weight: str) -> tuple[float, float, float]:
        """Width, ascent and descent in hundredths."""
        if (character, weight) not in known:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a glyph is missing: said again where it is drawn
                width, height, descent = text_to_path.get_text_width_height_descent(
                    character, fonts[weight], ismath=False
                )
            known[character, weight] = width, height - descent, descent
        return known[character, weight]

    extents = np.zeros((len(texts), 2))
    for i, (text, weight) in enumerate(zip(texts, weights, strict=True)):
        if text:
            # No line is lower than one with l and p.
            of_all = [measured(character, weight) for character in "lp" + text]
            widths, ascents, descents = zip(*of_all, strict=True)
            extents[i] = sum(widths[2:]), max(ascents) + max(descents)
    return extents / 100
