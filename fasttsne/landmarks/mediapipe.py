"""The points of MediaPipe's face mesh that correspond to the 68 points of iBUG 300-W."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike

from .checks import check_finite
from .views import Float32

N_MESH = 478
"""Points of the mesh with irises; without them it has the first 468."""

MESHES = (468, N_MESH)

# Each of the 68 points is one point of the mesh or the middle between two.
_JAW = [127, 234, 93, (132, 58), (58, 172), 136, 150, 176, 152]
_JAW += [400, 379, 365, (288, 397), (361, 288), 323, 454, 356]
_BROWS = [70, 63, 105, 66, 107, 336, 296, 334, 293, 300]
_NOSE = [(168, 6), (197, 195), 5, 4, 98, 97, 2, 326, 327]
_EYES = [33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380]
_OUTER_LIPS = [61, 39, 37, 0, 267, 269, 291, 321, 314, 17, 84, 91]
_INNER_LIPS = [78, 82, 13, 312, 308, 317, 14, 87]

_PAIRS = np.array(
    [
        point if isinstance(point, tuple) else (point, point)
        for point in (*_JAW, *_BROWS, *_NOSE, *_EYES, *_OUTER_LIPS, *_INNER_LIPS)
    ]
)

_LARGEST_NORMALIZED = 3.0
"""Normalized coordinates lie in [0, 1], or not far outside where the face leaves the picture."""


def mediapipe_to_68(points: ArrayLike, size: tuple[float, float] | None = None) -> Float32:
    """Choose the 68 points of iBUG 300-W from the 468 or 478 of MediaPipe's face mesh.

    The correspondence is approximate: the mesh has other points than iBUG 300-W, and most of all
    its contour of the jaw lies elsewhere where the head is turned. Each point is a vertex of the
    mesh or the middle between two. Do not mix such points with those of other detectors.

    Parameters
    ----------
    points : array-like, shape (n, 468, 2 or 3) or (n, 478, 2 or 3)
        The third coordinate is left out.
    size : (float, float), optional
        Width and height of the pictures. MediaPipe divides x by the width and y by the height,
        which distorts faces unless the pictures are square; with the size, the result is in pixels.

    Returns
    -------
    ndarray of float32, shape (n, 68, 2)

    Warns
    -----
    UserWarning
        If the coordinates are normalized, and no size is given.

    Raises
    ------
    ValueError
        If the shape is another, a coordinate is not finite, or a size is given for coordinates that
        are not normalized.

    Notes
    -----
    The vertices are those of the list of PeizhiYan/Mediapipe_2_Dlib_Landmarks on GitHub, with both
    ends of the brows on them (70 and 300), and mirrored exactly at the jaw.
    """
    mesh = np.asarray(points)
    if mesh.ndim != 3 or mesh.shape[1] not in MESHES or mesh.shape[2] not in (2, 3):
        raise ValueError(
            f"points of MediaPipe must have shape (n, 468 or 478, 2 or 3), got {mesh.shape}"
        )
    mesh = mesh[..., :2]
    check_finite("points", mesh)
    chosen = mesh[:, _PAIRS].astype(np.float64).mean(axis=2)
    is_normalized = bool(np.abs(chosen).max(initial=0) <= _LARGEST_NORMALIZED)
    if size is None:
        if is_normalized and len(mesh):
            warnings.warn(
                "these points of MediaPipe are divided by width and height of the pictures, which "
                "distorts faces: pass size=(width, height) unless the pictures are square",
                UserWarning,
                stacklevel=2,
            )
    else:
        _check_size(size)
        if not is_normalized:
            raise ValueError(
                "size is for coordinates that MediaPipe has divided by it, but some are as large "
                f"as {np.abs(chosen).max():g}: leave it out for points in pixels"
            )
        chosen *= size
    return chosen.astype(np.float32)


def _check_size(size: tuple[float, float]) -> None:
    if len(size) != 2 or not all(np.isfinite(side) and side > 0 for side in size):
        raise ValueError(f"size must be width and height, both above 0, got {size!r}")
