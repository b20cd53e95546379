"""Features in files, as `fasttsne.tables.read` reads them: rows to embed, not a map of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import as_json, check_writable, replacing

OUTPUTS = (".npy", ".npz", ".csv")


def of_landmarks(
    path: str | os.PathLike[str], name: str, clips: bool = False
) -> tuple[np.ndarray, dict[str, Any]]:
    """Compute the features of a landmark list or of an OpenFace CSV.

    Parameters
    ----------
    path : str or path-like
        ``.csv`` of OpenFace, or else a list. Neutral frames of RAVDESS are kept.
    name : str
        One of ``fasttsne.landmarks.FEATURES``.
    clips : bool, default=False
        A row for each clip (`fasttsne.landmarks.clip_features`) instead of each frame.

    Returns
    -------
    X : ndarray of float32, shape (n, f)
    details : dict of str to array
        What the rows and columns are, by the names that `write` takes: ``columns`` (f,), ``y``
        (n,) and ``label_names`` where the source has labels, ``clip_names``, ``valence`` and
        ``arousal`` (n,); of frames also ``clip`` (n,), which indexes ``clip_names``, and
        ``frame`` (n,), its number.

    Raises
    ------
    ValueError
        If the file is malformed or the name unknown.
    OSError
        If the file cannot be read.
    """
    from .. import landmarks

    is_openface = Path(path).suffix.lower() == ".csv"
    columns = landmarks.column_names(name, clips)
    if is_openface:
        frames = landmarks.read_openface(path)
    else:
        frames = landmarks.read_list(path, drop_neutral=False)
    details: dict[str, Any] = {"columns": columns, "clip_names": frames.clip_names}
    if clips:
        X, rows = landmarks.clip_features(frames, name)
        label = np.array([clip.label for clip in rows])
        details["valence"] = np.array([clip.valence for clip in rows])
        details["arousal"] = np.array([clip.arousal for clip in rows])
    else:
        X, label = landmarks.features(frames, name), frames.label
        details |= {key: getattr(frames, key) for key in ("clip", "frame", "valence", "arousal")}
    if not is_openface:
        details["y"] = label
        if frames.label_names:
            last = max(frames.label_names)
            details["label_names"] = [frames.label_names.get(i, str(i)) for i in range(last + 1)]
    return X, details


def write(path: str | os.PathLike[str], X: np.ndarray, details: Mapping[str, Any]) -> None:
    """Write features; the extension tells how. A file of that name is replaced by a complete one.

    ========  ===================================================================================
    ``.npy``  ``X``
    ``.npz``  ``X`` and all details; what is neither an array nor a list as JSON text
    ``.csv``  a column for each of ``columns``, and ``label`` where there is ``y``: the name where
              ``label_names`` has one
    ========  ===================================================================================

    Parameters
    ----------
    path : str or path-like
        File.
    X : ndarray, shape (n, f)
        Features.
    details : mapping
        As `of_landmarks` returns it; anything else goes into an ``.npz`` too.

    Raises
    ------
    ValueError
        If the extension is none of `OUTPUTS`.
    OSError
        If the file cannot be written.
    """
    check_output(path)
    kind = Path(path).suffix.lower()
    with replacing(path) as temporary:
        if kind == ".csv":
            _write_csv(temporary, X, details)
            return
        with temporary.open("wb") as file:
            if kind == ".npy":
                np.save(file, X)
            else:
                arrays: dict[str, Any] = {
                    key: value if isinstance(value, (np.ndarray, list)) else as_json(value)
                    for key, value in details.items()
                }
                np.savez(file, X=X, **arrays)


def check_output(path: str | os.PathLike[str]) -> None:
    """Raise what `write` would raise for a name, before there is anything to write."""
    if Path(path).suffix.lower() not in OUTPUTS:
        raise ValueError(f"{path}: the output must end in one of {', '.join(OUTPUTS)}")
    check_writable(path)


def _write_csv(path: Path, X: np.ndarray, details: Mapping[str, Any]) -> None:
    header, rows = list(details["columns"]), np.asarray(X).astype(str).tolist()
    if "y" in details:
        names = details.get("label_names")
        header.append("label")
        for row, label in zip(rows, details["y"].tolist(), strict=True):
            name = names[label] if names and 0 <= label < len(names) else label
            row.append(None if label < 0 else name)
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
