"""What is read from a file of data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

LabelNames = Mapping[int, str]
"""Name of each class, by its label."""


@dataclass(frozen=True)
class Table:
    """Data to embed, with labels and names of its rows if the file has them.

    Attributes
    ----------
    X : ndarray or CSR matrix, shape (n, d), float32
        Data; all values are finite.
    labels : ndarray, shape (n,), int64 or float64, or None
        Class of each row, negative for a row without one; or values on a scale, NaN for a row
        without one.
    label_names : mapping of int to str, or None
        Names of the classes.
    names : list of str, length n, or None
        Name of each row, such as a word or a document.
    features : str or None
        Name of the features that were computed, if the file holds landmarks.
    label_title : str or None
        What the labels are: the name of their column.
    groups : ndarray, shape (n,), or None
        Clip or person of each row. Rows of one group are much alike, so that a classifier is to be
        tested on groups that it has not seen.
    group_kind : str
        'clip' or 'person'.
    details : mapping of str to sequence, length n
        What else is known of each row, such as the frame of a video.
    images : list of (str or None), length n, or None
        Path of the picture of each row.
    notes : tuple of str
        What the reader took the file for, and what it left out.
    """

    X: Any
    labels: np.ndarray | None = None
    label_names: LabelNames | None = None
    names: list[str] | None = None
    features: str | None = None
    label_title: str | None = None
    groups: np.ndarray | None = None
    group_kind: str = "clip"
    details: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    images: list[str | None] | None = None
    notes: tuple[str, ...] = ()

    def select(self, rows: np.ndarray) -> Table:
        """Return a table of some rows.

        Parameters
        ----------
        rows : ndarray of int
            Their indices, in the wanted order.

        Returns
        -------
        Table
        """

        def some(values: Any) -> Any:
            if isinstance(values, np.ndarray) or values is None:
                return None if values is None else values[rows]
            return [values[i] for i in rows]

        return replace(
            self,
            X=self.X[rows],
            labels=some(self.labels),
            names=some(self.names),
            groups=some(self.groups),
            details={name: some(values) for name, values in self.details.items()},
            images=some(self.images),
        )

    def noting(self, *notes: str) -> Table:
        """Return the table with more notes.

        Parameters
        ----------
        *notes : str
            To be added behind those that are there.

        Returns
        -------
        Table
        """
        return replace(self, notes=(*self.notes, *notes)) if notes else self
