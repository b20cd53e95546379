"""Frames and the clips they make: what every reader returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .face import N_POINTS

Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Clip:
    """One clip: which frames it has and what they say on average.

    Attributes
    ----------
    name : str
        Directory of the clip's images.
    rows : ndarray of int64, shape (frames,)
        Where its frames are in the ``LandmarkFrames``, in the order in which they came.
    valence, arousal : float
        Means over the frames.
    label : int
        Median over the frames; the lower one of an even count, so that it is a label that occurs.
    audio_path : str or None
        Sound of the clip where the data set has a rule for it; see `read_list`.
    """

    name: str
    rows: NDArray[np.int64]
    valence: float
    arousal: float
    label: int
    audio_path: str | None


@dataclass(frozen=True, eq=False)
class LandmarkFrames:
    """n frames of 68 facial landmarks, with their labels and clips.

    Attributes
    ----------
    points : ndarray of float32, shape (n, 68, 2)
        x (right) and y (down), in the units of the source, mostly pixels.
    clip : ndarray of int64, shape (n,)
        Index into ``clip_names`` and ``audio_path``.
    frame : ndarray of int64, shape (n,)
        Number that ends the image's file name, or the position in the clip, from 0.
    label : ndarray of int64, shape (n,)
    label_names : dict of int to str
        Empty where the source names no labels.
    valence, arousal : ndarray of float32, shape (n,)
    image_path : list of str, length n
    audio_path : list of (str or None), one per clip
    clip_names : list of str, one per clip, in order of appearance
    images : list of ndarray of uint8, shape (height, width, 3), length n, or None
        Only from ``read_list(..., load_images=True)``.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.

    Examples
    --------
    >>> from fasttsne.datasets import make_landmark_frames
    >>> frames = make_landmark_frames(1000)  # or read_list("list.txt")
    >>> happy = frames.select(frames.label == 3)
    >>> [(clip.name, len(clip.rows)) for clip in happy.clips()]
    [('synthetic/actor_03/happy/take_1', 100)]
    """

    points: Float32
    clip: NDArray[np.int64]
    frame: NDArray[np.int64]
    label: NDArray[np.int64]
    label_names: dict[int, str]
    valence: NDArray[np.float32]
    arousal: NDArray[np.float32]
    image_path: list[str]
    audio_path: list[str | None]
    clip_names: list[str]
    images: list[NDArray[np.uint8]] | None = None

    def __post_init__(self) -> None:
        if self.points.ndim != 3 or self.points.shape[1:] != (N_POINTS, 2):
            raise ValueError(f"points must have shape (n, 68, 2), got {self.points.shape}")
        n = len(self.points)
        for name in ("clip", "frame", "label", "valence", "arousal", "image_path", "images"):
            value = getattr(self, name)
            if value is not None and len(value) != n:
                raise ValueError(
                    f"{name} must have one entry per frame: {n} expected, got {len(value)}"
                )
        if len(self.audio_path) != len(self.clip_names):
            raise ValueError(
                f"audio_path must have one entry per clip: {len(self.clip_names)} expected, "
                f"got {len(self.audio_path)}"
            )
        if n and not 0 <= self.clip.min() <= self.clip.max() < len(self.clip_names):
            raise ValueError(
                f"clip must index clip_names, 0 to {len(self.clip_names) - 1}, "
                f"got {self.clip.min()} to {self.clip.max()}"
            )

    def __len__(self) -> int:
        return len(self.points)

    def clips(self) -> Iterator[Clip]:
        """Iterate over the clips, in order of appearance; see `Clip`."""
        for rows in rows_by_id(self.clip):
            i = int(self.clip[rows[0]])
            yield Clip(
                name=self.clip_names[i],
                rows=rows,
                valence=float(self.valence[rows].mean(dtype=np.float64)),
                arousal=float(self.arousal[rows].mean(dtype=np.float64)),
                label=int(np.sort(self.label[rows])[(len(rows) - 1) // 2]),
                audio_path=self.audio_path[i],
            )

    def select(self, mask: ArrayLike) -> LandmarkFrames:
        """Keep some frames; clips without any are forgotten and the others renumbered.

        Parameters
        ----------
        mask : array of bool, shape (n,), or of int
            Which frames to keep, or their rows in the wanted order.

        Raises
        ------
        ValueError
            If a boolean mask has another length than n, or a row is outside [0, n).
        TypeError
            If mask is neither boolean nor integer.
        """
        mask = np.asarray(mask)
        n = len(self)
        if mask.dtype == bool:
            if mask.shape != (n,):
                raise ValueError(f"a boolean mask must have shape ({n},), got {mask.shape}")
            rows = np.flatnonzero(mask)
        elif np.issubdtype(mask.dtype, np.integer) or mask.size == 0:
            rows = mask.astype(np.int64)
            if rows.ndim != 1 or (rows.size and not 0 <= rows.min() <= rows.max() < n):
                raise ValueError(f"mask must hold rows from 0 to {n - 1} in one dimension")
        else:
            raise TypeError(f"mask must be boolean or integer, got {mask.dtype}")

        kept, clip = np.unique(self.clip[rows], return_inverse=True)
        chosen: dict[str, Any] = {
            "clip": clip.astype(np.int64),
            "audio_path": [self.audio_path[i] for i in kept],
            "clip_names": [self.clip_names[i] for i in kept],
        }
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in chosen or field.name == "label_names" or value is None:
                continue
            is_list = isinstance(value, list)
            chosen[field.name] = [value[i] for i in rows] if is_list else value[rows]
        return replace(self, **chosen)


def rows_by_id(ids: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Rows of each distinct id, in rising order of ids; the rows of one keep their order."""
    if not len(ids):
        return []
    order = np.argsort(ids, kind="stable").astype(np.int64, copy=False)
    changes = np.flatnonzero(ids[order][1:] != ids[order][:-1]) + 1
    return np.split(order, changes)


def positions(ids: NDArray[Any]) -> NDArray[np.int64]:
    """How many earlier rows have the same id."""
    position = np.empty(len(ids), dtype=np.int64)
    for rows in rows_by_id(ids):
        position[rows] = np.arange(len(rows))
    return position
