"""Features: distances between two points of a face."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .checks import check_points
from .face import LEFT_EYE, N_POINTS, NOSE_TIP, RIGHT_EYE
from .frames import Float32
from .rows import blocks


def nose(points: ArrayLike) -> Float32:
    """Compute the distance of every other point to the tip of the nose, point 30.

    The distances do not depend on the position of the head and its rotation in the plane of the
    picture. They do depend on its size, and on rotation out of the plane.

    Parameters
    ----------
    points : array-like, shape (n, 68, 2)

    Returns
    -------
    ndarray of float32, shape (n, 67)
        In the units of the points. Columns are the points 0 to 67 without 30.

    Raises
    ------
    ValueError
        If ``points`` has another shape, no frame, or a coordinate that is not finite.
    """
    checked = check_points(points)
    others = np.delete(np.arange(N_POINTS), NOSE_TIP)
    result = np.empty((len(checked), len(others)), dtype=np.float32)
    for some in blocks(len(checked)):
        p = checked[some].astype(np.float64)
        result[some] = np.linalg.norm(p[:, others] - p[:, [NOSE_TIP]], axis=-1)
    return result


def pairwise(points: ArrayLike) -> Float32:
    """Compute the distances of all pairs of points, divided by the distance between the eyes.

    The features do not depend on position, size and in-plane rotation of the head. The place of an
    eye is the mean of its six points.

    Parameters
    ----------
    points : array-like, shape (n, 68, 2)

    Returns
    -------
    ndarray of float32, shape (n, 2278)
        Columns are the pairs (0, 1), (0, 2), ..., (0, 67), (1, 2), ..., (66, 67). The row of a
        frame whose eyes coincide is zeros.

    Raises
    ------
    ValueError
        If ``points`` has another shape, no frame, or a coordinate that is not finite.
    """
    checked = check_points(points)
    result = np.empty((len(checked), N_POINTS * (N_POINTS - 1) // 2), dtype=np.float32)
    for some in blocks(len(checked), 256):  # a block and its temporaries fit into the cache
        p = checked[some].astype(np.float64)
        between_eyes = p[:, LEFT_EYE].mean(axis=1) - p[:, RIGHT_EYE].mean(axis=1)
        unit = np.hypot(*between_eyes.T)
        # Eyes coincide if their distance is tiny against the extent of the face: it may be
        # rounding error, and the quotients would be huge. Division by infinity makes zeros.
        unit[unit <= 1e-6 * np.ptp(p, axis=1).max(axis=1)] = math.inf
        x, y = np.ascontiguousarray((p / unit[:, None, None]).transpose(2, 0, 1))
        column = 0
        for i in range(N_POINTS - 1):
            dx, dy = x[:, i + 1 :] - x[:, i, None], y[:, i + 1 :] - y[:, i, None]
            result[some, column : column + dx.shape[1]] = np.sqrt(dx**2 + dy**2)
            column += dx.shape[1]
    return result
