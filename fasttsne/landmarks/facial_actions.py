"""Features: eighteen distances in a face, each of which some facial actions change."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .checks import check_points
from .face import N_POINTS
from .frames import Float32
from .rows import blocks


class Distance(NamedTuple):
    """Mean of the ``end`` points minus mean of the ``start`` points, along one axis of the face."""

    axis: str
    """The axis: "across" or "down"."""
    start: tuple[int, ...]
    end: tuple[int, ...]


# The place of an eye is the mean of its two corners, which the lids do not move.
_RIGHT_CORNERS, _LEFT_CORNERS = (36, 39), (42, 45)
_CORNERS = _RIGHT_CORNERS + _LEFT_CORNERS

# Each mean includes both sides of the face, so that the effect of turning the head to one side
# cancels to first order. Comments list the action units (Ekman and Friesen 1978) that change a
# distance.
ACTIONS: dict[str, Distance] = {
    "inner brow raise": Distance("down", (21, 22), (39, 42)),  # 1, 4
    "brow raise": Distance("down", (19, 24), _CORNERS),  # 1, 2, 4
    "outer brow raise": Distance("down", (17, 26), (36, 45)),  # 2
    "brow gap": Distance("across", (21,), (22,)),  # 4
    "eye opening": Distance("down", (37, 38, 43, 44), (40, 41, 46, 47)),  # 5, 7, 43, 45
    "lower lid drop": Distance("down", _CORNERS, (40, 41, 46, 47)),  # 6, 7
    "nose length": Distance("down", (27,), (33,)),  # 9
    "nostril width": Distance("across", (31,), (35,)),  # 9, 38
    "nose to lip": Distance("down", (33,), (51,)),  # 9, 10
    "nose to lip corners": Distance("down", (33,), (48, 54)),  # 12, 15
    "lip corner raise": Distance("down", (48, 54), (51, 57)),  # 12, 15
    "mouth width": Distance("across", (48,), (54,)),  # 12, 14, 18, 20
    "mouth opening width": Distance("across", (60,), (64,)),  # 12, 18, 20, 23
    "mouth opening": Distance("down", (62,), (66,)),  # 25, 26, 27
    "upper lip height": Distance("down", (51,), (62,)),  # 10, 24, 28
    "lower lip height": Distance("down", (66,), (57,)),  # 16, 24, 28
    "lip to chin": Distance("down", (57,), (8,)),  # 17
    "jaw drop": Distance("down", (33,), (8,)),  # 26, 27
}


def actions(points: ArrayLike) -> Float32:
    """Compute the distances of ``ACTIONS``, divided by the distance between the eyes.

    The axis "across" runs from the right eye to the left one, "down" at right angles to it. So the
    features do not depend on position, size and in-plane rotation of the head.

    Parameters
    ----------
    points : array-like, shape (n, 68, 2)

    Returns
    -------
    ndarray of float32, shape (n, 18)
        In the order of ``ACTIONS``. The row of a frame whose eyes coincide is zeros.

    Raises
    ------
    ValueError
        If ``points`` has another shape, no frame, or a coordinate that is not finite.
    """
    checked = check_points(points)
    # Every distance is a linear function of the points: weights (68, 18) for each axis.
    weights = {axis: np.zeros((N_POINTS, len(ACTIONS))) for axis in ("across", "down")}
    for column, (axis, start, end) in enumerate(ACTIONS.values()):
        weights[axis][list(end), column] += 1 / len(end)
        weights[axis][list(start), column] -= 1 / len(start)

    result = np.empty((len(checked), len(ACTIONS)), dtype=np.float32)
    for some in blocks(len(checked)):
        p = checked[some].astype(np.float64)
        z = p[..., 0] + 1j * p[..., 1]
        # Division by a complex number rotates and scales: the vector between the eyes becomes 1.
        between = z[:, _LEFT_CORNERS].mean(axis=1) - z[:, _RIGHT_CORNERS].mean(axis=1)
        between[np.abs(between) <= 1e-6 * np.ptp(p, axis=1).max(axis=1)] = np.inf
        z = (z - z[:, _CORNERS].mean(axis=1, keepdims=True)) / between[:, None]
        result[some] = z.real @ weights["across"] + z.imag @ weights["down"]
    return result
