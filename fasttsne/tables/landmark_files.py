"""Tables of landmark features, computed from files of facial landmarks."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .options import Options
from .table import Table

_DEFAULT_FEATURES = "procrustes"
_SCALES = ("valence", "arousal")


def read_frames(path: Path, options: Options) -> tuple[Any, tuple[str, ...]]:
    """Read the frames of a file or folder of landmarks, and say what the reader left out.

    Returns
    -------
    frames : fasttsne.landmarks.LandmarkFrames
    notes : tuple of str
    """
    from .. import landmarks

    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        frames = landmarks.read(
            path,
            root=options.root,
            classes=options.classes or None,
            max_clips=options.max_clips,
            max_frames_per_clip=options.max_frames,
            every=options.every,
            drop_neutral=options.drop_neutral,
            min_confidence=options.min_confidence,
            size=options.size,
        )
    return frames, tuple(str(warning.message) for warning in found)


def read_landmarks(path: Path, options: Options) -> Table:
    """Compute the features of landmarks; see `fasttsne.tables.read`."""
    from .. import landmarks

    features = options.features or _DEFAULT_FEATURES
    scale = options.color_column
    if scale is not None and scale not in _SCALES:
        raise ValueError(
            f"{path}: color_column of landmarks must be one of {', '.join(_SCALES)}; got {scale!r}"
        )
    frames, notes = read_frames(path, options)
    persons = persons_of(path, frames, options)
    X = landmarks.features(frames, features, persons if features == "expression" else None)
    table = Table(
        X,
        features=features,
        groups=frames.clip if persons is None else persons,
        group_kind="clip" if persons is None else "person",
        details={
            "clip": [frames.clip_names[i] for i in frames.clip.tolist()],
            "frame": frames.frame.tolist(),
        },
        notes=notes,
    )
    images = [path if Path(path).is_file() else None for path in frames.image_path]
    if any(images):
        table = replace(table, images=images)
    if scale is not None:
        values = np.asarray(getattr(frames, scale), np.float64)
        return replace(table, labels=values, label_title=str(scale))
    if frames.label_names or (frames.label != 0).any():
        labels = frames.label.astype(np.int64)
        table = replace(table, labels=labels, label_names=frames.label_names or None)
    return table


def persons_of(path: Path, frames: Any, options: Options) -> np.ndarray | None:
    """Return the person of each frame if they are the groups, and otherwise None.

    Raises
    ------
    ValueError
        If the source does not tell the persons.
    """
    if options.group != "person":
        return None
    if frames.person is None:
        raise ValueError(f"{path}: does not tell the person of each frame; group must be 'clip'")
    return np.unique(np.asarray(frames.person, str), return_inverse=True)[1]
