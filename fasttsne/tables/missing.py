"""What is done with missing values of data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from .table import Table

_ROWS_AT_ONCE = 1 << 14


def settle_missing(
    path: Path, table: Table, missing: str | None, describe: Callable[[int, int], str]
) -> Table:
    """Return a table without NaN in its data, which stand for missing values.

    Parameters
    ----------
    path : Path
        File, for messages.
    table : Table
        Without infinite values. A sparse matrix has no missing values.
    missing : {'drop-rows', 'drop-columns', 'mean'} or None
        As in `fasttsne.tables.read`.
    describe : callable
        Takes row and column of a value, and returns where it stands in the file.

    Raises
    ------
    ValueError
        If values are missing and ``missing`` is None, or nothing is left.
    """
    X = table.X
    if not isinstance(X, np.ndarray):
        return table
    in_rows = np.zeros(len(X), np.int64)
    in_columns = np.zeros(X.shape[1], np.int64)
    for start in range(0, len(X), _ROWS_AT_ONCE):
        is_missing = np.isnan(X[start : start + _ROWS_AT_ONCE])
        if is_missing.any():
            in_rows[start : start + len(is_missing)] = is_missing.sum(1)
            in_columns += is_missing.sum(0)
    count = int(in_rows.sum())
    if not count:
        return table
    rows, columns = int((in_rows > 0).sum()), int((in_columns > 0).sum())
    where = f"{count:,} of {X.size:,} values are missing, in {rows:,} rows and {columns:,} columns"
    if missing is None:
        row = int((in_rows > 0).argmax())
        place = describe(row, int(np.isnan(X[row]).argmax()))
        raise ValueError(
            f"{path}: {where}, the first in {place}; leave them out by missing='drop-rows' or "
            "'drop-columns', or fill in means of columns by 'mean' (--missing in the shell)"
        )
    if missing == "drop-rows":
        done = f"left out {rows:,} rows"
        table = table.select(np.flatnonzero(in_rows == 0))
    elif missing == "drop-columns":
        done = f"left out {columns:,} columns"
        table = replace(table, X=np.ascontiguousarray(X[:, in_columns == 0]))
    else:
        if (empty := in_columns == len(X)).any():
            raise ValueError(
                f"{path}: column {int(empty.argmax())} has no value, and so no mean to fill in"
            )
        done = "filled in the means of their columns"
        means = np.nanmean(X, axis=0, dtype=np.float64).astype(np.float32)
        table = replace(table, X=np.where(np.isnan(X), means, X))
    if not table.X.size:
        raise ValueError(f"{path}: {where}; nothing is left by missing={missing!r}")
    return table.noting(f"{where}: {done}")
