"""Tables in NumPy files: ``.npy`` and ``.npz``."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .labels import encode_labels
from .table import LabelNames, Table

_KEYS = {"X", "y", "label_names"}
_MAPPED_FROM = 1 << 28
"""Bytes from which a ``.npy`` file is mapped into memory, of which only the parts in use are then
read and kept. If another program shortens a mapped file, the system ends the process, so that
smaller ones are read."""
_ROWS_AT_ONCE = 1 << 14


def read_arrays(
    path: Path, name_column: str | int | None, rows: Callable[[int], slice] | None = None
) -> Table:
    """Read an array; or the arrays ``X``, ``y`` and ``label_names``, and names from a given array.

    See `fasttsne.tables.read`.
    """
    loaded = load_array(path)
    if isinstance(loaded, np.ndarray):
        if rows is None or loaded.ndim != 2 or not loaded.size:
            return Table(check_matrix(path, "the array", loaded))
        some = rows(len(loaded))
        if some.start == some.stop:  # more processes than rows
            return Table(np.empty((0, loaded.shape[1]), np.float32))
        return Table(check_matrix(path, "the array", loaded[some], some.start))
    name_key = None if name_column is None else str(name_column)
    required = ["X"] if name_key is None else ["X", name_key]
    with loaded:
        for key in required:
            if key not in loaded.files:
                found = ", ".join(loaded.files) or "nothing"
                raise ValueError(f"{path}: must have an array named {key}, got {found}")
        parts = {
            key: _load(path, partial(loaded.__getitem__, key))
            for key in _KEYS.union(required) & set(loaded)
        }
    X = check_matrix(path, "X", parts["X"])
    names = None if name_key is None else _check_names(path, name_key, parts[name_key], len(X))
    if "y" not in parts:
        return Table(X, names=names)
    labels, label_names = _check_labels(path, parts["y"], len(X))
    if "label_names" in parts and label_names is None:
        label_names = dict(enumerate(map(str, parts["label_names"].ravel().tolist())))
        if labels.max() >= len(label_names):
            raise ValueError(
                f"{path}: label_names must hold a name for each label in y, got "
                f"{len(label_names)} names and the label {labels.max()}"
            )
    return Table(X, labels, label_names, names)


def load_array(path: Path) -> Any:
    """Return what a NumPy file holds, a large array as a file that is mapped into memory."""
    mode: Literal["r"] | None
    mode = "r" if path.stat().st_size >= _MAPPED_FROM else None  # an archive is never mapped
    return _load(path, lambda: np.load(path, mmap_mode=mode, allow_pickle=False))


def _load(path: Path, load: Callable[[], Any]) -> Any:
    """Call ``load``, and name the file and the reason if it fails."""
    try:
        return load()
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        # np.load takes any file of an unknown format for a pickle.
        reason = (
            "is no NumPy file, or holds pickled Python objects, which are not loaded because a "
            "pickle can run any program: save a numeric array instead"
            if "pickle" in str(error) or "Python objects" in str(error)
            else f"is damaged ({error})"
        )
        raise ValueError(f"{path}: {reason}") from None


def check_matrix(path: Path, name: str, array: np.ndarray, first: int = 0) -> np.ndarray:
    """Return a C-contiguous float32 matrix with finite values, or raise ValueError.

    ``first`` is the number in the file of the first row.
    """
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{path}: {name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{path}: {name} must have shape (rows, columns), got {array.shape}")
    with np.errstate(over="ignore"):
        X = np.ascontiguousarray(array, np.float32)
    for start in range(0, len(X), _ROWS_AT_ONCE):
        finite = np.isfinite(X[start : start + _ROWS_AT_ONCE])
        if finite.all():
            continue
        row, column = np.argwhere(~finite)[0] + (start, 0)
        raise ValueError(
            f"{path}: {name} must be finite in float32, got {array[row, column]} in row "
            f"{first + row}, column {column}"
        )
    return X


def _check_names(path: Path, key: str, names: np.ndarray, n: int) -> list[str]:
    if names.dtype.kind != "U" or names.shape != (n,):
        raise ValueError(
            f"{path}: {key} must hold {n} strings, a name for each row of X; got shape "
            f"{names.shape}, dtype {names.dtype}"
        )
    return names.tolist()


def _check_labels(path: Path, y: np.ndarray, n: int) -> tuple[np.ndarray, LabelNames | None]:
    """Return labels as int64, -1 where a float is NaN or a string empty, and names of strings."""
    if y.shape != (n,):
        raise ValueError(f"{path}: y must have shape ({n},) as X has {n} rows, got {y.shape}")
    if y.dtype.kind in "biu":
        return y.astype(np.int64), None
    if y.dtype.kind == "f" and all(math.isnan(label) or label.is_integer() for label in y.tolist()):
        return np.where(np.isnan(y), -1, y).astype(np.int64), None
    if y.dtype.kind == "U":
        return encode_labels(y.tolist())
    raise ValueError(f"{path}: y must hold whole numbers or strings, got dtype {y.dtype}")
