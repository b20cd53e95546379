"""Tables in any of the supported formats."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .arrays import read_arrays
from .delimited import is_openface_table, read_delimited
from .files import check_extension
from .folders import RowsOfFolder
from .table import Table
from .vectors import read_vectors

INPUTS = (".npy", ".npz", ".csv", ".tsv", ".txt", ".vec")
"""Extensions that `read` reads."""

_DEFAULT_FEATURES = "procrustes"


def read(
    path: str | os.PathLike[str],
    label_column: str | int | None = None,
    features: str | None = None,
    name_column: str | int | None = None,
    rows: Callable[[int], slice] | None = None,
) -> Table:
    """Read a table. The extension and, for a CSV, the header determine the format.

    ============  ===============================================================================
    ``.npy``      an array (n, d)
    ``.npz``      arrays ``X`` (n, d) and, optionally, ``y`` (n,) and ``label_names``
    ``.csv``      numbers separated by commas. The first row is a header if it holds anything but
                  numbers. If the header has no name for the first column, that column is the row
                  index that pandas writes, and is left out. A CSV with the header of OpenFace
                  holds landmarks
    ``.tsv``      numbers separated by tabs, else as ``.csv``
    ``.txt``      a landmark list, see `fasttsne.landmarks.read_list`; with ``name_column=0``,
                  word vectors in the format of GloVe: on each line a word and its numbers,
                  separated by spaces
    ``.vec``      word vectors in the format of word2vec and fastText: a first line with the
                  numbers of words and of columns, then the format of GloVe
    folder        ``.npy`` and ``.parquet`` files with the same columns, whose rows follow one
                  another in the order of their names
    ============  ===============================================================================

    Parameters
    ----------
    path : str or path-like
        File.
    label_column : str or int, optional
        Column with the labels in a ``.csv`` or ``.tsv``: its name, or its index from 0. If all
        labels are whole numbers, they stay as they are; otherwise the distinct texts are numbered
        in alphabetical order. An empty cell, or 'nan' among numbers, is a missing label.
    features : str, optional
        Features to compute from landmarks, one of ``fasttsne.landmarks.FEATURES``. Default:
        'procrustes'.
    name_column : str or int, optional
        Column with the names of the rows: its name or index in a ``.csv`` or ``.tsv``, the name of
        an array of n strings in an ``.npz``, or 0 for word vectors.
    rows : callable, optional
        Takes the number of rows, and returns which of them to read. Of a ``.npy`` or a folder no
        others are then looked at.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If the format is unknown, an argument does not apply to it, or the content is malformed.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        if label_column is not None or features is not None or name_column is not None:
            raise ValueError(f"{path}: label_column, features and name_column apply to files only")
        folder = RowsOfFolder.of(path)
        wanted = slice(0, len(folder)) if rows is None else rows(len(folder))
        return Table(folder.read(wanted.start, wanted.stop))
    kind = check_extension(path, INPUTS, "the input")
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
        return read_delimited(path, "," if kind == ".csv" else "\t", label_column, name_column)
    return read_arrays(path, name_column, rows)


def _read_landmarks(path: Path, features: str, is_openface: bool) -> Table:
    from .. import landmarks
    from ..landmarks.catalog import check_name

    check_name("features", features)
    if is_openface:
        frames = landmarks.read_openface(path)
        return Table(landmarks.features(frames, features), features=features)
    frames = landmarks.read_list(path, drop_neutral=False)  # one row for every line
    return Table(
        landmarks.features(frames, features),
        frames.label.astype(np.int64),
        frames.label_names or None,
        features=features,
    )
