"""Choosing frames: by emotion, every k-th, the first clips, the first frames of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .._validation import integer
from .frames import LandmarkFrames
from .rows import positions

_SAME_EMOTION = (
    ("neutral",),
    ("calm",),
    ("anger", "angry"),
    ("disgust", "disgusted"),
    ("fear", "fearful"),
    ("happy", "happiness"),
    ("sad", "sadness"),
    ("surprise", "surprised"),
)
_EMOTION = {name: names[0] for names in _SAME_EMOTION for name in names}


def subset(
    frames: LandmarkFrames,
    *,
    classes: Sequence[str] | None = None,
    drop_neutral: bool = False,
    every: int = 1,
    max_clips: int = 0,
    max_frames_per_clip: int = 0,
) -> LandmarkFrames:
    """Choose frames, in the order of the parameters.

    Parameters
    ----------
    frames : LandmarkFrames
    classes : sequence of str, optional
        Names of the labels to keep, for example ``["disgust", "surprise"]``. Case does not matter,
        and noun and adjective of an emotion are the same: "fear" and "fearful". A label without a
        name is named by its digits.
    drop_neutral : bool, default=False
        Leave out the frames that are labelled neutral.
    every : int, default=1
        Keep each k-th frame of each clip, from its first.
    max_clips, max_frames_per_clip : int, default=0
        Keep only the first so many clips, and the first so many frames of each. 0 is no limit.

    Returns
    -------
    LandmarkFrames

    Raises
    ------
    ValueError
        If a number is too small, no frame has one of the classes, or no frame is left.
    TypeError
        If a number is not an integer, or ``classes`` is a single text.
    """
    rows = chosen_rows(frames, classes, drop_neutral, every, max_clips, max_frames_per_clip)
    return frames.select(rows)


def check_choice(
    classes: Sequence[str] | None, every: int, max_clips: int, max_frames_per_clip: int
) -> None:
    """Check the parameters of `subset` before anything is read."""
    if isinstance(classes, str):
        raise TypeError(f"classes must be a list of names, got the text {classes!r}")
    integer("every", every, 1)
    integer("max_clips", max_clips, 0)
    integer("max_frames_per_clip", max_frames_per_clip, 0)


def chosen_rows(
    frames: LandmarkFrames,
    classes: Sequence[str] | None = None,
    drop_neutral: bool = False,
    every: int = 1,
    max_clips: int = 0,
    max_frames_per_clip: int = 0,
) -> NDArray[np.int64]:
    """Return the rows that `subset` keeps."""
    check_choice(classes, every, max_clips, max_frames_per_clip)
    rows = np.arange(len(frames))
    if classes is not None:
        wanted = {_emotion(name): name for name in classes}
        found = np.unique(frames.label).tolist()
        labels = {label: frames.label_names.get(label, str(label)) for label in found}
        emotions = set(map(_emotion, labels.values()))
        unknown = [name for key, name in wanted.items() if key not in emotions]
        if unknown or not wanted:
            there = ", ".join(labels.values()) or "none"
            raise ValueError(f"classes: no frame is labelled {unknown!r}; there are: {there}")
        kept = [label for label, name in labels.items() if _emotion(name) in wanted]
        rows = rows[np.isin(frames.label, kept)]
    if drop_neutral:
        neutral = [key for key, name in frames.label_names.items() if _emotion(name) == "neutral"]
        before, rows = rows, rows[~np.isin(frames.label[rows], neutral)]
        if len(before) and not len(rows):
            raise ValueError(
                f"all {len(before)} frames are neutral and would be dropped; "
                "pass drop_neutral=False to keep them"
            )
    rows = rows[positions(frames.clip[rows]) % every == 0]
    if max_clips:
        _, first = np.unique(frames.clip[rows], return_index=True)
        allowed = frames.clip[rows][np.sort(first)][:max_clips]
        rows = rows[np.isin(frames.clip[rows], allowed)]
    if max_frames_per_clip:
        rows = rows[positions(frames.clip[rows]) < max_frames_per_clip]
    return rows


def _emotion(name: str) -> str:
    """Return the one name that stands for all words of an emotion, or the name in lower case."""
    lower = str(name).strip().lower()
    return _EMOTION.get(lower, lower)
