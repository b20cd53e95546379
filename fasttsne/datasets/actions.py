"""Facial actions, and how each displaces the landmarks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..landmarks import N_POINTS
from .face import mean_face, mirror_indices

ACTIONS: dict[str, dict[int, tuple[float, float]]] = {
    "inner brow raise": {19: (0, -0.03), 20: (-0.01, -0.09), 21: (-0.02, -0.15)},
    "outer brow raise": {17: (0, -0.10), 18: (0, -0.14), 19: (0, -0.11), 20: (0, -0.06)},
    "brow lower": {
        17: (0, 0.01), 18: (-0.02, 0.05), 19: (-0.04, 0.09), 20: (-0.06, 0.12), 21: (-0.07, 0.13),
    },
    "lid close": {37: (0, 0.12), 38: (0, 0.12), 40: (0, -0.02), 41: (0, -0.02)},
    "lid raise": {37: (0, -0.05), 38: (0, -0.05), 40: (0, 0.01), 41: (0, 0.01)},
    "cheek raise": {
        3: (0.01, -0.01), 4: (0.02, -0.02), 36: (0.01, -0.01), 40: (0, -0.04), 41: (0, -0.04),
    },
    "nose wrinkle": {
        21: (-0.02, 0.04), 29: (0, -0.02), 30: (0, -0.05), 31: (0.03, -0.07), 32: (0.02, -0.07),
        33: (0, -0.06), 50: (0, -0.03), 51: (0, -0.03),
    },
    "upper lip raise": {
        48: (0.01, -0.01), 49: (0, -0.06), 50: (0, -0.10), 51: (0, -0.09), 61: (0, -0.08),
        62: (0, -0.08),
    },
    "lip corner pull": {
        48: (0.13, -0.15), 49: (0.08, -0.06), 50: (0.03, 0.01), 51: (0, 0.02), 57: (0, 0.01),
        58: (0.04, 0.0), 59: (0.09, -0.05), 60: (0.12, -0.12), 61: (0.03, 0.01), 62: (0, 0.02),
        66: (0, 0.02), 67: (0.03, 0.01), 4: (0.02, -0.01), 5: (0.03, -0.02),
    },
    "lip corner depress": {
        48: (0.03, 0.14), 49: (0.02, 0.06), 50: (0.01, 0.01), 58: (0.01, 0.02), 59: (0.03, 0.09),
        60: (0.02, 0.12), 61: (0, 0.01), 67: (0.01, 0.01),
    },
    "chin raise": {
        6: (0, -0.02), 7: (0, -0.04), 8: (0, -0.05), 50: (0, -0.03), 51: (0, -0.04),
        57: (0, -0.07), 58: (0, -0.06), 59: (0, -0.03), 61: (0, -0.03), 62: (0, -0.03),
        66: (0, -0.05), 67: (0, -0.05),
    },
    "lip stretch": {
        48: (0.15, 0.03), 49: (0.08, 0.02), 50: (0.03, 0.01), 58: (0.04, 0.0), 59: (0.09, 0.0),
        60: (0.13, 0.02), 61: (0.03, 0.01), 67: (0.04, 0.0),
    },
    "lip press": {
        49: (0, 0.03), 50: (0, 0.05), 51: (0, 0.04), 57: (0, -0.08), 58: (0, -0.07),
        59: (0, -0.04), 61: (0, 0.015), 62: (0, 0.015), 66: (0, -0.02), 67: (0, -0.02),
    },
    "lip pucker": {
        48: (-0.12, 0.0), 49: (-0.06, -0.02), 50: (-0.02, -0.03), 51: (0, -0.02), 57: (0, 0.03),
        58: (-0.03, 0.03), 59: (-0.07, 0.02), 60: (-0.10, 0.0), 61: (-0.02, -0.01),
        67: (-0.02, 0.01),
    },
    "jaw drop": {
        3: (-0.01, 0.05), 4: (-0.02, 0.12), 5: (-0.03, 0.22), 6: (-0.03, 0.31), 7: (-0.01, 0.37),
        8: (0, 0.39), 48: (-0.04, 0.10), 49: (-0.02, 0.02), 57: (0, 0.33), 58: (-0.01, 0.31),
        59: (-0.03, 0.22), 60: (-0.04, 0.10), 66: (0, 0.33), 67: (-0.01, 0.30),
    },
}  # fmt: skip
"""Displacements at full strength: action -> point -> (away from the midline, down).

The unit is half the width of a face. Points of the right half of the face and of the midline are
listed; the left half mirrors them. (``fasttsne.landmarks.ACTIONS`` are other things: distances
that are measured in a face.)
"""


def action_displacements() -> NDArray[np.float32]:
    """Return the displacement of all points by each action at full strength.

    Returns
    -------
    ndarray of float32, shape (len(ACTIONS), 136)
        In the order of ``ACTIONS``; columns are x0 y0 ... x67 y67, in half face widths.
    """
    side = np.sign(np.round(mean_face()[:, 0], 6))  # -1 and 1: halves of the face, 0: the midline
    mirror = mirror_indices()
    displacements = np.zeros((len(ACTIONS), N_POINTS, 2), dtype=np.float32)
    for of_action, moves in zip(displacements, ACTIONS.values(), strict=True):
        for point, (outward, down) in moves.items():
            for i in {point, int(mirror[point])}:
                of_action[i] = outward * side[i], down
    return displacements.reshape(len(ACTIONS), -1)
