"""Tables that face trackers write: a header, and a row for each face in each frame."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TextIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._text import is_missing, with_closed_quotes
from .face import N_POINTS
from .parsing import open_text, parse_numbers
from .tally import NO_FACE, Tally, no_face

ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
"""Endings of the names of such tables."""

BY_OPENFACE = {"gaze_0_x", "pose_Tx", "p_scale", "AU01_r", "AU01_c"}
"""Columns that OpenFace writes, with or without landmarks."""


@dataclass(frozen=True)
class TrackerTable:
    """The columns of a table that a reader needs, as text.

    Attributes
    ----------
    source : str
        Name of the file.
    names : list of str
        Names of the columns.
    rows : list of tuple of str
        Their fields.
    line : ndarray of int64, shape (rows,)
        Line number of each row.
    """

    source: str
    names: list[str]
    rows: list[tuple[str, ...]]
    line: NDArray[np.int64]

    @classmethod
    def read(
        cls, path: str | os.PathLike[str], choose: Callable[[str, list[str]], list[str]]
    ) -> TrackerTable:
        """Read the columns that ``choose`` names, given the name of the file and its header.

        Raises
        ------
        ValueError
            If the file is empty, ``choose`` raises it, or a row has more or fewer fields than the
            header.
        """
        source = os.fspath(path)
        rows, lines = [], []
        with open_text(path) as file:
            header, delimiter = _header(file, source)
            names = choose(source, header)
            pick = itemgetter(*(header.index(name) for name in names))
            whole = with_closed_quotes(file, delimiter, source, 2, skips_blanks=True)
            reader = csv.reader(whole, delimiter=delimiter, skipinitialspace=True)
            for line, row in _numbered(reader, source):
                if len(row) != len(header):
                    raise ValueError(
                        f"{source}, line {line}: {len(row)} fields where the header has "
                        f"{len(header)}; each row must have a field for each column"
                    )
                rows.append(pick(row))
                lines.append(line)
        return cls(source, names, rows, np.array(lines, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.rows)

    def text(self, name: str) -> list[str]:
        """Return the fields of a column, without spaces around them."""
        at = self.names.index(name)
        return [row[at].strip() for row in self.rows]

    def numbers(self, names: Sequence[str], rows: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return the numbers of some columns in some rows (default: all), shape (rows, columns).

        Raises
        ------
        ValueError
            If a field is not a finite number; the message names file, line and column.
        """
        chosen = np.arange(len(self)) if rows is None else np.asarray(rows)
        at = [self.names.index(name) for name in names]
        fields = [[self.rows[i][j] for j in at] for i in chosen]
        return parse_numbers(fields, names, self.source, self.line[chosen])

    def is_missing(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Return in which rows, shape (n,), all these columns are empty or NaN."""
        at = [self.names.index(name) for name in names]
        return np.array([all(is_missing(row[j]) for j in at) for row in self.rows], dtype=bool)

    def faces(
        self, failed: dict[str, NDArray[np.bool_]], tally: Tally, n_points: int = N_POINTS
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the rows that show a face, and their points, shape (rows, n_points, 2).

        The points of failed rows are not parsed: a tracker may write anything there.

        Parameters
        ----------
        failed : dict of str to ndarray of bool, shape (n,)
            As in `Tally.keep`.
        tally : Tally
            Counts the rows that are left out.
        n_points : int
        """
        columns = point_columns(n_points)
        lost = np.any([self.is_missing(columns), *failed.values()], axis=0)
        tracked = np.flatnonzero(~lost)
        numbers = self.numbers(columns, tracked)
        xy = numbers.reshape(len(tracked), 2, n_points).transpose(0, 2, 1)
        nobody = lost & ~np.any([*failed.values(), np.zeros(len(self), bool)], axis=0)
        nobody[tracked] = no_face(xy)
        rows = tally.keep({**failed, NO_FACE: nobody})
        return rows, xy[np.isin(tracked, rows)]


def point_columns(n_points: int = N_POINTS) -> list[str]:
    """Name the columns of the points: x_0 to x_67, then y_0 to y_67."""
    return [f"{axis}_{i}" for axis in "xy" for i in range(n_points)]


def header_of(path: str | os.PathLike[str]) -> list[str]:
    """Return the names of the columns of a table; only its first line is read."""
    with open_text(path) as file:
        return _header(file, os.fspath(path))[0]


def check_columns(source: str, header: list[str], needed: Sequence[str], tool: str) -> None:
    """Raise ValueError unless a table of a tool has 2-D landmarks and all other columns needed."""
    if "x_0" not in header and not BY_OPENFACE.isdisjoint(header):
        raise ValueError(
            f"{source}: this table of {tool} has no 2-D landmarks (columns x_0 to y_67), which "
            "FeatureExtraction writes if it is run with -2Dfp. To read other columns as a table of "
            "numbers, name them (--columns in the shell)"
        )
    missing = [name for name in needed if name not in header]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ValueError(
            f"{source}: the header lacks the column {missing[0]!r}{more}; "
            f"a table of {tool} with 2-D landmarks is expected"
        )


def check_confidence(min_confidence: float) -> None:
    """Raise ValueError unless a least confidence lies in [0, 1]."""
    if not 0 <= min_confidence <= 1:
        raise ValueError(f"min_confidence must lie in [0, 1], got {min_confidence!r}")


def _numbered(reader: Any, source: str) -> Iterator[tuple[int, list[str]]]:
    """Iterate over the rows that are not empty, with their lines; the header is the first."""
    try:
        for row in reader:
            if any(row):
                yield reader.line_num + 1, row
    except csv.Error as error:
        raise ValueError(f"{source}, line {reader.line_num + 1}: {error}") from None


def _header(file: TextIO, source: str) -> tuple[list[str], str]:
    """Read the names of the columns, and take the most frequent delimiter in their line."""
    line = file.readline()
    delimiter = max(",\t;", key=line.count)
    header = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    if not any(header):
        raise ValueError(f"{source}: the first line is empty; it must name the columns")
    return header, delimiter
