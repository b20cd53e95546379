"""Numbers, and labels and names among them, between commas or tabs."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from .table import LabelNames, Table

_LARGEST = float(np.finfo(np.float32).max)


def coded(texts: Sequence[str]) -> tuple[np.ndarray, LabelNames | None]:
    """Number the labels: by themselves if they are whole numbers, else in alphabetical order."""
    distinct = sorted(set(texts) - {""})
    try:
        # Among numbers, a NaN is none; among texts it may be a name.
        code = {text: -1 if text.lower() == "nan" else _whole(text) for text in distinct}
        names = None
    except ValueError:
        code = {text: i for i, text in enumerate(distinct)}
        names = dict(enumerate(distinct))
    code[""] = -1
    return np.array([code[text] for text in texts], np.int64), names


def _whole(text: str) -> int:
    try:
        value = int(text)  # exactly
    except ValueError:
        if not float(text).is_integer():
            raise
        value = int(float(text))
    if abs(value) >= 2**63:
        raise ValueError(f"{text} is no number of a class")
    return value


def _rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and stripped cells of the rows that are not empty."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for row in reader:
                if row:
                    yield reader.line_num, [cell.strip() for cell in row]
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{path}, after line {reader.line_num}: not text ({error})") from None


def is_openface_table(path: Path) -> bool:
    _, header = next(_rows(path, ","), (0, []))
    return {f"{axis}_{i}" for axis in "xy" for i in range(68)} <= set(header)


def read_text(
    path: Path, delimiter: str, label_column: str | int | None, name_column: str | int | None
) -> Table:
    first_line, first = next(_rows(path, delimiter), (0, []))
    if not first:
        raise ValueError(f"{path}: is empty")
    has_header, at = _header(
        path, first, {"label_column": label_column, "name_column": name_column}
    )
    texts: dict[int, list[str]] = {i: [] for i in at.values()}
    left_out = set(texts)
    if has_header and first[0] == "":
        left_out.add(0)
    columns = [i for i in range(len(first)) if i not in left_out]
    if not columns:
        raise ValueError(f"{path}: has no column of numbers")

    def keep(text: str, where: list[str]) -> float:
        where.append(text.strip())
        return 0.0

    converters: dict[int | str, Callable[[str], Any]] = {
        i: partial(keep, where=texts.get(i, [])) for i in left_out
    }
    # NumPy's parser is fast, but its messages name neither the line nor the column: where it
    # fails, the rows are read again to find the cell.
    complain = partial(_complain, path, delimiter, first, columns, has_header)
    try:
        with path.open(encoding="utf-8-sig") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no rows, overflow: found below
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
        complain(str(error))
    if values.shape[1] != len(first) or not np.isfinite(values).all():
        complain("has no rows")
    table = Table(np.ascontiguousarray(values[:, columns]))
    if "label_column" in at:
        labels, label_names = coded(texts[at["label_column"]])
        table = replace(table, labels=labels, label_names=label_names)
    if "name_column" in at:
        table = replace(table, names=texts[at["name_column"]])
    return table


def _header(
    path: Path, first: list[str], wanted: Mapping[str, str | int | None]
) -> tuple[bool, dict[str, int]]:
    """Whether the first row is a header, and where the columns of texts are, by argument."""
    at = {}
    has_header = False
    for argument, column in wanted.items():
        if column is None:
            continue
        if column in first and not _is_number(str(column)):
            has_header = True
            at[argument] = first.index(str(column))
            continue
        at[argument] = int(column) if str(column).isdecimal() else -1
        if not 0 <= at[argument] < len(first):
            raise ValueError(
                f"{path}: {argument} must be one of the columns {', '.join(first[:20])} or an "
                f"index from 0 to {len(first) - 1}; got {column!r}"
            )
    numbers = (cell for i, cell in enumerate(first) if i not in at.values())
    return has_header or not all(map(_is_number, numbers)), at


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _complain(
    path: Path,
    delimiter: str,
    first: list[str],
    columns: list[int],
    has_header: bool,
    otherwise: str,
) -> NoReturn:
    """Name the first bad cell."""
    rows = _rows(path, delimiter)
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
