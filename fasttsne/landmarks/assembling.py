"""Making `LandmarkFrames` of what a reader has found in one file or in several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .frames import LandmarkFrames


def assemble(
    points: NDArray[Any],
    clips: Sequence[str],
    frame: ArrayLike,
    image_path: list[str],
    *,
    label: ArrayLike | None = None,
    label_names: dict[int, str] | None = None,
    valence: ArrayLike | None = None,
    arousal: ArrayLike | None = None,
    person: Sequence[str] | None = None,
    audio_path_of: Callable[[str], str | None] = lambda clip: None,
) -> LandmarkFrames:
    """Make `LandmarkFrames` of n frames.

    Parameters
    ----------
    points : ndarray, shape (n, 68, 2)
    clips : sequence of str, length n
        Name of the clip of each frame; clips are numbered in order of appearance.
    frame : array-like of int, shape (n,)
    image_path : list of str, length n
    label, valence, arousal : array-like, shape (n,), optional
        Zeros by default.
    label_names : dict of int to str, optional
    person : sequence of str, length n, optional
    audio_path_of : callable
        Returns the sound of the clip with this name.
    """
    number: dict[str, int] = {}
    index = [number.setdefault(name, len(number)) for name in clips]
    zeros = np.zeros(len(points), dtype=np.float32)
    return LandmarkFrames(
        points=np.ascontiguousarray(points, dtype=np.float32),
        clip=np.array(index, dtype=np.int64),
        frame=np.array(frame, dtype=np.int64),
        label=np.array(zeros if label is None else label, dtype=np.int64),
        label_names=dict(label_names or {}),
        valence=np.array(zeros if valence is None else valence, dtype=np.float32),
        arousal=np.array(zeros if arousal is None else arousal, dtype=np.float32),
        image_path=image_path,
        audio_path=[audio_path_of(name) for name in number],
        clip_names=list(number),
        person=None if person is None else np.array(person, dtype=np.str_),
    )


def join(parts: Sequence[LandmarkFrames]) -> LandmarkFrames:
    """Put the frames of several files behind each other; persons are known if all parts know them.

    Parts without frames are left out.
    """
    parts = [part for part in parts if len(part)] or list(parts[:1])
    first_clip = np.cumsum([0, *(len(part.clip_names) for part in parts)])
    persons = [part.person for part in parts if part.person is not None]

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts])

    return LandmarkFrames(
        points=column("points"),
        clip=np.concatenate([p.clip + i for p, i in zip(parts, first_clip[:-1], strict=True)]),
        frame=column("frame"),
        label=column("label"),
        label_names={key: name for part in parts for key, name in part.label_names.items()},
        valence=column("valence"),
        arousal=column("arousal"),
        image_path=[path for part in parts for path in part.image_path],
        audio_path=[path for part in parts for path in part.audio_path],
        clip_names=[name for part in parts for name in part.clip_names],
        person=np.concatenate(persons) if len(persons) == len(parts) else None,
    )
