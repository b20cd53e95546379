"""Features chosen by name, of frames and of clips."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from .coordinates import procrustes, raw
from .face import COORDINATES, N_POINTS, NOSE_TIP
from .facial_actions import ACTIONS, actions
from .frames import Clip, Float32, LandmarkFrames
from .per_person import expression
from .point_distances import nose, pairwise

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
        One of ``FEATURES``; the function with this name in ``fasttsne.landmarks`` computes them.
    group : array-like, shape (n,), optional
        Only for "expression"; see `expression`.

    Returns
    -------
    ndarray of float32, shape (n, f)
        f = 136, 67, 136, 2278, 18 and 272 for the names above, in their order.

    Raises
    ------
    ValueError
        If the name is unknown, ``group`` is given for other features than "expression", or there
        is no frame.
    """
    check_name("name", name)
    if name == "expression":
        return expression(frames.points, frames.clip, group)
    if group is not None:
        raise ValueError(f"group is only for the features 'expression', got it for {name!r}")
    return _FUNCTIONS[name](frames.points)


def column_names(name: str, clips: bool = False) -> list[str]:
    """Name the columns of `features` or `clip_features`.

    Parameters
    ----------
    name : str
        One of ``FEATURES``.
    clips : bool, default=False
        Name the columns of `clip_features` instead of those of `features`.

    Returns
    -------
    list of str
        For example "x30", "30-31" (the distance between two points), "mouth width", or "speed of
        y66" (change since the previous frame). With ``clips`` all names come four times, with the
        prefixes "mean ", "spread ", "range " and "change ".

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    check_name("name", name)
    names = {
        "raw": COORDINATES,
        "nose": [f"{NOSE_TIP}-{i}" for i in range(N_POINTS) if i != NOSE_TIP],
        "procrustes": COORDINATES,
        "pairwise": [f"{i}-{j}" for i, j in combinations(range(N_POINTS), 2)],
        "actions": list(ACTIONS),
        "expression": [*COORDINATES, *(f"speed of {c}" for c in COORDINATES)],
    }[name]
    prefixes = ("mean ", "spread ", "range ", "change ") if clips else ("",)
    return [prefix + column for prefix in prefixes for column in names]


def clip_features(
    frames: LandmarkFrames, feature: str = "expression", group: ArrayLike | None = None
) -> tuple[Float32, list[Clip]]:
    """Describe each clip by one vector: mean, spread, range and change of its frames' features.

    Parameters
    ----------
    frames : LandmarkFrames
    feature : str, default="expression"
        One of ``FEATURES``, with f columns.
    group : array-like, shape (n,), optional
        Only for "expression": the person of each frame, if known. By default each clip is a group,
        and so the means of the first 136 columns are zero.

    Returns
    -------
    X : ndarray of float32, shape (clips, 4 f)
        f columns each: mean, standard deviation, maximum minus minimum, and mean absolute
        difference of consecutive frames (0 for a clip of one frame).
    clips : list of Clip
        The clip of each row of X.

    Raises
    ------
    ValueError
        As for `features`.
    """
    check_name("feature", feature)
    F = features(frames, feature, group)
    clips = list(frames.clips())
    X = np.zeros((len(clips), 4, F.shape[1]), dtype=np.float32)
    for row, clip in zip(X, clips, strict=True):
        f = F[clip.rows].astype(np.float64)
        row[:3] = f.mean(axis=0), f.std(axis=0), np.ptp(f, axis=0)
        if len(f) > 1:
            row[3] = np.abs(np.diff(f, axis=0)).mean(axis=0)
    return X.reshape(len(clips), -1), clips


def check_name(argument: str, name: str) -> None:
    """Raise ValueError if features have another name than those of ``FEATURES``."""
    if name not in FEATURES:
        raise ValueError(f"{argument} must be one of {', '.join(FEATURES)}; got {name!r}")
