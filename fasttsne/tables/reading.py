"""Files of all kinds, each told by its extension."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from .arrays import read_arrays
from .table import Table
from .text import is_openface_table, read_text
from .vectors import read_vectors

INPUTS = (".npy", ".npz", ".csv", ".tsv", ".txt", ".vec")

_DEFAULT_FEATURES = "procrustes"


def read(
    path: str | os.PathLike[str],
    label_column: str | int | None = None,
    features: str | None = None,
    name_column: str | int | None = None,
) -> Table:
    """Read a table; the extension, and for a CSV its header, tells which kind.

    ============  ===============================================================================
    ``.npy``      an array (n, d)
    ``.npz``      arrays ``X`` (n, d), and ``y`` (n,) and ``label_names`` if there are any
    ``.csv``      numbers between commas; a first row that holds anything else is a header. A
                  first column without a name is the row index that pandas writes, and left out.
                  With the header of OpenFace: landmarks
    ``.tsv``      the same between tabs
    ``.txt``      a landmark list, see `fasttsne.landmarks.read_list`; with ``name_column=0``
                  word vectors, as GloVe writes them: a word and its numbers, between spaces
    ``.vec``      word vectors, as word2vec and fastText write them: the same below a first line
                  with the numbers of words and of columns
    ============  ===============================================================================

    Parameters
    ----------
    path : str or path-like
        File.
    label_column : str or int, optional
        Column with the labels of a ``.csv`` or ``.tsv``: its name, or its index from 0. Whole
        numbers stay as they are, other texts are numbered in alphabetical order; an empty cell,
        or among numbers ``nan``, is a row without a label.
    features : str, optional
        Features of landmarks, one of ``fasttsne.landmarks.FEATURES``. Default: 'procrustes'.
    name_column : str or int, optional
        Column with the names of the rows of a ``.csv`` or ``.tsv``, as for ``label_column``; the
        name of an array of n strings in an ``.npz``; 0 for word vectors.

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
    is_vectors = kind == ".vec" or (kind == ".txt" and name_column is not None)
    is_landmarks = is_openface or (kind == ".txt" and not is_vectors)
    if features is not None and not is_landmarks:
        raise ValueError(f"{path}: features apply to landmark lists and OpenFace tables only")
    if label_column is not None and (is_openface or not is_text_table):
        raise ValueError(f"{path}: label_column applies to .csv and .tsv tables of numbers only")
    if name_column is not None and (is_landmarks or kind == ".npy"):
        raise ValueError(f"{path}: name_column applies to tables, .npz and word vectors only")
    if is_vectors and str(name_column or 0) != "0":
        raise ValueError(f"{path}: name_column of word vectors must be 0, got {name_column!r}")
    if is_landmarks:
        return _read_landmarks(path, features or _DEFAULT_FEATURES, is_openface)
    if is_vectors:
        return read_vectors(path)
    if is_text_table:
        return read_text(path, "," if kind == ".csv" else "\t", label_column, name_column)
    return read_arrays(path, name_column)


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
        features=features,
    )
