"""Labels of points as users hand them over: of numbers or texts, some of them missing."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np


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
    array = np.asarray(labels.detach().cpu() if hasattr(labels, "detach") else labels)
    if array.dtype.kind == "U" and isinstance(labels, (list, tuple)):
        array = np.asarray(labels, object)  # in which NaN is not yet a text
    if array.shape != (n,):
        raise ValueError(f"labels must have shape ({n},), got {array.shape}")
    if array.dtype.kind in "OT":
        return _of_objects(array.tolist())
    if array.dtype.kind not in "biufU":
        raise TypeError(f"labels must be numbers or strings, got dtype {array.dtype}")
    return array


def is_missing(value: Any) -> bool:
    """Whether a value stands for none: None, NaN, NaT, NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # pandas.NA does not say whether it is itself
        return True


def _of_objects(values: list[Any]) -> np.ndarray:
    known = [value for value in values if not is_missing(value) and value != ""]
    kinds: tuple[tuple[type, type, Any], ...] = ((Integral, np.int64, -1), (Real, float, np.nan))
    for kind, dtype, none in kinds:
        if known and all(isinstance(value, (kind, np.bool_)) for value in known):
            if len(known) == len(values) and all(isinstance(v, (bool, np.bool_)) for v in known):
                return np.array(values, bool)
            filled = [none if is_missing(value) or value == "" else value for value in values]
            return np.array(filled, dtype)
    return np.array(["" if is_missing(value) else str(value) for value in values], str)
