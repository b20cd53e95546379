"""Text files: how they are opened, and how their fields become numbers."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from .. import _text
from .._text import encoding_of, is_number

_FLOAT32_MAX = float(np.finfo(np.float32).max)


def open_text(path: str | os.PathLike[str]) -> AbstractContextManager[TextIO]:
    """Open a text file of any encoding, compressed by gzip or not; see `_text.open_text`.

    Line ends stay as they are. Bytes that are no text are kept as surrogates, since a path may hold
    some.
    """
    encoding = encoding_of(path)
    is_text = encoding != "cp1252"
    return _text.open_text(path, encoding if is_text else "utf-8-sig", "", "surrogateescape")


def files_in(path: str | os.PathLike[str], endings: Sequence[str]) -> list[Path]:
    """Return a file as it is, or the files of a folder and its subfolders with these endings.

    Numbers in names are compared as numbers, so that frame 2 comes before frame 10. Files and
    folders whose names begin with a dot are left out.

    Raises
    ------
    ValueError
        If a folder has no such file.
    """
    path = Path(path)
    if not path.is_dir():
        return [path]
    found = [
        Path(folder, name)
        for folder, subfolders, names in os.walk(path)
        for name in names
        if not name.startswith(".") and name.lower().endswith(tuple(endings))
        if not any(part.startswith(".") for part in Path(folder).relative_to(path).parts)
    ]
    if not found:
        raise ValueError(f"{path}: the folder has no file {' or '.join(endings)}")
    return sorted(found, key=_by_numbers)


def name_of(file: Path, path: str | os.PathLike[str]) -> str:
    """Name a file that `files_in` found in a path: without its ending, within the folder."""
    inside = file.relative_to(path) if Path(path).is_dir() else Path(file.name)
    return re.sub(r"\.[^./]*(\.gz)?$", "", inside.as_posix(), flags=re.IGNORECASE)


def _by_numbers(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", path.as_posix())
    return [(int(part), part) if i % 2 else (0, part) for i, part in enumerate(parts)]


def parse_numbers(
    rows: Sequence[Sequence[str]], names: Sequence[str], source: str, line: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Convert text fields to finite numbers within the range of float32.

    Parameters
    ----------
    rows : sequence of sequence of str
        Fields of each row.
    names : sequence of str
        Name of each column, for error messages.
    source : str
        Name of the file, for error messages.
    line : ndarray of int64, shape (rows,)
        Line number of each row, for error messages.

    Returns
    -------
    ndarray of float64, shape (rows, columns)

    Raises
    ------
    ValueError
        If a field is not such a number; the message names file, line and column.
    """
    try:
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
    except ValueError:
        # NumPy does not say which field failed: look for it one by one.
        for row, number in zip(rows, line, strict=True):
            for text, name in zip(row, names, strict=True):
                if not is_number(text):
                    message = f"{source}, line {number}: {name} is {text!r}, not a number"
                    raise ValueError(message) from None
        raise
    bad = ~(np.abs(table) <= _FLOAT32_MAX)  # not "> _FLOAT32_MAX", which is false for NaN
    if bad.any():
        i, j = np.argwhere(bad)[0]
        raise ValueError(
            f"{source}, line {line[i]}: {names[j]} is {rows[i][j]!r}, not a finite float32"
        )
    return table
