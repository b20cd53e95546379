"""What a face does, apart from whose face it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .checks import check_ids, check_points
from .frames import Float32, rows_by_id
from .shapes import procrustes


def expression(points: ArrayLike, clip: ArrayLike, group: ArrayLike | None = None) -> Float32:
    """Return what the face does: its shape against the usual one, and how fast that changes.

    After `procrustes`, columns 0 to 135 are the deviation from the mean shape of the group, which
    takes the identity away, and columns 136 to 271 the difference to the previous frame of the
    clip, 0 at its first. Frames of a clip follow each other in the order of the rows.

    Parameters
    ----------
    points : array-like, shape (n, 68, 2)
    clip : array-like, shape (n,)
        Which clip a frame belongs to.
    group : array-like, shape (n,), optional
        Whose mean shape is taken off, for example the person; numbers or strings. Default: the
        clip. A clip's mean expression goes with its identity then, so give the person where known.

    Returns
    -------
    ndarray of float32, shape (n, 272)

    Raises
    ------
    ValueError
        If points has another shape, no frame, or a coordinate that is not finite, or if clip or
        group do not have one entry per frame.
    """
    checked = check_points(points)
    clip = check_ids(clip, "clip", len(checked))
    group = clip if group is None else check_ids(group, "group", len(checked))
    shape = procrustes(checked)
    result = np.zeros((len(shape), 2 * shape.shape[1]), dtype=np.float32)
    deviation, velocity = np.hsplit(result, 2)
    for rows in rows_by_id(group):
        deviation[rows] = shape[rows] - shape[rows].mean(axis=0, dtype=np.float64)
    for rows in rows_by_id(clip):
        velocity[rows[1:]] = shape[rows[1:]] - shape[rows[:-1]]
    return result
