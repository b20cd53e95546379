"""Labels and names of points as users hand them over: of numbers or texts, some missing."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np

from ._validation import as_array


def as_labels(labels: Any, n: int) -> np.ndarray:
    """Return labels in one form: with a mark of their own kind where a point has none.

    Parameters
    ----------
    labels : array, tensor, data frame column or sequence, shape (n,)
        Integers, floats, booleans or strings. None, NaN, NaT and pandas' NA are no labels, in
        objects and lists of any kind.
    n : int
        Points.

    Returns
    -------
    ndarray, shape (n,)
        Of integers, negative where there is no label; of floats, NaN where there is none; of
        strings, '' where there is none; or of booleans.

    Raises
    ------
    TypeError, ValueError
        If the labels are neither numbers nor strings, or not n.
    """
    if hasattr(labels, "astype") and not isinstance(labels.dtype, np.dtype):
        labels = labels.astype(object)  # of pandas, which would make floats of integers with gaps
    array = as_array(labels)
    if array.dtype.kind == "U" and isinstance(labels, (list, tuple)):
        array = np.asarray(labels, object)  # in which NaN is not yet a text
    if array.shape != (n,):
        raise ValueError(f"labels must have shape ({n},), got {array.shape}")
    if array.dtype.kind in "OT":
        return _of_objects(array.tolist())
    if array.dtype.kind not in "biufU":
        raise TypeError(f"labels must be numbers or strings, got dtype {array.dtype}")
    return array


def is_scale(labels: np.ndarray, label_names: Any) -> bool:
    """Whether labels are numbers to be shown on a scale, rather than classes."""
    return labels.dtype.kind == "f" and label_names is None and bool(np.isfinite(labels).any())


def is_missing(value: Any) -> bool:
    """Whether a value stands for none: None, NaN, NaT, NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # pandas.NA does not say whether it is itself
        return True


def as_texts(names: Iterable[Any]) -> list[str]:
    """Return names as texts, '' for those that are missing: None, NaN or pandas' NA."""
    return ["" if is_missing(name) else printable(str(name)) for name in names]


def printable(text: str) -> str:
    """Return a text that UTF-8 can hold: a name of a file that is no UTF-8 has question marks."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _of_objects(values: list[Any]) -> np.ndarray:
    is_known = [not is_missing(value) and value != "" for value in values]
    known = [value for value, keep in zip(values, is_known, strict=True) if keep]

    def all_are(*kinds: type) -> bool:
        return bool(known) and all(isinstance(value, kinds) for value in known)

    if all_are(bool, np.bool_) and all(is_known):
        return np.array(values, bool)
    for kind, dtype, none in ((Integral, np.int64, -1), (Real, np.float64, np.nan)):
        if all_are(kind, np.bool_):
            filled = [v if keep else none for v, keep in zip(values, is_known, strict=True)]
            return np.array(filled, dtype)
    return np.array([str(v) if keep else "" for v, keep in zip(values, is_known, strict=True)], str)
