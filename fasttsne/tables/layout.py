"""What the first rows of a table of text are: names of columns, names of rows, or data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

import numpy as np

from .._text import is_missing, is_number
from .columns import Chosen, choose
from .dialects import Dialect
from .options import Options

_ROWS = 100
"""Rows that are looked at."""
_STARTS = ("0", "1")
"""Numbers from which rows are counted."""


@dataclass(frozen=True)
class Layout:
    """The dialect of a file, the cells of its first row, and what these are."""

    dialect: Dialect
    cells: list[str]
    """Names of the columns, or the first row if they have none; '' for a column without a name."""
    first_line: int
    """Number of the line of the first row."""
    has_header: bool
    is_guessed: bool
    """Whether the first row consists of numbers and was taken for a header nevertheless."""
    chosen: Chosen

    def name_of(self, column: int) -> str:
        """Return how messages call a column."""
        return f"{column} ({self.cells[column]})" if self.has_header else str(column)


def find_layout(path: Path, dialect: Dialect, options: Options) -> Layout:
    """Look at the first rows of a table, and choose its columns.

    Raises
    ------
    ValueError
        If the file is empty, or columns that are asked for do not exist.
    """
    rows = list(islice(dialect.rows(path), _ROWS))
    if not rows:
        raise ValueError(f"{path}: is empty")
    line, first = rows[0]
    others = [row for _, row in rows[1:]]
    is_comment = first[0].startswith("#")  # as NumPy's savetxt writes a header
    if is_comment:
        first = [first[0].lstrip("# "), *first[1:]]
        first = first if first[0] else first[1:]
    cells, is_guessed = _with_unnamed(first, others, options), False
    if options.header is not None:
        has_header = options.header or is_comment
    else:
        has_header = len(cells) > len(first) or is_comment or _has_names(dialect, cells, options)
        if not has_header:
            has_header = is_guessed = _counts(dialect, cells, others, options)
    chosen = choose(path, cells, has_header, options)
    column = [row[0] for row in (others if has_header else [cells, *others])]
    chosen = _without_row_numbers(chosen, cells, has_header, column, options)
    return Layout(dialect, cells, line, has_header, is_guessed, chosen)


def _with_unnamed(first: list[str], others: list[list[str]], options: Options) -> list[str]:
    """Return the first row with '' for a column that it does not name.

    R names the rows in a first column without a name. Some programs end each row but the first with
    a separator.
    """
    if options.header is False or not others or any(len(r) != len(first) + 1 for r in others):
        return first
    if not any(row[-1] for row in others):
        return [*first, ""]
    names = [row[0] for row in others]
    is_r = len(first) > 1 and len(set(names)) == len(names) and not all(map(is_number, first))
    return ["", *first] if is_r else first


def _not_data(cells: list[str], options: Options) -> set[int]:
    """Return the columns that are labels, names, left out or not asked for, as far as is known."""
    width = len(cells)

    def places(column: str | int) -> set[int]:
        if re.fullmatch(r"-?\d+", str(column)):
            return {int(column) % width}
        return {i for i, cell in enumerate(cells) if fnmatchcase(cell, str(column))}

    texts = (options.label_column, options.color_column, options.name_column)
    found = set().union(*(places(column) for column in texts if column is not None))
    found |= set().union(*map(places, options.drop_columns))
    if options.columns:
        found |= set(range(width)) - set().union(*map(places, options.columns))
    return found


def _has_names(dialect: Dialect, cells: list[str], options: Options) -> bool:
    """Whether the first row holds the name of a wanted column, or a text where data should be."""
    wanted = (
        *(options.label_column, options.color_column, options.name_column),
        *(*options.columns, *options.drop_columns),
    )
    if any(column in cells and not is_number(str(column)) for column in wanted):
        return True
    hidden = _not_data(cells, options)
    data = [cell for i, cell in enumerate(cells) if i not in hidden]
    return not all(is_number(dialect.with_point(cell)) or is_missing(cell) for cell in data)


def _counts(dialect: Dialect, cells: list[str], others: list[list[str]], options: Options) -> bool:
    """Whether numbers in the first row name the columns.

    They do if they count from 0, as the columns of a data frame, or have equal steps, as years, and
    the rows below have no such steps. In a column of labels or names the first row must be another
    text than all others.
    """
    hidden = _not_data(cells, options)
    at = [i for i, cell in enumerate(cells) if i not in hidden and cell != ""]
    if len(at) < 2 or not all(is_number(dialect.with_point(cells[i])) for i in at):
        return False
    if any(cells[i] in {row[i] for row in others if i < len(row)} for i in hidden):
        return False
    rows = [
        [dialect.with_point(row[i]) for i in at]
        for row in [cells, *others]
        if len(row) == len(cells)
    ]
    if not has_equal_steps(rows[0]) or any(_go_on(rows[0], row) for row in rows[1:]):
        return False
    # Of named columns equal steps are told by three numbers, or by two that are whole.
    from_zero = rows[0] == [str(i) for i in range(len(at))]
    return from_zero or (bool(hidden) and (len(at) > 2 or all(map(str.isdecimal, rows[0]))))


def has_equal_steps(row: Sequence[str]) -> bool:
    """Whether a row of two cells or more consists of numbers that rise by the same step."""
    if len(row) < 2 or not all(is_number(cell) for cell in row):
        return False
    steps = np.diff(np.array(row, np.float64))
    return bool(steps[0] > 0 and np.allclose(steps, steps[0], rtol=1e-9))


def _go_on(first: Sequence[str], row: Sequence[str]) -> bool:
    """Whether a row has the equal steps of the first, and whole numbers if that has."""
    if not has_equal_steps(row):
        return False
    (a, b, *_), (c, d, *_) = ([float(cell) for cell in cells] for cells in (first, row))
    is_whole = all(map(str.isdecimal, first))
    return bool(np.isclose(b - a, d - c)) and (not is_whole or all(map(str.isdecimal, row)))


def _without_row_numbers(
    chosen: Chosen, cells: list[str], has_header: bool, column: list[str], options: Options
) -> Chosen:
    """Leave out a first column that counts the rows, or names them where rows become columns.

    ``column`` holds its cells in the first rows of data.
    """
    first = chosen.data[0]
    if options.columns or options.drop_columns or first != 0 or len(chosen.data) < 2:
        return chosen
    if options.transpose:
        is_left_out = not any(map(is_number, column))
    else:
        # A column that has a name may count something else in a few rows.
        least = 10 if has_header and not is_number(cells[0]) else 3
        counted = (
            [str(int(column[0]) + i) for i in range(len(column))]
            if column and column[0] in _STARTS
            else []
        )
        is_left_out = len(column) >= least and column == counted
    if not is_left_out:
        return chosen
    name = repr(cells[0]) if has_header else "column 0"
    what = name if options.transpose else f"{name}, which counts the rows"
    return Chosen(
        chosen.data[1:], chosen.labels, chosen.color, chosen.names, [what, *chosen.left_out]
    )
