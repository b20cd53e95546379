"""Tables of typed columns: ``.parquet`` and ``.feather``, which pandas, polars and R write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .columns import Chosen, choose
from .labels import encode_column
from .missing import settle_missing
from .options import Options
from .table import Table

_LARGEST = float(np.finfo(np.float32).max)


def read_columns(path: Path, kind: str, options: Options) -> Table:
    """Read a table of columns; see `fasttsne.tables.read`.

    Parameters
    ----------
    path : Path
    kind : {'.parquet', '.feather', '.arrow'}
    options : Options
    """
    frame = _load(path, kind)
    names = [str(name) for name in frame.column_names]
    if not frame.num_rows or not names:
        raise ValueError(f"{path}: has no {'columns' if frame.num_rows else 'rows'}")
    chosen = _choose(path, frame.schema, options)
    X = np.empty((frame.num_rows, len(chosen.data)), np.float32)
    for j, i in enumerate(chosen.data):
        X[:, j] = numbers(path, names[i], frame.column(i))
    table = Table(np.ascontiguousarray(X.T) if options.transpose else X)
    if chosen.left_out:
        table = table.noting(chosen.note)
    if chosen.labels is not None:
        title = names[chosen.labels]
        labels, label_names = _labels(frame, chosen.labels)
        table = replace(table, labels=labels, label_names=label_names, label_title=title)
    if chosen.color is not None:
        name = names[chosen.color]
        values = numbers(path, name, frame.column(chosen.color)).astype(np.float64)
        if np.isnan(values).all():
            raise ValueError(f"{path}: column {name!r} must hold numbers, and holds none")
        table = replace(table, labels=values, label_title=name)
    if chosen.names is not None:
        table = replace(table, names=_texts(frame.column(chosen.names)))

    def describe(row: int, column: int) -> str:
        if options.transpose:
            row, column = column, row
        return f"row {row}, column {names[chosen.data[column]]!r}"

    return settle_missing(path, table, options.missing, describe)


def _choose(path: Path, schema: Any, options: Options) -> Chosen:
    """Choose columns; those that pandas has written as the index of the rows are no data."""
    chosen = choose(path, [str(name) for name in schema.names], True, options)
    index = (schema.pandas_metadata or {}).get("index_columns", ())
    rows = [i for i in chosen.data if schema.names[i] in index and not options.columns]
    if len(rows) == len(chosen.data):
        raise ValueError(f"{path}: has no column of numbers")
    left_out = [*chosen.left_out, *(repr(schema.names[i]) for i in rows)]
    return replace(chosen, data=[i for i in chosen.data if i not in rows], left_out=left_out)


def data_columns(path: Path) -> list[str]:
    """Return the names of the columns of a ``.parquet`` file that hold data."""
    schema = open_parquet(path).schema_arrow
    return [schema.names[i] for i in _choose(path, schema, Options()).data]


def open_parquet(path: Path) -> Any:
    """Open a ``.parquet`` file.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If it is none, or damaged.
    """
    pyarrow = require_pyarrow(path)
    from pyarrow.parquet import ParquetFile

    path.stat()  # raises FileNotFoundError with the name of the file
    try:
        return ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: is no Parquet file, or is damaged ({reason})") from None


def _load(path: Path, kind: str) -> Any:
    """Return a file as a table of pyarrow."""
    if kind == ".parquet":
        return open_parquet(path).read()
    pyarrow = require_pyarrow(path)
    from pyarrow import feather

    path.stat()  # raises FileNotFoundError with the name of the file
    try:
        return feather.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: is no Feather file, or is damaged ({reason})") from None


def require_pyarrow(path: Path) -> Any:
    """Import and return pyarrow.

    Raises
    ------
    ImportError
        If it is not installed; the message names the file and says how to install it.
    """
    try:
        import pyarrow
    except ImportError:
        raise ImportError(
            f"{path}: needs pyarrow: pip install pyarrow, or fasttsne[files]"
        ) from None
    return pyarrow


def numbers(path: Path, name: str, column: Any) -> np.ndarray:
    """Return a column as float32, NaN where a value is missing."""
    import pyarrow

    kind = column.type
    if pyarrow.types.is_decimal(kind):
        column, kind = column.cast(pyarrow.float64()), pyarrow.float64()
    if not (
        pyarrow.types.is_integer(kind)
        or pyarrow.types.is_floating(kind)
        or pyarrow.types.is_boolean(kind)
        or pyarrow.types.is_null(kind)
    ):
        raise ValueError(
            f"{path}: column {name!r} must hold numbers, got {kind}; if it holds labels or names, "
            "give it as label column or name column, or drop it"
        )
    values = column.to_numpy()
    if values.dtype == object:  # booleans or nothing, some missing
        values = np.array([np.nan if value is None else value for value in values], np.float64)
    infinite = np.flatnonzero(np.abs(values.astype(np.float64)) > _LARGEST)
    if len(infinite):
        row = infinite[0]
        raise ValueError(
            f"{path}: column {name!r} must be finite in float32, got {values[row]} in row {row}"
        )
    return values.astype(np.float32)


def _texts(column: Any) -> list[str]:
    return ["" if value is None else str(value) for value in column.to_pylist()]


def _labels(frame: Any, at: int) -> tuple[np.ndarray, Any]:
    """Return classes or values on a scale; a categorical column has classes, also if by number."""
    import pyarrow

    column = frame.column(at)
    about = (frame.schema.pandas_metadata or {}).get("columns", ())
    kinds = {one.get("field_name"): one.get("pandas_type") for one in about}
    is_number = pyarrow.types.is_integer(column.type) or pyarrow.types.is_floating(column.type)
    is_categorical = kinds.get(frame.column_names[at]) == "categorical"
    return encode_column(column.to_pylist(), is_number and not is_categorical)
