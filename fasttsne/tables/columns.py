"""Which columns of a table are data, labels, values for a colour scale, and names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from .options import Options

_ROW_NUMBERS = re.compile(r"|unnamed: \d+|id|index|row|row_?id|row_?names?|__index_level_\d+__")
"""Names of columns in which tools keep the numbers or names of rows, in lower case. The first is
what pandas and R write."""


@dataclass(frozen=True)
class Chosen:
    """Indices of columns by their use.

    Attributes
    ----------
    data : list of int
    labels, color, names : int or None
    left_out : list of str
        What to tell of columns that hold numbers or names of rows and are not used.
    """

    data: list[int]
    labels: int | None
    color: int | None
    names: int | None
    left_out: list[str]

    @property
    def note(self) -> str:
        """Say which columns were left out."""
        columns = ", ".join(self.left_out)
        return f"left out {columns}, as numbers or names of rows (--columns keeps them)"

    @property
    def texts(self) -> list[int]:
        """The columns that are kept as texts."""
        return [i for i in (self.labels, self.color, self.names) if i is not None]


def choose(path: Path, cells: Sequence[str], has_names: bool, options: Options) -> Chosen:
    """Tell the uses of columns.

    Parameters
    ----------
    path : Path
        File, for error messages.
    cells : sequence of str
        Names of the columns, or the first row of a table that has none.
    has_names : bool
        Whether these are names.
    options : Options

    Raises
    ------
    ValueError
        If a column does not exist, or none is left for the data.
    """

    def find(argument: str, column: str | int | None) -> int | None:
        return None if column is None else index_of(path, argument, column, cells)

    labels = find("label_column", options.label_column)
    color = find("color_column", options.color_column)
    names = find("name_column", options.name_column)
    used = {labels, color, names}
    left_out = []
    if options.columns:
        data = _all_of(path, "columns", options.columns, cells)
        for i in data:
            if i in used - {color}:
                raise ValueError(
                    f"{path}: the column {cells[i]!r} cannot be data and labels or names"
                )
    else:
        dropped = _all_of(path, "drop_columns", options.drop_columns, cells)
        data = [i for i in range(len(cells)) if i not in used and i not in dropped]
        if has_names:
            rows = [i for i in data if _ROW_NUMBERS.fullmatch(cells[i].lower())]
            left_out = [
                f"{cells[i]!r}" if cells[i] else f"column {i}, which has no name" for i in rows
            ]
            data = [i for i in data if i not in rows]
    if not data:
        raise ValueError(f"{path}: has no column of numbers")
    return Chosen(data, labels, color, names, left_out)


def index_of(path: Path, argument: str, column: str | int, cells: Sequence[str]) -> int:
    """Return the index of a column that is given by its name or its index.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    if column in cells and not re.fullmatch(r"-?\d+", str(column)):
        return cells.index(str(column))
    if re.fullmatch(r"-?\d+", str(column)) and -len(cells) <= int(column) < len(cells):
        return int(column) % len(cells)
    some = ", ".join(cells[:20]) + (", ..." if len(cells) > 20 else "")
    raise ValueError(
        f"{path}: {argument} must be one of the columns {some} or an index from 0 to "
        f"{len(cells) - 1}; got {column!r}"
    )


def _all_of(
    path: Path, argument: str, columns: Sequence[str | int], cells: Sequence[str]
) -> list[int]:
    """Return the indices of columns given by names, indices or patterns, each once, in order."""
    found: list[int] = []
    for column in columns:
        if column not in cells and re.search(r"[*?\[]", str(column)):
            matches = [i for i, cell in enumerate(cells) if fnmatchcase(cell, str(column))]
            if not matches:
                raise ValueError(f"{path}: {argument}: no column is like {column!r}")
            found += matches
        else:
            found.append(index_of(path, argument, column, cells))
    return list(dict.fromkeys(found))
