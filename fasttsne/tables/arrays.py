"""Tables in NumPy's files."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .table import LabelNames, Table
from .text import coded

_KEYS = {"X", "y", "label_names"}


def read_arrays(path: Path, name_column: str | int | None) -> Table:
    loaded = _load(path, lambda: np.load(path, allow_pickle=False))
    if isinstance(loaded, np.ndarray):
        return Table(_checked_matrix(path, "the array", loaded))
    wanted = _KEYS if name_column is None else _KEYS | {str(name_column)}
    with loaded:
        for key in {"X"} if name_column is None else {"X", str(name_column)}:
            if key not in loaded.files:
                found = ", ".join(loaded.files) or "nothing"
                raise ValueError(f"{path}: has no array {key}, but {found}")
        parts = {key: _load(path, partial(loaded.__getitem__, key)) for key in wanted & set(loaded)}
    X = _checked_matrix(path, "X", parts["X"])
    names = None
    if name_column is not None:
        names = _checked_names(path, str(name_column), parts[str(name_column)], len(X))
    if "y" not in parts:
        return Table(X, names=names)
    labels, label_names = _checked_labels(path, parts["y"], len(X))
    if "label_names" in parts and label_names is None:
        label_names = dict(enumerate(map(str, parts["label_names"].ravel().tolist())))
        if labels.max() >= len(label_names):
            raise ValueError(
                f"{path}: y holds {labels.max()}, but label_names {len(label_names)} names"
            )
    return Table(X, labels, label_names, names)


def _load(path: Path, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        # NumPy takes any file that it does not know for a pickle.
        reason = (
            "is no NumPy file, or holds pickled Python objects, which are not loaded because a "
            "pickle can run any program: save a numeric array instead"
            if "pickle" in str(error)
            else f"is damaged ({error})"
        )
        raise ValueError(f"{path}: {reason}") from None


def _checked_matrix(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{path}: {name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{path}: {name} must have shape (rows, columns), got {array.shape}")
    with np.errstate(over="ignore"):
        X = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(X).all():
        row, column = np.argwhere(~np.isfinite(X))[0]
        content = array[row, column]
        raise ValueError(
            f"{path}: {name} must be finite in float32, got {content} in row {row}, column {column}"
        )
    return X


def _checked_names(path: Path, key: str, names: np.ndarray, n: int) -> list[str]:
    if names.dtype.kind != "U" or names.shape != (n,):
        raise ValueError(
            f"{path}: {key} must hold {n} strings, a name for each row of X; got shape "
            f"{names.shape}, dtype {names.dtype}"
        )
    return names.tolist()


def _checked_labels(path: Path, y: np.ndarray, n: int) -> tuple[np.ndarray, LabelNames | None]:
    if y.shape != (n,):
        raise ValueError(f"{path}: y must have shape ({n},) as X has {n} rows, got {y.shape}")
    if y.dtype.kind in "biu":
        return y.astype(np.int64), None
    if y.dtype.kind == "f" and all(math.isnan(label) or label.is_integer() for label in y.tolist()):
        return np.where(np.isnan(y), -1, y).astype(np.int64), None
    if y.dtype.kind == "U":
        return coded(y.tolist())
    raise ValueError(f"{path}: y must hold whole numbers or strings, got dtype {y.dtype}")
