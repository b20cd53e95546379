"""Tables of text: columns of numbers, labels and names, separated by any of the usual signs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .._text import is_missing
from .columns import Chosen
from .dialects import Dialect, sniff
from .labels import as_scale, encode_labels
from .layout import Layout, find_layout
from .missing import settle_missing
from .options import Options
from .table import Table

_LARGEST = float(np.finfo(np.float32).max)
_PLAIN = Dialect()


def read_delimited(path: Path, expected: str, options: Options) -> Table:
    """Read a table of numbers, with a column of labels and one of names if they are asked for.

    Parameters
    ----------
    path : Path
    expected : str
        What separates cells in files with this extension; the file itself tells.
    options : Options

    See Also
    --------
    fasttsne.tables.read
    """
    layout = find_layout(path, sniff(path, expected), options)
    chosen = layout.chosen
    texts: dict[int, list[str]] = {i: [] for i in chosen.texts}
    try:
        X = _read_fast(path, layout, chosen, texts)
        lines: list[int] = []  # of which none is asked for, as no value is missing
    except ValueError:
        # The parser of NumPy is fast, but it knows no missing values, and its messages name neither
        # line nor column.
        X, lines = _read_slowly(path, layout, chosen, texts)
    if options.transpose:
        X = np.ascontiguousarray(X.T)
    table = _with_texts(path, Table(X, notes=_describe(layout, chosen)), layout, chosen, texts)

    def describe(row: int, column: int) -> str:
        if options.transpose:
            row, column = column, row
        return f"line {lines[row]}, column {layout.name_of(chosen.data[column])}"

    return settle_missing(path, table, options.missing, describe)


def _read_fast(
    path: Path, layout: Layout, chosen: Chosen, texts: dict[int, list[str]]
) -> np.ndarray:
    """Read numbers by NumPy, and collect texts.

    Raises
    ------
    ValueError
        If a cell of the data is not a finite float32, or rows differ in length.
    """
    dialect = layout.dialect

    def collect(text: str, collected: list[str], is_data: bool) -> float:
        collected.append(text.strip())
        return dialect.parse(text) if is_data else 0.0

    def ignore(text: str) -> float:
        return 0.0

    converters: dict[int | str, Callable[[str], Any]] = {}
    for i in range(len(layout.cells)):
        if i in texts:
            converters[i] = partial(collect, collected=texts[i], is_data=i in chosen.data)
        elif i not in chosen.data:
            converters[i] = ignore
        elif dialect.decimal == ",":
            converters[i] = dialect.parse
    with dialect.lines(path) as lines, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no rows and overflow are found below
        values = np.loadtxt(
            lines,
            dtype=np.float32,
            comments=None,
            delimiter=dialect.delimiter,
            converters=converters,
            skiprows=layout.first_line - dialect.skipped if layout.has_header else 0,
            ndmin=2,
            encoding="utf-8",
            quotechar='"',
        )
    if values.shape[1] != len(layout.cells):
        raise ValueError("rows differ in length")
    X = values[:, chosen.data]
    if not X.size or not np.isfinite(X).all():
        raise ValueError("numbers are missing or infinite")
    return np.ascontiguousarray(X)


def _read_slowly(
    path: Path, layout: Layout, chosen: Chosen, texts: dict[int, list[str]]
) -> tuple[np.ndarray, list[int]]:
    """Read numbers cell by cell, NaN where they are missing, and the number of each row's line.

    Raises
    ------
    ValueError
        If a cell is neither a number that float32 holds nor missing, or rows differ in length.
    """
    rows: Iterator[tuple[int, list[str]]] = layout.dialect.rows(path)
    if layout.has_header:
        next(rows)
    for collected in texts.values():
        collected.clear()
    lines: list[int] = []
    width = len(layout.cells)
    numbers = np.empty((1024, len(chosen.data)), np.float32)
    for line, row in rows:
        if len(row) != width:
            raise ValueError(f"{path}, line {line}: has {len(row)} columns, not {width}")
        if len(lines) == len(numbers):
            numbers = np.concatenate([numbers, np.empty_like(numbers)])
        for j, i in enumerate(chosen.data):
            numbers[len(lines), j] = _parse(path, line, layout, i, row[i])
        for i, collected in texts.items():
            collected.append(row[i])
        lines.append(line)
    if not lines:
        raise ValueError(f"{path}: has no rows")
    return numbers[: len(lines)].copy(), lines


def _parse(path: Path, line: int, layout: Layout, column: int, cell: str) -> float:
    if is_missing(cell):
        return np.nan
    try:
        value = layout.dialect.parse(cell)
    except ValueError:
        value = np.inf
    if abs(value) <= _LARGEST:
        return value
    raise ValueError(
        f"{path}, line {line}, column {layout.name_of(column)}: {cell!r} is not a finite number; "
        "if the column holds labels or names, give it as label column or name column, or drop it"
    )


def _describe(layout: Layout, chosen: Chosen) -> tuple[str, ...]:
    """Say what the file was taken for, unless it is plain, and what was left out."""
    notes = []
    if str(layout.dialect) != str(_PLAIN):
        header = "names of columns in the first row" if layout.has_header else "no names of columns"
        notes.append(f"read with {layout.dialect}, {header}")
    elif layout.is_guessed:
        notes.append(
            "took the first row, which counts the columns, for their names (--header no: for data)"
        )
    if chosen.left_out:
        notes.append(chosen.note)
    return tuple(notes)


def _with_texts(
    path: Path, table: Table, layout: Layout, chosen: Chosen, texts: dict[int, list[str]]
) -> Table:
    """Add labels, values on a scale and names."""
    parse = layout.dialect.parse
    if chosen.labels is not None:
        labels, names = encode_labels(texts[chosen.labels], parse)
        table = replace(table, labels=labels, label_names=names)
    if chosen.color is not None:
        what = f"{path}: column {layout.name_of(chosen.color)}"
        table = replace(table, labels=as_scale(texts[chosen.color], parse, what))
    title = chosen.labels if chosen.color is None else chosen.color
    if title is not None and layout.has_header:
        table = replace(table, label_title=layout.cells[title] or None)
    if chosen.names is not None:
        table = replace(table, names=texts[chosen.names])
    return table
