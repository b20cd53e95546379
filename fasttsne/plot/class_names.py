"""Names of classes on a picture of a map, none of which overlaps another."""

from __future__ import annotations

from typing import Any

import numpy as np

from .coloring import Coloring
from .islands import place_names
from .placement import select_disjoint
from .texts import escape, half_sizes, halo, size_in_points

_FONT_SIZE = 8.0


def write_class_names(ax: Any, Y: np.ndarray, coloring: Coloring) -> None:
    """Write the name of each class at its largest islands (`place_names`).

    A name that would extend beyond the axes is moved inside. One that would overlap a more
    important name is left out; the legend still has it.
    """
    assert coloring.codes is not None
    places = place_names(Y, coloring.codes, coloring.names)
    texts = [coloring.names[code] for code, _, _ in places]
    low, high, side = size_in_points(ax)
    half = half_sizes(texts, ["normal"] * len(texts), _FONT_SIZE)
    at = (np.array([place[1:] for place in places]) - low) / (high - low) * side
    middle = np.clip(at, half, side - half)
    kept = select_disjoint(np.hstack([middle - half, middle + half]))
    for i in np.flatnonzero(kept):
        x, y = low + middle[i] / side * (high - low)
        ax.text(
            x,
            y,
            escape(texts[i]),
            fontsize=_FONT_SIZE,
            ha="center",
            va="center",
            path_effects=halo(),
        )
