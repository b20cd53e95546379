"""Features by name, of frames and of clips."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .distances import nose, pairwise
from .frames import Clip, Float32, LandmarkFrames
from .persons import expression
from .shapes import procrustes, raw

_FUNCTIONS = {"raw": raw, "nose": nose, "procrustes": procrustes, "pairwise": pairwise}
FEATURES = (*_FUNCTIONS, "expression")


def features(frames: LandmarkFrames, name: str, group: ArrayLike | None = None) -> Float32:
    """Compute the features called ``name``.

    Parameters
    ----------
    frames : LandmarkFrames
    name : {"raw", "nose", "procrustes", "pairwise", "expression"}
        One of ``FEATURES``: the function of this name.
    group : array-like, shape (n,), optional
        Only for "expression".

    Returns
    -------
    ndarray of float32, shape (n, f)
        With f = 136, 67, 136, 2278, 272.

    Raises
    ------
    ValueError
        If the name is unknown, a group comes with features that have none, or there is no frame.
    """
    if name not in FEATURES:
        raise ValueError(f"features must be one of {', '.join(FEATURES)}; got {name!r}")
    if name == "expression":
        return expression(frames.points, frames.clip, group)
    if group is not None:
        raise ValueError(f"group is only for the features 'expression', not for {name!r}")
    return _FUNCTIONS[name](frames.points)


def clip_features(
    frames: LandmarkFrames, feature: str = "expression", group: ArrayLike | None = None
) -> tuple[Float32, list[Clip]]:
    """Describe each clip by one vector: mean, spread, range and speed of its frames' features.

    Parameters
    ----------
    frames : LandmarkFrames
    feature : str, default="expression"
        One of ``FEATURES``, with f columns.
    group : array-like, shape (n,), optional
        Only for "expression". With the default, the clip, the means of its first 136 columns are
        zero: give the person where known.

    Returns
    -------
    X : ndarray of float32, shape (clips, 4 f)
        Mean, standard deviation, largest minus smallest, and mean absolute difference of
        consecutive frames (0 for a clip of one frame), f columns each.
    clips : list of Clip
        What each row of X is about.

    Raises
    ------
    ValueError
        As `features`.
    """
    F = features(frames, feature, group)
    clips = list(frames.clips())
    X = np.zeros((len(clips), 4, F.shape[1]), dtype=np.float32)
    for row, clip in zip(X, clips, strict=True):
        f = F[clip.rows].astype(np.float64)
        row[:3] = f.mean(axis=0), f.std(axis=0), np.ptp(f, axis=0)
        if len(f) > 1:
            row[3] = np.abs(np.diff(f, axis=0)).mean(axis=0)
    return X.reshape(len(clips), -1), clips
