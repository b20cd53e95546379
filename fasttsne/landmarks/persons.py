"""What a face does, apart from whose face it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .checks import check_ids, check_points, check_table
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


def standardize(X: ArrayLike, group: ArrayLike | None = None) -> Float32:
    """Give each column mean 0 and standard deviation 1, in each group by itself.

    With the person as the group this takes away what a face looks like at rest and how widely it
    moves, whatever the features are. It sees no label, but all rows of a person at once, and it
    takes for granted that everyone shows about the same mixture of expressions: of a person who
    only smiles, nothing of the smile is left.

    Parameters
    ----------
    X : array-like, shape (n, f)
        Features.
    group : array-like, shape (n,), optional
        For example the person of each row; numbers or strings. Default: all rows are one group.

    Returns
    -------
    ndarray of float32, shape (n, f)
        A column that is constant in a group is 0 there.

    Raises
    ------
    ValueError
        If X has another shape or a value that is not finite, or group not one entry per row.
    """
    checked = check_table(X)
    group = np.zeros(len(checked)) if group is None else check_ids(group, "group", len(checked))
    result = np.empty(checked.shape, dtype=np.float32)
    for rows in rows_by_id(group):
        some = checked[rows].astype(np.float64)
        mean, spread = some.mean(axis=0), some.std(axis=0)
        # The mean of equal numbers is off by a rounding: that is no spread to divide by.
        spread[spread <= 1e-10 * np.abs(mean)] = np.inf
        result[rows] = (some - mean) / spread
    return result
