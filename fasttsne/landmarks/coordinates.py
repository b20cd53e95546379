"""Features: coordinates of the points, unchanged or after Procrustes alignment."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import check_points
from .face import LEFT_EYE, N_POINTS, RIGHT_EYE
from .frames import Float32
from .rows import blocks


def raw(points: ArrayLike) -> Float32:
    """Return the coordinates unchanged.

    Parameters
    ----------
    points : array-like, shape (n, 68, 2)

    Returns
    -------
    ndarray of float32, shape (n, 136)
        x0 y0 ... x67 y67, in the units of the points.

    Raises
    ------
    ValueError
        If ``points`` has another shape, no frame, or a coordinate that is not finite.
    """
    return check_points(points).reshape(-1, 2 * N_POINTS).astype(np.float32)


def procrustes(points: ArrayLike) -> Float32:
    """Remove position, size and in-plane rotation by Procrustes alignment.

    Each frame is centred, scaled to centroid size 1 (the square root of the sum of squared
    distances to the centroid) and rotated, never mirrored, onto the mean shape of all frames. The
    mean shape is rotated so that its eyes are level. So the result does not depend on how any
    frame was moved, scaled or rotated.

    Parameters
    ----------
    points : array-like, shape (n, 68, 2)

    Returns
    -------
    ndarray of float32, shape (n, 136)
        x0 y0 ... x67 y67, of magnitude about 0.1. The row of a frame whose points all coincide is
        zeros.

    Raises
    ------
    ValueError
        If ``points`` has another shape, no frame, or a coordinate that is not finite.

    Notes
    -----
    Points are complex numbers z = x + iy. A rotation is then a factor of modulus 1, and the best
    rotation of z onto a mean m is the phase of <z, m>. The full Procrustes mean is the leading
    eigenvector of the sum of z z* over all frames, so that it needs no alternation between rotating
    and averaging: Kent, "The complex Bingham distribution and shape analysis", JRSS B 56 (1994);
    Dryden and Mardia, "Statistical Shape Analysis" (2016), chapter 8.
    """
    checked = check_points(points)
    scatter = np.zeros((N_POINTS, N_POINTS), dtype=np.complex128)
    for some in blocks(len(checked)):
        z = _preshapes(checked[some])
        scatter += z.T @ z.conj()
    mean = np.linalg.eigh(scatter)[1][:, -1]
    # The phase of an eigenvector is arbitrary: choose the one that makes the eyes level.
    mean = mean * _phase(np.conj(mean[LEFT_EYE].mean() - mean[RIGHT_EYE].mean()))

    result = np.empty((len(checked), 2 * N_POINTS), dtype=np.float32)
    for some in blocks(len(checked)):
        z = _preshapes(checked[some])
        z *= _phase(z.conj() @ mean)[:, None]
        result[some] = z.view(np.float64)
    return result


def _preshapes(points: NDArray[Any]) -> NDArray[np.complex128]:
    """Centre and scale frames to norm 1, as complex numbers (n, 68).

    Frames whose points all coincide become zeros.
    """
    p = np.ascontiguousarray(points, dtype=np.float64)
    z = p.view(np.complex128)[..., 0]
    centred = z - z.mean(axis=1, keepdims=True)
    size = np.linalg.norm(centred, axis=1)
    # Coinciding points minus their mean are rounding errors, not exact zeros.
    size[size <= 1e-10 * np.abs(z).max(axis=1)] = math.inf
    return centred / size[:, None]


def _phase(c: Any) -> Any:
    """Return c / abs(c), and 1 where c is 0."""
    size = np.abs(c)
    return np.where(size > 0, c, 1) / np.where(size > 0, size, 1)
