"""Colours of the points of a map, from their labels: by class, or on a scale of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._labels import as_labels, is_labelled, is_scale, printable
from .colors import UNLABELLED, hex_to_rgb, palette
from .texts import shorten

_MAX_CLASSES_BY_COLOR = 10  # with more classes, their names are also written on the map
_MAX_LEGEND_CLASSES = 40
_LEGEND_ROWS = 4  # in an inch


@dataclass
class Coloring:
    """The colour of every point, and what the legend says about the colours.

    Attributes
    ----------
    rgb : ndarray, shape (n, 3)
        RGB from 0 to 1.
    is_labelled : ndarray, shape (n,), bool
        Whether the point has a label.
    codes : ndarray, shape (n,), int, or None
        Index of the class, -1 for unlabelled points; None if the points have no classes.
    legend : list of (str, color)
        Text and colour of each entry of the legend; none if there are too many classes.
    title : str
        Title of the legend, or name of the scale; may be empty.
    summary : str
        What is written below the map in place of a legend, if there are too many classes.
    names : list of str
        Name of each class, if the names are to be written on the map; else empty.
    scale : matplotlib ScalarMappable or None
        Scale of the colour bar, if the labels are numbers on a scale.
    """

    rgb: np.ndarray
    is_labelled: np.ndarray
    codes: np.ndarray | None = None
    legend: list[tuple[str, Any]] = field(default_factory=list)
    title: str = ""
    summary: str = ""
    names: list[str] = field(default_factory=list)
    scale: Any = None

    def legend_columns(self, height: float) -> int:
        """Return the number of columns of a legend beside a map of this height in inches."""
        rows = max(1, int(_LEGEND_ROWS * height) - bool(self.title))
        return -(-len(self.legend) // rows)

    def below(self, caption: str | None) -> str:
        """Return the text below the map: the caption, and the summary in a line of its own."""
        return "\n".join(filter(None, [caption, self.summary]))


def color_by_labels(
    labels: Any, label_names: Any, n: int, legend_title: str | None = None
) -> Coloring:
    """Choose the colours of n points.

    Parameters
    ----------
    labels : array, tensor or sequence, shape (n,), or None
        As in :func:`fasttsne.plot.scatter`. None gives all points the same colour.
    label_names : mapping or sequence of str, or None
        Name of each integer label.
    n : int
        Number of points.
    legend_title : str, optional
        Title of the legend, or name of the colour scale.

    Returns
    -------
    Coloring
    """
    if labels is None:
        return Coloring(np.tile(palette(1), (n, 1)), np.ones(n, bool))
    labels = as_labels(labels, n)
    title = "" if legend_title is None else printable(str(legend_title))
    if is_scale(labels, label_names):
        return _color_on_scale(labels, title)
    codes, names = classes(labels, label_names)
    names = [shorten(name) for name in names]
    colors = palette(len(names))
    is_labelled = codes >= 0
    rgb = np.tile(hex_to_rgb(UNLABELLED), (n, 1))
    rgb[is_labelled] = colors[codes[is_labelled]]
    coloring = Coloring(rgb, is_labelled, codes, title=title)
    if len(names) > _MAX_LEGEND_CLASSES:
        coloring.summary = f"{title}: " * bool(title) + f"{len(names):,} labels"
        if not is_labelled.all():
            coloring.summary += "; grey: unlabelled"
        return coloring
    coloring.legend = list(zip(names, colors, strict=True))
    coloring.names = names if len(names) > _MAX_CLASSES_BY_COLOR else []
    if not is_labelled.all():
        coloring.legend.append(("unlabelled", hex_to_rgb(UNLABELLED)))
    return coloring


def _color_on_scale(values: np.ndarray, title: str) -> Coloring:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    is_labelled = np.isfinite(values)
    known = values[is_labelled]
    scale = ScalarMappable(Normalize(known.min(), known.max()), "viridis")
    rgb = np.tile(hex_to_rgb(UNLABELLED), (len(values), 1))
    rgb[is_labelled] = scale.to_rgba(known)[:, :3]
    return Coloring(rgb, is_labelled, title=title, scale=scale)


def classes(
    labels: Any, label_names: Mapping[int, str] | Sequence[str] | None = None
) -> tuple[np.ndarray, list[str]]:
    """Number the classes that occur among the labels.

    Parameters
    ----------
    labels : array, tensor or sequence, shape (n,)
        As in :func:`fasttsne.plot.scatter`.
    label_names : mapping or sequence of str, optional
        Name of each integer label. A label that a mapping lacks is named by its number.

    Returns
    -------
    codes : ndarray, shape (n,), int
        Index of the class of each point, 0 to c - 1 in ascending order of the labels; -1 for
        unlabelled points.
    names : list of str, length c
        Name of each class.

    Raises
    ------
    TypeError, ValueError
        If the labels are neither numbers nor strings, or ``label_names`` is a sequence that is too
        short for a label.
    """
    labels = as_labels(labels, len(labels))
    known = is_labelled(labels)
    distinct, inverse = np.unique(labels[known], return_inverse=True)
    codes = np.full(len(labels), -1)
    codes[known] = inverse
    return codes, [_name_class(label, label_names) for label in distinct.tolist()]


def _name_class(label: Any, label_names: Any) -> str:
    if label_names is None or isinstance(label, str):
        return str(label)
    if isinstance(label_names, Mapping):
        return str(label_names.get(int(label), label))
    if label >= len(label_names):
        raise ValueError(f"label_names has {len(label_names)} names, but there is a label {label}")
    return str(label_names[int(label)])
