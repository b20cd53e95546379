"""Conversion of text fields to numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FLOAT32_MAX = float(np.finfo(np.float32).max)


def parse_numbers(
    rows: list[list[str]], names: Sequence[str], source: str, line: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Convert text fields to finite numbers within the range of float32.

    Parameters
    ----------
    rows : list of list of str
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
                try:
                    float(text)
                except ValueError:
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
