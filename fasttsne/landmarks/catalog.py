"""Features by name, of frames and of clips."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from .distances import nose, pairwise
from .face import N_POINTS, NOSE_TIP
from .facial_actions import ACTIONS, actions
from .frames import Clip, Float32, LandmarkFrames
from .persons import expression
from .shapes import procrustes, raw

_FUNCTIONS = {
    "raw": raw,
    "nose": nose,
    "procrustes": procrustes,
    "pairwise": pairwise,
    "actions": actions,
}
FEATURES = (*_FUNCTIONS, "expression")


def features(frames: LandmarkFrames, name: str, group: ArrayLike | None = None) -> Float32:
    """Compute the features called ``name``.

    Parameters
    ----------
    frames : LandmarkFrames
    name : {"raw", "nose", "procrustes", "pairwise", "actions", "expression"}
        One of ``FEATURES``: the function of this name.
    group : array-like, shape (n,), optional
        Only for "expression".

    Returns
    -------
    ndarray of float32, shape (n, f)
        With f = 136, 67, 136, 2278, 18, 272.

    Raises
    ------
    ValueError
        If the name is unknown, a group comes with features that have none, or there is no frame.
    """
    _check_name(name)
    if name == "expression":
        return expression(frames.points, frames.clip, group)
    if group is not None:
        raise ValueError(f"group is only for the features 'expression', not for {name!r}")
    return _FUNCTIONS[name](frames.points)


def column_names(name: str, clips: bool = False) -> list[str]:
    """Say what each column of some features is.

    Parameters
    ----------
    name : str
        One of ``FEATURES``.
    clips : bool, default=False
        Of `clip_features` instead of `features`.

    Returns
    -------
    list of str
        Such as "x30", "30-31" (a distance), "mouth width", "speed of y66" (its change since the
        frame before); with ``clips``, each with "mean ", "spread ", "range ", "change " before it.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    _check_name(name)
    coordinates = [f"{axis}{i}" for i in range(N_POINTS) for axis in "xy"]
    names = {
        "raw": coordinates,
        "nose": [f"{NOSE_TIP}-{i}" for i in range(N_POINTS) if i != NOSE_TIP],
        "procrustes": coordinates,
        "pairwise": [f"{i}-{j}" for i, j in combinations(range(N_POINTS), 2)],
        "actions": list(ACTIONS),
        "expression": [*coordinates, *(f"speed of {c}" for c in coordinates)],
    }[name]
    parts = ("mean", "spread", "range", "change")
    return [f"{part} {column}" for part in parts for column in names] if clips else names


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


def _check_name(name: str) -> None:
    if name not in FEATURES:
        raise ValueError(f"features must be one of {', '.join(FEATURES)}; got {name!r}")
