"""Features relative to the mean of a person (or clip), which removes the identity."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .checks import check_features, check_ids, check_points
from .coordinates import procrustes
from .frames import Float32
from .rows import rows_by_id


def expression(points: ArrayLike, clip: ArrayLike, group: ArrayLike | None = None) -> Float32:
    """Compute the deviation from the mean shape of a person, and its change between frames.

    Let s be the shape of a frame after `procrustes`. Columns 0 to 135 are s minus the mean of s
    over the group, which removes the identity. Columns 136 to 271 are s minus s of the previous
    frame of the clip, or 0 for its first frame. Frames of a clip are in the order of their rows.

    Parameters
    ----------
    points : array-like, shape (n, 68, 2)
    clip : array-like, shape (n,)
        The clip of each frame.
    group : array-like, shape (n,), optional
        The group whose mean shape is subtracted, for example the person of each frame; numbers or
        strings. Default: the clip. This also removes the mean expression of the clip, so give the
        person if it is known.

    Returns
    -------
    ndarray of float32, shape (n, 272)

    Raises
    ------
    ValueError
        If ``points`` has another shape, no frame, or a coordinate that is not finite, or if
        ``clip`` or ``group`` does not have one entry per frame.
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


def standardize(X: ArrayLike, group: ArrayLike | None = None) -> Float32:
    """Scale each column to mean 0 and standard deviation 1 within each group.

    With the person as the group, this removes what a face looks like at rest and how widely it
    moves. It uses no labels, but needs all rows of a person. It assumes that all persons show about
    the same mixture of expressions: for a person who only smiles, the smile is removed too.

    Parameters
    ----------
    X : array-like, shape (n, f)
        Features.
    group : array-like, shape (n,), optional
        The group of each row, for example the person; numbers or strings. Default: all rows are
        one group.

    Returns
    -------
    ndarray of float32, shape (n, f)
        A column that is constant in a group is 0 there.

    Raises
    ------
    ValueError
        If ``X`` is not a matrix, is empty or has a value that is not finite, or if ``group`` does
        not have one entry per row.
    """
    checked = check_features(X)
    group = np.zeros(len(checked)) if group is None else check_ids(group, "group", len(checked))
    result = np.empty(checked.shape, dtype=np.float32)
    for rows in rows_by_id(group):
        some = checked[rows].astype(np.float64)
        mean, spread = some.mean(axis=0), some.std(axis=0)
        # In a constant column the rounding error of the mean gives a tiny standard deviation.
        spread[spread <= 1e-10 * np.abs(mean)] = np.inf
        result[rows] = (some - mean) / spread
    return result
