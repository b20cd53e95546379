"""Features of landmarks: computed from a file, and written as a table to embed.

`fasttsne.tables.read` reads the files that `write` writes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import files
from .files import check_extension, replacing
from .formats import as_json, shortest_digits, write_csv, write_npy
from .labels import list_names
from .landmark_files import persons_of, read_frames
from .options import Options

OUTPUTS = (".npy", ".npz", ".csv")
"""Extensions that `write` writes."""


def of_landmarks(
    path: str | os.PathLike[str], name: str, clips: bool = False, **options: Any
) -> tuple[np.ndarray, dict[str, Any], tuple[str, ...]]:
    """Compute the features of a file or folder of landmarks.

    Parameters
    ----------
    path : str or path-like
        What `fasttsne.landmarks.read` reads.
    name : str
        One of ``fasttsne.landmarks.FEATURES``.
    clips : bool, default=False
        Compute one row per clip (`fasttsne.landmarks.clip_features`), not one per frame.
    **options
        Attributes of `fasttsne.tables.Options` that apply to landmarks.

    Returns
    -------
    X : ndarray of float32, shape (n, f)
    details : dict of str to array
        What the rows and columns are: ``columns`` (f,), their names; ``clip_names``; ``valence``
        and ``arousal`` (n,); ``y`` (n,) and ``label_names`` if the source has labels; ``person``
        (n,) if it tells them. With one row per frame also ``clip`` (n,), an index into
        ``clip_names``, and ``frame`` (n,), the number of the frame.
    notes : tuple of str
        What was left out.

    Raises
    ------
    ValueError
        If the file is malformed or the name unknown.
    OSError
        If the file cannot be read.
    """
    from .. import landmarks

    path, given = Path(path), Options(**options)
    columns = landmarks.column_names(name, clips)
    frames, notes = read_frames(path, given)
    persons = persons_of(path, frames, given) if name == "expression" else None
    details: dict[str, Any] = {"columns": columns, "clip_names": frames.clip_names}
    if clips:
        X, rows = landmarks.clip_features(frames, name, persons)
        label = np.array([clip.label for clip in rows])
        details["valence"] = np.array([clip.valence for clip in rows])
        details["arousal"] = np.array([clip.arousal for clip in rows])
        person = [clip.person for clip in rows]
    else:
        X, label = landmarks.features(frames, name, persons), frames.label
        details |= {key: getattr(frames, key) for key in ("clip", "frame", "valence", "arousal")}
        person = frames.person
    if person is not None and None not in person:
        details["person"] = np.array(person, str)
    if frames.label_names or (frames.label != 0).any():
        details["y"] = label
        if frames.label_names:
            details["label_names"] = list_names(frames.label_names)
    return X, details, notes


def write(path: str | os.PathLike[str], X: np.ndarray, details: Mapping[str, Any]) -> None:
    """Write features in the format of the extension.

    An existing file is replaced once the new one is complete.

    ========  ===================================================================================
    ``.npy``  ``X``
    ``.npz``  ``X`` and all details; those that are neither arrays nor lists become JSON text
    ``.csv``  a column for each of ``columns`` and, if there is ``y``, a column ``label`` with the
              names of the labels, or their numbers if they have no names
    ========  ===================================================================================

    Parameters
    ----------
    path : str or path-like
        File to write.
    X : ndarray, shape (n, f)
        Features.
    details : mapping
        What `of_landmarks` returns. An ``.npz`` also holds all other entries.

    Raises
    ------
    ValueError
        If the extension is none of `OUTPUTS`.
    OSError
        If the file cannot be written.
    """
    kind = check_extension(path, OUTPUTS, "the output")
    with replacing(path) as temporary:
        if kind == ".csv":
            _write_csv(temporary, X, details)
            return
        if kind == ".npy":
            write_npy(temporary, X)
            return
        arrays: dict[str, Any] = {
            key: value if isinstance(value, (np.ndarray, list)) else as_json(value)
            for key, value in details.items()
        }
        with temporary.open("wb") as file:
            np.savez(file, X=X, **arrays)


def check_output(path: str | os.PathLike[str]) -> None:
    """Check that `write` can write a file before there is anything to write.

    Raises
    ------
    ValueError
        If the extension is none of `OUTPUTS`.
    OSError
        If the file cannot be written.
    """
    files.check_output(path, OUTPUTS, "the output")


def _write_csv(path: Path, X: np.ndarray, details: Mapping[str, Any]) -> None:
    header, rows = list(details["columns"]), shortest_digits(X)
    if "y" not in details:
        write_csv(path, header, rows)
        return
    names = details.get("label_names")
    labels = [
        None if label < 0 else names[label] if names and label < len(names) else label
        for label in details["y"].tolist()
    ]
    labelled = ([*row, label] for row, label in zip(rows, labels, strict=True))
    write_csv(path, [*header, "label"], labelled)
