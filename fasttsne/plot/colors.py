"""Colours of points: a palette for any number of classes, a scale for numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._labels import as_labels, is_scale, printable

_OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#E3D21B")
UNLABELLED = "#C9C9C9"
_MOST_BY_COLOR = 10  # more classes than that have their names on the map, too
_MOST_IN_LEGEND = 40
_LONGEST_NAME = 28


@dataclass
class Coloring:
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
    first = np.array([rgb_of(color) for color in _OKABE_ITO[:n]]).reshape(-1, 3)
    if n <= len(first):
        return first
    grid = np.linspace(0, 1, 14)
    candidates = np.stack(np.meshgrid(grid, grid, grid), -1).reshape(-1, 3)
    lightness, a, b = perceived(candidates)[0].T
    chroma = np.hypot(a, b)
    # Neither too pale for white paper, nor black, nor close to grey, nor shrill.
    candidates = candidates[
        (lightness > 0.40) & (lightness < 0.84) & (chroma > 0.07) & (chroma < 0.2)
    ]
    seen = perceived(candidates)

    def distance(color: np.ndarray) -> np.ndarray:
        apart = np.linalg.norm(seen - perceived(color[None]), axis=-1)
        # Normal eyes see the widest range of colours: unweighted, they would never decide.
        return (apart * [[0.6], [1.0], [1.0]]).min(0)

    taken = [*first, np.ones(3), np.array(rgb_of(UNLABELLED))]
    nearest = np.min([distance(color) for color in taken], axis=0)
    chosen = list(first)
    while len(chosen) < n:
        chosen.append(candidates[nearest.argmax()])
        nearest = np.minimum(nearest, distance(chosen[-1]))
    return np.array(chosen)


def rgb_of(color: str) -> tuple[float, ...]:
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


def perceived(rgb: np.ndarray) -> np.ndarray:
    """Oklab coordinates (3, n, 3) of colours (n, 3), as each of the three kinds of eyes sees."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ _EYES.transpose(0, 2, 1), 0, 1)
    return np.cbrt(seen @ _TO_CONES.T) @ _TO_OKLAB.T


def coloring_of(labels: Any, label_names: Any, n: int) -> Coloring:
    if labels is None:
        return Coloring(np.tile(rgb_of(_OKABE_ITO[0]), (n, 1)), np.ones(n, bool))
    labels = as_labels(labels, n)
    if is_scale(labels, label_names):
        return _on_scale(labels)
    codes, names = classes(labels, label_names)
    names = [shortened(name) for name in names]
    colors = palette(len(names))
    is_labelled = codes >= 0
    rgb = np.tile(rgb_of(UNLABELLED), (n, 1))
    rgb[is_labelled] = colors[codes[is_labelled]]
    coloring = Coloring(rgb, is_labelled, codes)
    if len(names) > _MOST_IN_LEGEND:
        coloring.key = [(f"{len(names):,} labels", "none")]
    else:
        coloring.key = list(zip(names, colors, strict=True))
        coloring.names = names if len(names) > _MOST_BY_COLOR else []
    if not is_labelled.all():
        coloring.key.append(("unlabelled", rgb_of(UNLABELLED)))
    return coloring


def _on_scale(values: np.ndarray) -> Coloring:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    is_labelled = np.isfinite(values)
    known = values[is_labelled]
    scale = ScalarMappable(Normalize(known.min(), known.max()), "viridis")
    rgb = np.tile(rgb_of(UNLABELLED), (len(values), 1))
    rgb[is_labelled] = scale.to_rgba(known)[:, :3]
    return Coloring(rgb, is_labelled, scale=scale)


def classes(
    labels: Any, label_names: Mapping[int, str] | Sequence[str] | None = None
) -> tuple[np.ndarray, list[str]]:
    """Number the classes that occur.

    Parameters
    ----------
    labels : array, tensor or sequence, shape (n,)
        As in :func:`fasttsne.plot.scatter`.
    label_names : mapping or sequence of str, optional
        Name of each integer label.

    Returns
    -------
    codes : ndarray, shape (n,), int
        0 to c - 1, in the order of the labels; -1 for unlabelled.
    names : list of str
        Of the c classes.

    Raises
    ------
    TypeError, ValueError
        If the labels are neither numbers nor strings, or one has no name in a sequence.
    """
    labels = as_labels(labels, len(labels))
    is_text = labels.dtype.kind == "U"
    is_labelled = labels != "" if is_text else np.isfinite(labels) & (labels >= 0)
    distinct, inverse = np.unique(labels[is_labelled], return_inverse=True)
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


def shortened(name: str) -> str:
    name = printable(name)
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
