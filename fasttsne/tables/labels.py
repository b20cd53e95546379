"""Labels in files: texts to integers, and the names of integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .table import LabelNames


def encode_labels(texts: Sequence[str]) -> tuple[np.ndarray, LabelNames | None]:
    """Turn texts into integer labels.

    If all texts are whole numbers, or 'nan' for a missing one, the labels are these numbers.
    Otherwise the distinct texts are numbered in alphabetical order, and 'nan' is a text as any
    other. An empty text is a missing label in both cases.

    Parameters
    ----------
    texts : sequence of str, length n
        Label of each row.

    Returns
    -------
    labels : ndarray, shape (n,), int64
        -1 where the label is missing.
    label_names : dict of int to str, or None
        Text of each label; None if the texts are numbers.
    """
    distinct = sorted(set(texts) - {""})
    try:
        code = {text: -1 if text.lower() == "nan" else _parse_integer(text) for text in distinct}
        names = None
    except ValueError:
        code = {text: i for i, text in enumerate(distinct)}
        names = dict(enumerate(distinct))
    code[""] = -1
    return np.array([code[text] for text in texts], np.int64), names


def _parse_integer(text: str) -> int:
    """Parse a whole number that int64 holds, also in a form such as '3.0' or '1e3'."""
    try:
        value = int(text)  # exact, unlike int(float(text))
    except ValueError:
        if not float(text).is_integer():
            raise
        value = int(float(text))
    if abs(value) >= 2**63:
        raise ValueError(f"a label must be below 2**63, got {text}")
    return value


def list_names(label_names: Mapping[int, Any]) -> list[Any]:
    """Return the names of labels 0, 1, ... up to the last that has one; gaps get their number."""
    return [label_names.get(i, str(i)) for i in range(max(label_names) + 1)]
