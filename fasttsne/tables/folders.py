"""Rows in the files of a folder, as large data are stored: ``.npy`` and ``.parquet``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import check_matrix, load_array

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
        return cls(files, [rows for rows, _ in shapes], columns)

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
                rows = _read_rows(file, low, high)
                out[first + low - begin : first + high - begin] = rows
            first += count
        return out


def _shape(file: Path) -> tuple[int, int]:
    if file.suffix.lower() == ".npy":
        array = load_array(file)
        if array.ndim != 2 or array.size == 0:
            raise ValueError(f"{file}: must have shape (rows, columns), got {array.shape}")
        return array.shape
    parquet = _parquet(file)
    return parquet.metadata.num_rows, len(_columns(parquet))


def _read_rows(file: Path, low: int, high: int) -> np.ndarray:
    if file.suffix.lower() == ".npy":
        return check_matrix(file, "the array", load_array(file)[low:high], low)
    parquet = _parquet(file)
    table = parquet.read(_columns(parquet)).slice(low, high - low)
    try:
        columns = [np.asarray(column, np.float32) for column in table.columns]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file}: must hold numbers alone ({error})") from None
    return check_matrix(file, "the table", np.stack(columns, 1), low)


def _columns(parquet: Any) -> list[str]:
    """Return the names of all columns but those in which pandas keeps the numbers of the rows."""
    names = parquet.schema_arrow.names
    return [name for name in names if not re.fullmatch(r"__index_level_\d+__", name)]


def _parquet(file: Path) -> Any:
    try:
        from pyarrow import ArrowInvalid
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ImportError(f"{file}: needs pyarrow: pip install pyarrow") from None
    try:
        return ParquetFile(file)
    except ArrowInvalid as error:
        raise ValueError(f"{file}: is no Parquet file, or is damaged ({error})") from None
