"""Conversion of labels and names as users pass them: numbers or text, some of them missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from ._validation import as_array


def as_labels(labels: Any, n: int) -> np.ndarray:
    """Convert labels to an array in which a value of the same dtype marks a missing label.

    Parameters
    ----------
    labels : array, tensor, data frame column or sequence, shape (n,)
        Integers, floats, booleans or strings. None, NaN, NaT and pandas' NA mark missing labels in
        lists, tuples and columns or arrays of objects.
    n : int
        Number of points.

    Returns
    -------
    ndarray, shape (n,)
        Integers, negative where a label is missing; floats, NaN where one is missing; strings, ''
        where one is missing; or booleans, none missing. Booleans with gaps become integers, and
        labels of mixed types strings.

    Raises
    ------
    TypeError
        If the labels are neither numbers nor strings.
    ValueError
        If their shape is not (n,).
    """
    if hasattr(labels, "astype") and not isinstance(labels.dtype, np.dtype):
        # A column of pandas. NumPy would convert integers with gaps to floats.
        labels = labels.astype(object)
    array = as_array(labels)
    if array.dtype.kind == "U" and isinstance(labels, (list, tuple)):
        array = np.asarray(labels, object)  # in an array of strings, NaN would be the text 'nan'
    if array.shape != (n,):
        raise ValueError(f"labels must have shape ({n},), got {array.shape}")
    if array.dtype.kind in "OT":
        return _from_objects(array.tolist())
    if array.dtype.kind not in "biufU":
        raise TypeError(f"labels must be numbers or strings, got dtype {array.dtype}")
    return array


def is_labelled(labels: np.ndarray) -> np.ndarray:
    """Return for each of the labels of :func:`as_labels` whether it is one: bool, shape (n,).

    Negative, infinite and missing ones are not.
    """
    return labels != "" if labels.dtype.kind == "U" else np.isfinite(labels) & (labels >= 0)


def is_scale(labels: np.ndarray, label_names: Any) -> bool:
    """Whether labels are values to show on a color scale, and not classes.

    They are if they are floats, not all missing, and ``label_names`` is None.
    """
    return labels.dtype.kind == "f" and label_names is None and bool(np.isfinite(labels).any())


def names_by_label(label_names: Mapping[int, str] | Sequence[str] | None) -> dict[Any, str]:
    """Return the names of labels, which a sequence has for 0, 1 and so on, as a dict."""
    return dict(label_names if isinstance(label_names, Mapping) else enumerate(label_names or ()))


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, NaT or pandas' NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # the truth value of NA != NA is undefined
        return True


def as_texts(names: Iterable[Any]) -> list[str]:
    """Convert names to printable strings, '' for those that are missing (:func:`is_missing`)."""
    return ["" if is_missing(name) else printable(str(name)) for name in names]


def check_names(names: Any, n: int) -> list[str]:
    """Return the names of n points as by :func:`as_texts`, after checking them.

    Raises
    ------
    TypeError
        If ``names`` is one string.
    ValueError
        If there are not n of them.
    """
    if isinstance(names, str):
        raise TypeError("names must be a sequence of str, one for each point, got one str")
    texts = as_texts(names)
    if len(texts) != n:
        raise ValueError(f"names must have length {n}, one for each point, got {len(texts)}")
    return texts


def printable(text: str) -> str:
    """Replace characters that UTF-8 cannot encode by '?'.

    Python represents bytes of a file name that are not valid UTF-8 by such characters.
    """
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _from_objects(values: list[Any]) -> np.ndarray:
    """Convert labels of any type to booleans, integers or floats, or else to strings."""
    is_known = [not is_missing(value) and value != "" for value in values]
    known = [value for value, keep in zip(values, is_known, strict=True) if keep]

    def all_are(*kinds: type) -> bool:
        return bool(known) and all(isinstance(value, kinds) for value in known)

    if all_are(bool, np.bool_) and all(is_known):
        return np.array(values, bool)
    for kind, dtype, missing in ((Integral, np.int64, -1), (Real, np.float64, np.nan)):
        if all_are(kind, np.bool_):
            filled = [v if keep else missing for v, keep in zip(values, is_known, strict=True)]
            return np.array(filled, dtype)
    return np.array([str(v) if keep else "" for v, keep in zip(values, is_known, strict=True)], str)
