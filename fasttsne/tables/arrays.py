"""Arrays, their checks, and tables that are several named arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from .labels import encode_labels
from .missing import settle_missing
from .options import Options
from .table import LabelNames, Table

_ROWS_AT_ONCE = 1 << 14


def check_shape(path: Path, name: str, array: Any) -> Any:
    """Return an array or sparse matrix of real numbers with two dimensions, or raise ValueError."""
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{path}: {name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{path}: {name} must have shape (rows, columns), got {array.shape}")
    return array


def as_float32(path: Path, name: str, array: Any, first: int = 0) -> Any:
    """Return a C-contiguous float32 matrix without infinities, or a CSR matrix of finite values.

    Parameters
    ----------
    path : Path
    name : str
        Name of the array, for messages.
    array : ndarray or sparse matrix
    first : int
        Number in the file of the first row.

    Raises
    ------
    ValueError
        If the shape or the dtype is wrong, or a number is infinite in float32. NaN stands for a
        missing value, which a sparse matrix cannot have.
    """
    check_shape(path, name, array)
    if sparse.issparse(array):
        with np.errstate(over="ignore"):
            matrix = sparse.csr_matrix(array, dtype=np.float32)
        if not np.isfinite(matrix.data).all():
            rows, columns = matrix.nonzero()
            at = int(np.isfinite(matrix.data).argmin())
            raise _not_finite(path, name, matrix.data[at], rows[at], columns[at])
        return matrix
    with np.errstate(over="ignore"):
        X = np.ascontiguousarray(array, np.float32)
    for start in range(0, len(X), _ROWS_AT_ONCE):
        infinite = np.isinf(X[start : start + _ROWS_AT_ONCE])
        if infinite.any():
            row, column = np.argwhere(infinite)[0] + (start, 0)
            # The array tells the number that came, also if float32 cannot hold it.
            raise _not_finite(path, name, array[row, column], first + row, column)
    return X


def _not_finite(path: Path, name: str, value: Any, row: Any, column: Any) -> ValueError:
    return ValueError(
        f"{path}: {name} must be finite in float32, got {value} in row {row}, column {column}"
    )


def table_of_matrix(path: Path, array: Any, options: Options, first: int = 0) -> Table:
    """Return a table of a matrix alone; see `as_float32`."""
    table = Table(_turned(as_float32(path, "the array", array, first), options.transpose))
    return _settle(path, "the array", table, options, first)


def _turned(X: Any, transpose: bool) -> Any:
    """Exchange rows and columns if that is asked for."""
    if not transpose:
        return X
    return X.T.tocsr() if sparse.issparse(X) else np.ascontiguousarray(X.T)


def _settle(path: Path, name: str, table: Table, options: Options, first: int = 0) -> Table:
    def describe(row: int, column: int) -> str:
        if options.transpose:
            row, column = column, row
        return f"row {first + row}, column {column} of {name}"

    return settle_missing(path, table, options.missing, describe)


def table_of_arrays(path: Path, arrays: Mapping[str, Any], options: Options) -> Table:
    """Return a table of named arrays: data, labels and names.

    The data are the array that ``options.key`` names, or ``X``, or the only matrix of numbers. The
    labels are the array that ``options.label_column`` names, or ``y``. Arrays ``clip`` and
    ``clip_names``, which tell the clip of each row, are those that `fasttsne.tables.features`
    writes.

    Parameters
    ----------
    path : Path
    arrays : mapping of str to array
        Read as they are asked for.
    options : Options

    Raises
    ------
    ValueError
        If an array is missing or malformed.
    """
    key = _find_data(path, arrays, options.key)
    table = Table(_turned(as_float32(path, key, arrays[key]), options.transpose))
    n = table.X.shape[0]
    label_key = options.label_column if options.label_column is not None else "y"
    if label_key in arrays or options.label_column is not None:
        labels, label_names = _labels_of(path, str(label_key), _array(path, arrays, label_key), n)
        if "label_names" in arrays and label_names is None and labels.dtype.kind == "i":
            label_names = _names_of_labels(path, arrays["label_names"], labels)
        title = None if options.label_column is None else str(label_key)
        table = replace(table, labels=labels, label_names=label_names, label_title=title)
    if options.name_column is not None:
        name_key = str(options.name_column)
        table = replace(table, names=_names_of(path, name_key, _array(path, arrays, name_key), n))
    if {"clip", "clip_names", "columns"} <= set(arrays):
        table = _with_clips(path, table, arrays)
    if options.group == "person":
        table = _by_person(path, table, _array(path, arrays, "person"))
    notes = [] if key == "X" or options.key else [f"took the array {key} for the data"]
    return _settle(path, key, table.noting(*notes), options)


def _find_data(path: Path, arrays: Mapping[str, Any], key: str | None) -> str:
    found = ", ".join(arrays) or "nothing"
    if key is not None or "X" in arrays:
        name = "X" if key is None else key
        if name not in arrays:
            raise ValueError(f"{path}: must have an array named {name}, got {found}")
        return name
    matrices = [
        name
        for name in arrays
        if getattr(arrays[name], "ndim", 0) == 2
        and arrays[name].dtype.kind in "biuf"
        and min(arrays[name].shape) > 1
    ]
    if len(arrays) == 1:
        return next(iter(arrays))
    if len(matrices) == 1:
        return matrices[0]
    raise ValueError(
        f"{path}: must have an array named X, or a single matrix of numbers, got {found}; name the "
        "data by key (--key in the shell)"
    )


def _array(path: Path, arrays: Mapping[str, Any], key: Any) -> Any:
    if str(key) not in arrays:
        raise ValueError(f"{path}: must have an array named {key}, got {', '.join(arrays)}")
    return arrays[str(key)]


def _names_of_labels(path: Path, names: np.ndarray, labels: np.ndarray) -> LabelNames:
    if labels.max() >= names.size:
        raise ValueError(
            f"{path}: label_names must hold a name for each label in y, got {names.size} names and "
            f"the label {labels.max()}"
        )
    return dict(enumerate(map(str, names.ravel().tolist())))


def _names_of(path: Path, key: str, names: np.ndarray, n: int) -> list[str]:
    if names.dtype.kind != "U" or names.size != n or names.ndim > 2:
        raise ValueError(
            f"{path}: {key} must hold {n} strings, a name for each row of X; got shape "
            f"{names.shape}, dtype {names.dtype}"
        )
    return [name.rstrip() for name in names.ravel().tolist()]


def _labels_of(path: Path, key: str, y: Any, n: int) -> tuple[np.ndarray, LabelNames | None]:
    """Return classes as int64, -1 where one is missing, and names; or values on a scale.

    In files of MATLAB, vectors are matrices with one row or column.
    """
    if y.ndim == 2 and 1 in y.shape:
        y = (y.toarray() if sparse.issparse(y) else y).ravel()
    if y.shape != (n,):
        raise ValueError(f"{path}: {key} must have shape ({n},) as X has {n} rows, got {y.shape}")
    if y.dtype.kind in "biu":
        return y.astype(np.int64), None
    if y.dtype.kind == "f":
        known = y[~np.isnan(y)]
        if np.isinf(known).any():
            raise ValueError(f"{path}: {key} must hold finite numbers or strings, got an infinity")
        if len(known) and not (known == np.trunc(known)).all():
            return y.astype(np.float64), None
        return np.where(np.isnan(y), -1, y).astype(np.int64), None
    if y.dtype.kind == "U":
        return encode_labels([text.rstrip() for text in y.tolist()])
    raise ValueError(f"{path}: {key} must hold numbers or strings, got dtype {y.dtype}")


def _with_clips(path: Path, table: Table, arrays: Mapping[str, Any]) -> Table:
    """Add what is known of the frames whose features `fasttsne.tables.features` has written."""
    clip, names = arrays["clip"], arrays["clip_names"]
    n = table.X.shape[0]
    if (
        clip.shape != (n,)
        or clip.dtype.kind not in "iu"
        or not 0 <= clip.min() <= clip.max() < len(names)
    ):
        raise ValueError(
            f"{path}: clip must hold {n} indices into clip_names, got shape {clip.shape}"
        )
    details: dict[str, Any] = {"clip": [str(names[i]) for i in clip.tolist()]}
    for name in ("frame", "valence", "arousal"):
        if name in arrays and arrays[name].shape == (n,):
            details[name] = arrays[name].tolist()
    return replace(table, groups=clip, details=details)


def _by_person(path: Path, table: Table, person: np.ndarray) -> Table:
    if person.shape != (table.X.shape[0],):
        raise ValueError(f"{path}: person must hold one text a row, got shape {person.shape}")
    groups = np.unique(person.astype(str), return_inverse=True)[1]
    return replace(table, groups=groups, group_kind="person")
