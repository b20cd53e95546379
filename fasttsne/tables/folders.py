"""Rows in the files of a folder, as large data are stored: ``.npy`` and ``.parquet``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .arrays import as_float32
from .data_frames import data_columns, numbers, open_parquet
from .numpy_files import load_npy, shape_of_npy

_KINDS = (".npy", ".parquet")


@dataclass(frozen=True)
class RowsOfFolder:
    """The rows of all files of a folder, in the order of the names of the files.

    Only the shapes are read at first. Of one process a part of the rows may be enough.
    """

    files: list[Path]
    counts: list[int]
    """Rows of each file."""
    columns: int
    names: list[str] | None
    """Names of the columns of the data, of .parquet files."""

    @classmethod
    def of(cls, folder: Path) -> RowsOfFolder:
        """Read the shapes of the files.

        Raises
        ------
        ValueError
            No such files, or other numbers of columns in one than in the first.
        ImportError
            There are .parquet files, and pyarrow is not installed.
        """
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _KINDS)
        if not files:
            raise ValueError(f"{folder}: must hold .npy or .parquet files, and holds neither")
        shapes = [_shape(file) for file in files]
        columns = shapes[0][1]
        for file, (_, other) in zip(files, shapes, strict=True):
            if other != columns:
                raise ValueError(
                    f"{file}: must have {columns} columns as {files[0].name} has, got {other}"
                )
        named = [file for file in files if file.suffix.lower() == ".parquet"]
        names = data_columns(named[0]) if named else None
        for file in named[1:]:
            if missing := set(names or ()) - set(data_columns(file)):
                lacked = sorted(missing)[0]
                raise ValueError(
                    f"{file}: must have the columns of {named[0].name}, lacks {lacked!r}"
                )
        return cls(files, [rows for rows, _ in shapes], columns, names)

    def __len__(self) -> int:
        return sum(self.counts)

    def read(self, begin: int, end: int) -> np.ndarray:
        """Return the rows from ``begin`` to ``end``, half-open, float32.

        Raises
        ------
        ValueError
            A number is not finite; the message names its file and row.
        """
        out = np.empty((end - begin, self.columns), np.float32)
        first = 0
        for file, count in zip(self.files, self.counts, strict=True):
            low, high = max(begin - first, 0), min(end - first, count)
            if low < high:
                rows = _read_rows(file, low, high, self.names)
                out[first + low - begin : first + high - begin] = rows
            first += count
        return out


def _shape(file: Path) -> tuple[int, int]:
    if file.suffix.lower() == ".npy":
        return shape_of_npy(file)
    return open_parquet(file).metadata.num_rows, len(data_columns(file))


def _read_rows(file: Path, low: int, high: int, names: list[str] | None) -> np.ndarray:
    if file.suffix.lower() == ".npy":
        return _complete(file, load_npy(file)[low:high], low)
    # Columns are found by their names, whatever their order in this file.
    frame = open_parquet(file).read(names).select(names).slice(low, high - low)
    X = np.stack([numbers(file, name, frame.column(name)) for name in frame.column_names], 1)
    return _complete(file, X, low)


def _complete(file: Path, array: np.ndarray, first: int) -> np.ndarray:
    """Return float32 numbers without missing ones, which a folder cannot settle."""
    X = as_float32(file, "the array", array, first)
    if (missing := np.isnan(X)).any():
        row, column = np.argwhere(missing)[0]
        raise ValueError(f"{file}: a value is missing in row {first + row}, column {column}")
    return X
