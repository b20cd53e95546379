"""Names of classes on a map, each where its class is densest."""

from __future__ import annotations

from typing import Any

import numpy as np

from .coloring import Coloring
from .texts import escape, halo


def densest(points: np.ndarray, radius: float) -> np.ndarray:
    """Find the middle of the densest part of a class.

    The start is the mean of the points in the fullest cell of a square grid. Three steps of mean
    shift follow: each moves the middle to the mean of the points within ``radius`` of it.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Points of the class, at least one.
    radius : float
        Side of a grid cell, and radius of the mean shift.

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


def write_class_names(ax: Any, Y: np.ndarray, coloring: Coloring) -> None:
    """Write the name of each class where the class is densest, the largest class first.

    A name that would overlap the name of a larger class is left out; the legend still has it.
    """
    codes = np.asarray(coloring.codes)
    span = np.ptp(Y, axis=0).max() or 1.0
    written: list[tuple[float, float, int]] = []
    for code in np.argsort(-np.bincount(codes[codes >= 0]), kind="stable"):
        name, points = coloring.names[code], Y[codes == code]
        x, y = densest(points, 0.06 * span)
        if any(
            abs(x - other_x) < 0.0065 * span * (len(name) + length)
            and abs(y - other_y) < 0.022 * span
            for other_x, other_y, length in written
        ):
            continue
        written.append((x, y, len(name)))
        ax.text(x, y, escape(name), fontsize=8, ha="center", va="center", path_effects=halo())
