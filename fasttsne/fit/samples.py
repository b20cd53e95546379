"""Checks the data X of an estimator, and keeps the number and the names of its columns.

These are the attributes ``n_features_in_`` and ``feature_names_in_``, as in scikit-learn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from scipy import sparse
from sklearn.utils.validation import validate_data
from torch import Tensor

from .. import _validation
from ..affinities import is_matrix
from ..neighbors.graphs import KINDS, is_graph

_FIT_INTO_FLOAT32 = ("float16", "int8", "uint8", "int16", "uint16", "bool")
"""NumPy dtypes all values of which float32 represents; scikit-learn would make float64 of them."""
_ROWS_AT_ONCE = 1 << 16
"""Rows that are searched for numbers that are not finite at a time."""
_COLUMN_ATTRIBUTES = ("n_features_in_", "feature_names_in_")


def check_samples_of_fit(estimator: Any, X: Any, least: int = 2) -> tuple[Any, int]:
    """Check the X of a fit, which may be None if P or the neighbours are given.

    Parameters
    ----------
    estimator : TSNE
        Its attributes of the columns are set.
    X : array, sparse matrix, Tensor or None
    least : int
        Samples that X must have.

    Returns
    -------
    data : Tensor or CSR matrix, shape (n, d), or None
        As :func:`check_samples` returns it.
    n : int
        Number of samples.
    """
    if X is not None:
        data = check_samples(estimator, X, reset=True, least=least)
        return data, data.shape[0]
    if is_matrix(estimator.affinities):
        return None, estimator.affinities.shape[0]
    if is_graph(estimator.neighbors) and not callable(estimator.neighbors):
        graph = estimator.neighbors
        if sparse.issparse(graph):
            return None, graph.shape[0]
        if len(graph) == 2 and hasattr(graph[0], "__len__"):
            return None, len(graph[0])
        raise TypeError(f"neighbors must be {KINDS}, got {graph!r}")
    raise ValueError(
        "X must be given, unless affinities is a matrix or neighbors are a graph; got None"
    )


def check_samples(estimator: Any, X: Any, reset: bool, least: int = 1) -> Any:
    """Return X as finite floating-point numbers, and set or check the estimator's columns.

    Parameters
    ----------
    estimator : TSNE
    X : array, sparse matrix or Tensor, shape (n, d)
    reset : bool
        True for the X of a fit, whose columns the estimator then has. False for the X of
        ``transform``, which must have the same columns.
    least : int
        Samples that X must have.

    Returns
    -------
    Tensor or CSR matrix, shape (n, d), float32 or float64
        A Tensor stays on its device.

    Raises
    ------
    TypeError, ValueError
        Not finite real numbers, not two-dimensional, too few samples, or other columns.
    """
    if isinstance(X, Tensor):
        return _check_tensor(estimator, X, reset, least)
    _validation.check_unmasked("X", X)
    if sparse.issparse(X):
        X = _validation.as_csr(X)
    elif getattr(X, "dtype", None) in _FIT_INTO_FLOAT32:
        X = X.astype(np.float32)
    try:
        data = validate_data(
            estimator,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype=(np.float64, np.float32),
            ensure_min_samples=least,
        )
    except ValueError as error:
        place = _first_not_finite(X)
        if place is None:
            raise
        row, column, value = place
        what = "NaN" if math.isnan(value) else "infinity"
        raise ValueError(
            f"Input X contains {what} in row {row:,}, column {column}, both counted from 0"
        ) from error
    if sparse.issparse(data):
        return data
    return torch.from_numpy(np.asarray(_Shared(np.ascontiguousarray(data))))


def _first_not_finite(X: Any) -> tuple[int, int, float] | None:
    """Return row, column and value of the first number of X that is not finite, if there is one."""
    values = X if isinstance(X, np.ndarray) else np.asarray(X) if hasattr(X, "to_numpy") else None
    if values is None or values.ndim != 2 or values.dtype.kind != "f" or not values.shape[1]:
        return None
    for start in range(0, len(values), _ROWS_AT_ONCE):
        part = values[start : start + _ROWS_AT_ONCE]
        is_finite = np.isfinite(part)
        if not is_finite.all():
            row, column = np.unravel_index(int(is_finite.argmin()), part.shape)
            return start + int(row), int(column), float(part[row, column])
    return None


class _Shared:
    """A view of an array that torch takes without a copy or a warning, also where it is read-only.

    The data of a fit are only read. They may be a file that is mapped into memory because a copy
    would not fit there.
    """

    def __init__(self, array: np.ndarray) -> None:
        interface = array.__array_interface__
        self.array = array  # keeps the memory
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}


def _check_tensor(estimator: Any, X: Tensor, reset: bool, least: int) -> Tensor:
    data = _validation.as_matrix(X)
    if not data.shape[0] and least:
        raise ValueError(f"X must have 1 sample or more, got shape {tuple(X.shape)}")
    if reset:
        estimator.n_features_in_ = data.shape[1]
        vars(estimator).pop("feature_names_in_", None)
    elif data.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"X has {data.shape[1]} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input"
        )
    return data


def device_of(data: Any) -> torch.device:
    """Return the device of checked data; the CPU for a CSR matrix or None."""
    return data.device if isinstance(data, Tensor) else torch.device("cpu")


def columns_of(estimator: Any) -> dict[str, Any]:
    """Return the estimator's attributes of the columns as numbers and lists, for a checkpoint."""
    columns = {
        name: vars(estimator)[name] for name in _COLUMN_ATTRIBUTES if name in vars(estimator)
    }
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in columns.items()
    }


def set_columns(estimator: Any, columns: dict[str, Any]) -> None:
    """Set the attributes that :func:`columns_of` returned."""
    if "n_features_in_" in columns:
        estimator.n_features_in_ = columns["n_features_in_"]
    if "feature_names_in_" in columns:
        estimator.feature_names_in_ = np.asarray(columns["feature_names_in_"], dtype=object)


@contextmanager
def renewing_columns(estimator: Any) -> Iterator[None]:
    """Remove the columns of an earlier fit, and put them back if the block raises.

    An estimator whose second fit fails therefore stays as its first fit left it.
    """
    before = {
        name: vars(estimator).pop(name) for name in _COLUMN_ATTRIBUTES if name in vars(estimator)
    }
    try:
        yield
    except BaseException:
        for name in _COLUMN_ATTRIBUTES:
            vars(estimator).pop(name, None)
        vars(estimator).update(before)
        raise
