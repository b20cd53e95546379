"""Files of all kinds, each told by its extension."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from .arrays import read_arrays
from .table import Table
from .text import is_openface_table, read_text

INPUTS = (".npy", ".npz", ".csv", ".tsv", ".txt")

_DEFAULT_FEATURES = "procrustes"


def read(
    path: str | os.PathLike[str],
    label_column: str | int | None = None,
    features: str | None = None,
) -> Table:
    """Read a table; the extension, and for a CSV its header, tells which kind.

    ============  ===============================================================================
    ``.npy``      an array (n, d)
    ``.npz``      arrays ``X`` (n, d), and ``y`` (n,) and ``label_names`` if there are any
    ``.csv``      numbers between commas; a first row that holds anything else is a header. A
                  first column without a name is the row index that pandas writes, and left out.
                  With the header of OpenFace: landmarks
    ``.tsv``      the same between tabs
    ``.txt``      a landmark list, see `fasttsne.landmarks.read_list`
    ============  ===============================================================================

    Parameters
    ----------
    path : str or path-like
        File.
    label_column : str or int, optional
        Column with the labels of a ``.csv`` or ``.tsv``: its name, or its index from 0. Whole
        numbers stay as they are, other texts are numbered in alphabetical order; an empty cell is
        a row without a label.
    features : str, optional
        Features of landmarks, one of `fasttsne.landmarks.FEATURES`. Default: 'procrustes'.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If the kind is unknown, an argument does not apply to it, or the content is malformed.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in INPUTS:
        raise ValueError(f"{path}: the input must end in one of {', '.join(INPUTS)}")
    if path.is_dir():
        raise ValueError(f"{path}: is a folder, not a file")
    is_text_table = kind in (".csv", ".tsv")
    is_openface = kind == ".csv" and is_openface_table(path)
    if features is not None and not (is_openface or kind == ".txt"):
        raise ValueError(f"{path}: features apply to landmark lists and OpenFace tables only")
    if label_column is not None and (is_openface or not is_text_table):
        raise ValueError(f"{path}: label_column applies to .csv and .tsv tables of numbers only")
    if is_openface or kind == ".txt":
        return _read_landmarks(path, features or _DEFAULT_FEATURES, is_openface)
    if is_text_table:
        return read_text(path, "," if kind == ".csv" else "\t", label_column)
    return read_arrays(path)


def _read_landmarks(path: Path, features: str, is_openface: bool) -> Table:
    from .. import landmarks

    if features not in landmarks.FEATURES:
        known = ", ".join(landmarks.FEATURES)
        raise ValueError(f"features must be one of {known}; got {features!r}")
    if is_openface:
        frames = landmarks.read_openface(path)
        return Table(landmarks.features(frames, features), features=features)
    frames = landmarks.read_list(path, drop_neutral=False)  # a point for every line
    return Table(
        landmarks.features(frames, features),
        frames.label.astype(np.int64),
        frames.label_names or None,
        features,
    )
