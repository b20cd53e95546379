"""How maps and features are written as CSV and JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np


def write_csv(path: Path, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a header and rows with commas and in UTF-8; None becomes an empty cell.

    Characters that UTF-8 cannot represent become question marks.
    """
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_npy(path: Path, array: np.ndarray) -> None:
    """Write an array as ``.npy``.

    `numpy.save` hands large arrays to the C library, and then does not see that a disk is full.

    Raises
    ------
    OSError
        If not all could be written.
    """
    with path.open("wb") as file:
        np.save(_PlainWriter(file), array)


class _PlainWriter:
    """A file of which NumPy knows nothing but how to write to it."""

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write


def as_json(content: Any) -> str:
    """Return content as JSON text. NaN and infinity, which JSON does not have, become null.

    Parameters
    ----------
    content : object
        Numbers, also of NumPy, texts, booleans, None, and sequences and mappings of them.

    Returns
    -------
    str
    """
    return json.dumps(_replace_nonfinite(content), allow_nan=False)


def _replace_nonfinite(content: Any) -> Any:
    if isinstance(content, np.generic):  # a float with the digits that it has in its own dtype
        content = float(str(content)) if content.dtype.kind == "f" else content.item()
    if isinstance(content, float):
        return content if isfinite(content) else None
    if isinstance(content, Mapping):
        return {key: _replace_nonfinite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_replace_nonfinite(value) for value in content]
    return content


def shortest_digits(array: np.ndarray) -> list[list[str]]:
    """Write each number with the fewest digits that give the same value in the array's dtype."""
    return np.asarray(array).astype(str).tolist()
