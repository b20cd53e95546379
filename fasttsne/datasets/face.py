"""The mean face: 68 points in three dimensions, without an expression.

x points to the right of the picture, y down and z towards the camera. The unit is half the width
of a face.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..landmarks import BROWS, EYES, JAW, LEFT_EYE, LIPS, N_POINTS, RIGHT_EYE


def mean_face() -> NDArray[np.float64]:
    """Return the mean face, shape (68, 3), symmetric and with its centroid at the origin."""
    face = np.zeros((N_POINTS, 3))
    x, y, z = face.T

    angle = np.linspace(-np.pi / 2, np.pi / 2, 17)
    x[JAW] = np.sign(angle) * np.abs(np.sin(angle)) ** 0.85
    y[JAW] = 1.6 * np.cos(angle) ** 0.85
    z[JAW] = -0.9 * np.abs(x[JAW]) ** 1.5

    along = np.linspace(0, 1, 5)  # from the temple end of a brow to its nose end
    x[17:22] = -0.80 + 0.60 * along
    y[17:22] = -0.24 - 0.13 * np.sin(np.pi * (0.15 + 0.75 * along))
    x[22:27], y[22:27] = -x[17:22][::-1], y[17:22][::-1]
    z[BROWS] = 0.10 - 0.5 * x[BROWS] ** 2

    y[27:31] = np.linspace(0.02, 0.48, 4)
    z[27:31] = np.linspace(0.18, 0.55, 4)
    x[31:36] = np.linspace(-0.22, 0.22, 5)
    y[31:36] = 0.64 - 0.5 * x[31:36] ** 2
    z[31:36] = 0.36 - 1.5 * x[31:36] ** 2

    # An eye: outer corner, upper lid (2 points), inner corner, lower lid (2 points).
    eye = np.array([(-1, 0.0), (-0.4, -0.9), (0.4, -0.9), (1, 0.15), (0.4, 0.75), (-0.4, 0.75)])
    eye *= 0.19, 0.085
    x[RIGHT_EYE], y[RIGHT_EYE] = -0.46 + eye[:, 0], 0.03 + eye[:, 1]
    mirrored = eye[[3, 2, 1, 0, 5, 4]]
    x[LEFT_EYE], y[LEFT_EYE] = 0.46 - mirrored[:, 0], 0.03 + mirrored[:, 1]
    z[EYES] = 0.05 - 0.4 * x[EYES] ** 2

    x[48:55] = -0.37, -0.23, -0.09, 0, 0.09, 0.23, 0.37
    y[48:55] = 0.99, 0.92, 0.88, 0.90, 0.88, 0.92, 0.99
    x[55:60] = 0.24, 0.11, 0, -0.11, -0.24
    y[55:60] = 1.09, 1.14, 1.15, 1.14, 1.09
    x[60:65] = -0.30, -0.11, 0, 0.11, 0.30
    y[60:65] = 0.99, 0.975, 0.98, 0.975, 0.99
    x[65:68] = 0.11, 0, -0.11
    y[65:68] = 1.01, 1.015, 1.01
    z[LIPS] = 0.28 - 0.8 * x[LIPS] ** 2
    return face - face.mean(axis=0)


def mirror_indices() -> NDArray[np.int64]:
    """Return for each point the index of its mirror image, shape (68,).

    Points of the midline are their own mirror images.
    """
    face = mean_face() * (-1, 1, 1)
    return np.argmin(np.linalg.norm(face[:, None] - mean_face(), axis=-1), axis=1)
