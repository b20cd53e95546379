"""Numbers in a text file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FLOAT32_MAX = float(np.finfo(np.float32).max)


def parse_numbers(
    rows: list[list[str]], names: Sequence[str], source: str, line: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Convert text to numbers that fit into float32; an error names file, line and field."""
    try:
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
    except ValueError:
        # Slow, but only once and only to say where.
        for row, number in zip(rows, line, strict=True):
            for text, name in zip(row, names, strict=True):
                try:
                    float(text)
                except ValueError:
                    message = f"{source}, line {number}: {name} is {text!r}, not a number"
                    raise ValueError(message) from None
        raise
    bad = ~(np.abs(table) <= _FLOAT32_MAX)  # written so that NaN is bad too
    if bad.any():
        i, j = np.argwhere(bad)[0]
        raise ValueError(
            f"{source}, line {line[i]}: {names[j]} is {rows[i][j]!r}, not a finite float32"
        )
    return table
