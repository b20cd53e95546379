"""Frames of landmarks and the clips that they belong to; every reader returns these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._validation import integer
from .checks import check_shape_of_points
from .rows import rows_by_id
from .views import Clip, Float32, Frame, read_image


@dataclass(frozen=True, eq=False)
class LandmarkFrames:
    """n frames of 68 facial landmarks, with their labels and clips.

    Attributes
    ----------
    points : ndarray of float32, shape (n, 68, 2)
        x (to the right) and y (down), in the units of the source, usually pixels.
    clip : ndarray of int64, shape (n,)
        Index into ``clip_names`` and ``audio_path``.
    frame : ndarray of int64, shape (n,)
        Number at the end of the image's file name; without one, the position in the clip, from 0.
    label : ndarray of int64, shape (n,)
    label_names : dict of int to str
        Empty if the source does not name its labels.
    valence, arousal : ndarray of float32, shape (n,)
    image_path : list of str, length n
    audio_path : list of (str or None), one per clip
    clip_names : list of str, one per clip, in order of appearance
    images : list of ndarray of uint8, shape (height, width, 3), length n, or None
        Only from ``read(..., load_images=True)``; `image` reads them one by one.
    person : ndarray of str, shape (n,), or None
        Who is seen, if the source tells it for every frame.

    Raises
    ------
    ValueError
        If the shapes or lengths do not agree, or ``clip`` holds an index out of range.

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
    person: NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        check_shape_of_points(self.points)
        n = len(self.points)
        per_frame = ("clip", "frame", "label", "valence", "arousal", "image_path", "images")
        for name in (*per_frame, "person"):
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

    @property
    def label_name(self) -> list[str]:
        """Name of the label of each frame, length n; its digits if it has no name."""
        return [self.label_names.get(label, str(label)) for label in self.label.tolist()]

    def clips(self, limit: int = 0) -> Iterator[Clip]:
        """Iterate over the clips, in order of their index; see `Clip`.

        Parameters
        ----------
        limit : int, default=0
            Give only the first so many. 0 is no limit.

        Yields
        ------
        Clip
        """
        by_clip = rows_by_id(self.clip)
        for rows in by_clip[: integer("limit", limit, 0) or None]:
            i = int(self.clip[rows[0]])
            label = int(np.sort(self.label[rows])[(len(rows) - 1) // 2])
            yield Clip(
                name=self.clip_names[i],
                rows=rows,
                valence=float(self.valence[rows].mean(dtype=np.float64)),
                arousal=float(self.arousal[rows].mean(dtype=np.float64)),
                label=label,
                audio_path=self.audio_path[i],
                label_name=self.label_names.get(label, str(label)),
                person=None if self.person is None else str(self.person[rows[0]]),
            )

    def frames(self, limit: int = 0) -> Iterator[Frame]:
        """Iterate over the frames, in their order; see `Frame`.

        The frames of one clip are those of ``frames.select(clip.rows)``.

        Parameters
        ----------
        limit : int, default=0
            Give only the first so many. 0 is no limit.

        Yields
        ------
        Frame
        """
        n = len(self)
        for i in range(min(integer("limit", limit, 0) or n, n)):
            clip, label = int(self.clip[i]), int(self.label[i])
            yield Frame(
                row=i,
                points=self.points[i],
                clip=self.clip_names[clip],
                number=int(self.frame[i]),
                label=label,
                label_name=self.label_names.get(label, str(label)),
                valence=float(self.valence[i]),
                arousal=float(self.arousal[i]),
                image_path=self.image_path[i],
                audio_path=self.audio_path[clip],
                person=None if self.person is None else str(self.person[i]),
                _loaded=None if self.images is None else self.images[i],
            )

    def image(self, row: int) -> NDArray[np.uint8]:
        """Read the picture of the frame in a row; see `Frame.image`.

        Parameters
        ----------
        row : int
            In 0 .. n - 1.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            In RGB.
        """
        return read_image(self.image_path[row]) if self.images is None else self.images[row]

    def select(self, mask: ArrayLike) -> LandmarkFrames:
        """Return some of the frames; clips without frames are removed, the others renumbered.

        Parameters
        ----------
        mask : array of bool, shape (n,), or of int
            Which frames to keep, or their rows in the wanted order.

        Returns
        -------
        LandmarkFrames

        Raises
        ------
        ValueError
            If a boolean mask does not have shape (n,), or a row is outside [0, n).
        TypeError
            If ``mask`` is neither boolean nor integer.
        """
        mask = np.asarray(mask)
        n = len(self)
        if mask.dtype == bool:
            if mask.shape != (n,):
                raise ValueError(f"mask of bool must have shape ({n},), got {mask.shape}")
            rows = np.flatnonzero(mask)
        elif np.issubdtype(mask.dtype, np.integer) or mask.size == 0:
            rows = mask.astype(np.int64)
            if rows.ndim != 1:
                raise ValueError(f"mask of int must have one dimension, got shape {mask.shape}")
            if rows.size and not 0 <= rows.min() <= rows.max() < n:
                raise ValueError(
                    f"mask of int must hold rows from 0 to {n - 1}, "
                    f"got {rows.min()} to {rows.max()}"
                )
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
