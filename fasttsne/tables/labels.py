"""Labels in files: classes or values on a scale, and the names of classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .._text import is_missing
from .table import LabelNames

_MOST_CLASSES_BY_NUMBER = 40
"""Number of different whole numbers up to which they are classes: as many have a legend."""


_NO_CLASS = frozenset(("", "NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "NULL", "null"))
"""What programs write for a missing text. Others, such as Na, may be the name of a class."""


def encode_labels(
    texts: Sequence[str], parse: Callable[[str], float] = float
) -> tuple[np.ndarray, LabelNames | None]:
    """Turn texts into labels.

    Texts that are all numbers are classes if they are whole and no more than 40 different ones, and
    otherwise values on a scale. If one text is no number, the distinct texts are classes, numbered
    in alphabetical order. An empty text, NA, NaN and the like are missing labels; among numbers
    also all other signs of missing values, such as '?'.

    Parameters
    ----------
    texts : sequence of str, length n
        Label of each row.
    parse : callable
        Turns the text of a number into the number, or raises ValueError.

    Returns
    -------
    labels : ndarray, shape (n,), int64 or float64
        Classes, -1 where the label is missing; or values on a scale, NaN where they are.
    label_names : dict of int to str, or None
        Text of each class; None if the texts are numbers.
    """
    distinct = sorted(set(texts))
    known = [text for text in distinct if not is_missing(text)]
    try:
        values = {text: parse(text) for text in known}
    except ValueError:
        values = {}
    names: LabelNames | None = None
    if values and all(map(np.isfinite, values.values())):
        codes = _as_classes(known, values)
        if codes is None:
            return np.array([values.get(text, np.nan) for text in texts], np.float64), None
    else:
        classes = [text for text in distinct if text not in _NO_CLASS]
        codes = {text: i for i, text in enumerate(classes)}
        names = dict(enumerate(classes))
    return np.array([codes.get(text, -1) for text in texts], np.int64), names


def encode_column(values: Sequence[Any], is_number: bool) -> tuple[np.ndarray, LabelNames | None]:
    """Turn a column of a data frame into labels; None stands for a missing one.

    Numbers are classes or values as in `encode_labels`. All else, such as a category, is a class,
    also if it is called by a number.
    """
    texts = ["" if value is None else str(value) for value in values]
    return encode_labels(texts, float if is_number else _no_number)


def _no_number(text: str) -> float:
    raise ValueError(f"{text!r} is a text")


def _as_classes(texts: Sequence[str], values: Mapping[str, float]) -> dict[str, int] | None:
    """Return the class of each text of a number, or None if the numbers are no classes."""
    if any(not values[text].is_integer() or abs(values[text]) >= 2**63 for text in texts):
        return None
    # int of the text is exact, unlike that of the float.
    codes = {
        text: int(text) if text.lstrip("+-").isdecimal() else int(values[text]) for text in texts
    }
    return codes if len(set(codes.values())) <= _MOST_CLASSES_BY_NUMBER else None


def as_scale(texts: Sequence[str], parse: Callable[[str], float], what: str) -> np.ndarray:
    """Turn texts into values on a scale, float64, NaN where they are missing.

    Raises
    ------
    ValueError
        If a text is no finite number; ``what`` names the column in the message.
    """
    values = np.full(len(texts), np.nan)
    for row, text in enumerate(texts):
        if is_missing(text):
            continue
        try:
            values[row] = parse(text)
        except ValueError:
            values[row] = np.inf
        if np.isinf(values[row]):
            raise ValueError(f"{what} must hold numbers, got {text!r} in row {row}, counted from 0")
    if np.isnan(values).all():
        raise ValueError(f"{what} must hold numbers, and holds none")
    return values


def list_names(label_names: Mapping[int, Any]) -> list[Any]:
    """Return the names of labels 0, 1, ... up to the last that has one; gaps get their number."""
    return [label_names.get(i, str(i)) for i in range(max(label_names) + 1)]
