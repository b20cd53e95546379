"""Tables in any of the supported forms."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from .._text import extension_of, is_number, open_text
from .annotated import read_annotated
from .data_frames import read_columns
from .delimited import read_delimited
from .folders import RowsOfFolder
from .landmark_files import read_landmarks
from .layout import has_equal_steps
from .matrices import matrix_in, read_mtx
from .numpy_files import read_mat, read_npy, read_npz
from .options import Options
from .table import Table
from .tensors import read_safetensors, read_torch
from .vectors import read_vectors

_EXPECTED_SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": " ", ".dat": " "}
_ARRAYS: dict[str, Callable[[Path, Options], Table]] = {
    ".npz": read_npz,
    ".mat": read_mat,
    ".pt": read_torch,
    ".pth": read_torch,
    ".safetensors": read_safetensors,
}
_COLUMNS = (".parquet", ".feather", ".arrow")
_LANDMARKS = (".pts", ".json")

INPUTS = (
    *(".npy", *_ARRAYS, *_EXPECTED_SEPARATORS, ".vec", *_COLUMNS, ".h5ad", ".mtx"),
    *_LANDMARKS,
)
"""Extensions that `read` reads; those of texts may be followed by ``.gz``."""

_OF_TABLES = {
    *("label_column", "color_column", "columns", "drop_columns", "header", "missing", "transpose")
}
"""Options that are said of tables alone."""

_INSTEAD = {
    ".xlsx": "save the sheet as CSV",
    ".xls": "save the sheet as CSV",
    ".ods": "save the sheet as CSV",
    ".rds": "write a table with write.csv",
    ".rdata": "write a table with write.csv",
    ".pkl": "a pickle can run any program; save a numeric array as .npy, or a table as .parquet",
    ".h5": "save the array as .npy, or cells as .h5ad",
    ".loom": "save the cells as .h5ad",
}


def read(
    path: str | os.PathLike[str],
    *,
    rows: Callable[[int], slice] | None = None,
    **options: Any,
) -> Table:
    """Read a table. The extension and, of a text, the first lines tell the form.

    ==================  ===========================================================================
    ``.npy``            an array (n, d)
    ``.npz``            arrays ``X`` (n, d) and, optionally, ``y`` (n,) and ``label_names``; the
                        only matrix of another name; or a sparse matrix that SciPy has saved
    ``.mat``            as ``.npz``, of MATLAB up to version 7
    ``.pt``, ``.pth``   a tensor, a dict of tensors as ``.npz``, or data and labels in a tuple
    ``.safetensors``    as ``.npz``
    ``.csv``, ``.tsv``  numbers separated by commas, semicolons, tabs, bars or white space, with
    ``.tab``, ``.dat``  decimal points or commas, in UTF-8, UTF-16 or Windows-1252. The first row is
                        a header if it holds anything but numbers, or counts the columns from 0.
                        Columns that hold the numbers or names of rows are left out
    ``.txt``            such a table; or word vectors in the format of GloVe: on each line a word
                        and its numbers, separated by blanks
    ``.vec``            word vectors in the format of word2vec and fastText: a first line with the
                        numbers of words and of columns, then the format of GloVe
    ``.parquet``        columns of numbers, labels and names, as of pandas, polars and R
    ``.feather``        likewise, also ``.arrow``
    ``.h5ad``           cells of AnnData: ``obsm['X_pca']`` or ``X``, with annotations of ``obs``
    ``.mtx``            a sparse matrix of Matrix Market. With ``barcodes.tsv`` beside it, as 10x
                        Genomics writes them, its columns are the cells
    landmarks           any form that `fasttsne.landmarks.read` reads
    folder              ``.npy`` and ``.parquet`` files with the same columns, whose rows follow one
                        another in the order of their names; a folder of 10x Genomics; or of
                        landmarks
    ==================  ===========================================================================

    Texts may be compressed by gzip, as ``.csv.gz``.

    Parameters
    ----------
    path : str or path-like
        File or folder.
    rows : callable, optional
        Takes the number of rows, and returns which of them to keep in X as a slice; labels, names
        and all else stay those of all rows. Of a ``.npy`` or a folder no others are then looked at.
    **options
        Attributes of `Options`.

    Returns
    -------
    Table

    Raises
    ------
    TypeError
        If there is no such option.
    ValueError
        If the form is unknown, an option does not apply to it, or the content is malformed.
    ImportError
        If a package that reads the form is not installed.
    OSError
        If the file cannot be read.
    """
    path, given = Path(path), Options(**options)
    if path.is_dir() and not _holds_landmarks(path):
        if (matrix := matrix_in(path)) is None:
            given.check(path, "a folder")
            folder = RowsOfFolder.of(path)
            wanted = slice(0, len(folder)) if rows is None else rows(len(folder))
            return Table(folder.read(wanted.start, wanted.stop))
        path = matrix
    kind = "" if path.is_dir() else _kind_of(path)
    if kind == ".npy" and not _holds_landmarks(path):
        given.check(path, "an array")
        return read_npy(path, given, rows)
    table = _noting_unlabelled(_read_whole(path, kind, given))
    return table if rows is None else replace(table, X=table.X[rows(table.X.shape[0])])


def _noting_unlabelled(table: Table) -> Table:
    """Note negative labels, which stand for no label: they may be meant for classes."""
    if table.labels is None or table.label_names is not None or table.labels.dtype.kind == "f":
        return table
    count = int((table.labels < 0).sum())
    return table.noting(f"{count:,} rows have no label, or a negative one") if count else table


def _kind_of(path: Path) -> str:
    """Return the extension of a file, after checking it."""
    kind = extension_of(path)
    if kind in INPUTS:
        return kind
    hint = f"; {_INSTEAD[kind]}" if kind in _INSTEAD else ""
    raise ValueError(f"{path}: the input must end in one of {', '.join(INPUTS)}{hint}")


def _read_whole(path: Path, kind: str, options: Options) -> Table:
    if kind in _ARRAYS and not (kind == ".npz" and _holds_landmarks(path)):
        options.check(path, "a file of arrays")
        return _ARRAYS[kind](path, options)
    if kind in _COLUMNS:
        options.check(path, "a table of columns")
        return read_columns(path, kind, options)
    if kind == ".h5ad":
        options.check(path, "AnnData")
        return read_annotated(path, options)
    if kind == ".mtx":
        options.check(path, "a sparse matrix")
        return read_mtx(path, options)
    # Columns that are asked for by name are read as numbers, also of a file with landmarks.
    if not options.columns and _holds_landmarks(path):
        options.check(path, "landmarks")
        return read_landmarks(path, options)
    if kind in _LANDMARKS:
        raise ValueError(f"{path}: holds no landmarks in a form that is known")
    if kind == ".vec" or (kind == ".txt" and _holds_vectors(path, options)):
        options.check(path, "word vectors")
        if str(options.name_column or 0) != "0":
            raise ValueError(
                f"{path}: name_column of word vectors must be 0, got {options.name_column!r}"
            )
        table = read_vectors(path)
        words = f"took {len(table.X):,} words, each before {table.X.shape[1]} numbers, for names"
        return table.noting(words) if options.name_column is None and kind == ".txt" else table
    options.check(path, "a table of text")
    return read_delimited(path, _EXPECTED_SEPARATORS[kind], options)


def _holds_landmarks(path: Path) -> bool:
    from .. import landmarks

    return landmarks.recognize(path) is not None


def _holds_vectors(path: Path, options: Options) -> bool:
    """Whether the first lines are a word and numbers each, separated by single blanks.

    Where the names are said to be in the first column, a word may look like a number. A file of
    which more is said is a table, and so is one whose first numbers have equal steps, as years have
    in a header.
    """
    if options.given() & _OF_TABLES:
        return False
    with open_text(path, newline="\n") as file:
        try:
            lines = [line.strip(" \r\n").split(" ") for line in islice(file, 2)]
        except UnicodeError:
            return False
    if str(options.name_column) == "0":
        return bool(lines) and len(lines[0]) > 1 and is_number(lines[0][-1])
    widths = {len(cells) for cells in lines}
    return (
        len(widths) == 1
        and widths.pop() > 2
        and not any(is_number(cells[0]) or '"' in cells[0] for cells in lines)
        and all(is_number(cell) for cells in lines for cell in cells[1:])
        and not has_equal_steps(lines[0][1:])
    )
