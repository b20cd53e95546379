"""What is read from a file of data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

LabelNames = Mapping[int, str]
"""Name of each class, by its label."""


@dataclass(frozen=True)
class Table:
    """Data to embed, with labels and names of its rows if the file has them.

    Attributes
    ----------
    X : ndarray, shape (n, d), float32
        Data; all values are finite.
    labels : ndarray, shape (n,), int64, or None
        Class of each row, negative for a row without one.
    label_names : mapping of int to str, or None
        Names of the classes.
    names : list of str, length n, or None
        Name of each row, such as a word or a document.
    features : str or None
        Name of the features that were computed, if the file holds landmarks.
    """

    X: np.ndarray
    labels: np.ndarray | None = None
    label_names: LabelNames | None = None
    names: list[str] | None = None
    features: str | None = None
