"""What is read from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

LabelNames = Mapping[int, str]


@dataclass(frozen=True)
class Table:
    """Rows to embed.

    Attributes
    ----------
    X : ndarray, shape (n, d), float32
        Finite values.
    labels : ndarray, shape (n,), int64, or None
        A class for each row, negative where it has none.
    label_names : mapping of int to str, or None
        Names of the classes.
    names : list of str, or None
        Name of each row: a word, a document.
    features : str or None
        Features that were computed, where landmarks were read.
    """

    X: np.ndarray
    labels: np.ndarray | None = None
    label_names: LabelNames | None = None
    names: list[str] | None = None
    features: str | None = None
