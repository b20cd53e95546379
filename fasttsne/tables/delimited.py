"""Tables in CSV and TSV files: columns of numbers, labels and names."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from .labels import encode_labels
from .table import Table

_LARGEST = float(np.finfo(np.float32).max)


def _iterate_rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the stripped cells of each row that is not empty."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for row in reader:
                if row:
                    yield reader.line_num, [cell.strip() for cell in row]
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{path}, after line {reader.line_num}: not text ({error})") from None


def is_openface_table(path: Path) -> bool:
    """Whether the header of a CSV has the columns x_0 to x_67 and y_0 to y_67 of OpenFace."""
    _, header = next(_iterate_rows(path, ","), (0, []))
    return {f"{axis}_{i}" for axis in "xy" for i in range(68)} <= set(header)


def read_delimited(
    path: Path, delimiter: str, label_column: str | int | None, name_column: str | int | None
) -> Table:
    """Read a table of numbers, with a column of labels and one of names if they are asked for.

    See `fasttsne.tables.read`.
    """
    first_line, first = next(_iterate_rows(path, delimiter), (0, []))
    if not first:
        raise ValueError(f"{path}: is empty")
    has_header, text_columns = _find_columns(
        path, first, {"label_column": label_column, "name_column": name_column}
    )
    texts: dict[int, list[str]] = {i: [] for i in text_columns.values()}
    skipped = set(texts)
    if has_header and first[0] == "":  # the row index that pandas writes
        skipped.add(0)
    columns = [i for i in range(len(first)) if i not in skipped]
    if not columns:
        raise ValueError(f"{path}: has no column of numbers")

    def collect(text: str, collected: list[str]) -> float:
        collected.append(text.strip())
        return 0.0

    # These converters keep the texts of labels and names, and give np.loadtxt zeros for them.
    converters: dict[int | str, Callable[[str], Any]] = {
        i: partial(collect, collected=texts.get(i, [])) for i in skipped
    }
    # The parser of NumPy is fast, but its messages name neither the line nor the column. If it
    # fails, the rows are read again to find the bad cell.
    report = partial(_raise_for_bad_cell, path, delimiter, first, columns, has_header)
    try:
        with path.open(encoding="utf-8-sig") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no rows and overflow are found below
            values = np.loadtxt(
                file,
                dtype=np.float32,
                comments=None,
                delimiter=delimiter,
                converters=converters,
                skiprows=first_line if has_header else 0,
                ndmin=2,
                encoding="utf-8",
                quotechar='"',
            )
    except ValueError as error:
        report(str(error))
    if values.shape[1] != len(first) or not np.isfinite(values).all():
        report("has no rows")
    table = Table(np.ascontiguousarray(values[:, columns]))
    if "label_column" in text_columns:
        labels, label_names = encode_labels(texts[text_columns["label_column"]])
        table = replace(table, labels=labels, label_names=label_names)
    if "name_column" in text_columns:
        table = replace(table, names=texts[text_columns["name_column"]])
    return table


def _find_columns(
    path: Path, first: list[str], wanted: Mapping[str, str | int | None]
) -> tuple[bool, dict[str, int]]:
    """Find the columns of labels and names, and whether the first row is a header.

    Parameters
    ----------
    path : Path
        File, for error messages.
    first : list of str
        Cells of the first row.
    wanted : mapping
        Name or index of a column, or None, for each of the arguments ``label_column`` and
        ``name_column``.

    Returns
    -------
    has_header : bool
    index : dict of str to int
        Index of the column for each argument that is not None.
    """
    index = {}
    has_header = False
    for argument, column in wanted.items():
        if column is None:
            continue
        if column in first and not _is_number(str(column)):
            has_header = True
            index[argument] = first.index(str(column))
            continue
        index[argument] = int(column) if str(column).isdecimal() else -1
        if not 0 <= index[argument] < len(first):
            raise ValueError(
                f"{path}: {argument} must be one of the columns {', '.join(first[:20])} or an "
                f"index from 0 to {len(first) - 1}; got {column!r}"
            )
    others = (cell for i, cell in enumerate(first) if i not in index.values())
    return has_header or not all(map(_is_number, others)), index


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _raise_for_bad_cell(
    path: Path,
    delimiter: str,
    first: list[str],
    columns: list[int],
    has_header: bool,
    otherwise: str,
) -> NoReturn:
    """Raise ValueError naming the first cell in ``columns`` that is not a finite float32.

    If there is no such cell, ``otherwise`` is the reason.
    """
    rows = _iterate_rows(path, delimiter)
    if has_header:
        next(rows)
    for line, row in rows:
        if len(row) != len(first):
            raise ValueError(f"{path}, line {line}: has {len(row)} columns, not {len(first)}")
        for i in columns:
            if not (_is_number(row[i]) and abs(float(row[i])) <= _LARGEST):
                column = f"{i} ({first[i]})" if has_header else str(i)
                raise ValueError(
                    f"{path}, line {line}, column {column}: {row[i]!r} is not a finite number; "
                    "if the column holds labels or names, give it as label column or name column"
                )
    raise ValueError(f"{path}: {otherwise}")
