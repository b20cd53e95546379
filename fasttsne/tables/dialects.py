"""How a table is written as text: what separates cells, and which sign decimals have."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from .._text import encoding_of, is_missing, is_number, open_text, with_closed_quotes

_LINES = 100
"""Lines that are looked at."""
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars", " ": "white space"}
_SEPARATORS = {";", "\t", "|"}
"""Signs that are rare within a cell."""
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Dialect:
    """How the cells of a table are written.

    Attributes
    ----------
    encoding : str
        Name of a codec of Python.
    delimiter : str
        One of ``, ; | `` and tab; a blank stands for any white space.
    decimal : str
        Point or comma.
    skipped : int
        Lines before the table.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    skipped: int = 0

    def __str__(self) -> str:
        parts = [_NAMES[self.delimiter]]
        if self.decimal == ",":
            parts.append("decimal commas")
        if not self.encoding.startswith("utf-8"):
            parts.append("Windows-1252" if self.encoding == "cp1252" else self.encoding.upper())
        return ", ".join(parts)

    @contextmanager
    def lines(self, path: Path) -> Iterator[Iterator[str]]:
        """Open a file for the lines of the table; see `_folded`."""
        with open_text(path, self.encoding, newline="") as file:
            lines = _folded(islice(file, self.skipped, None), self.delimiter)
            yield with_closed_quotes(lines, self.delimiter, path, self.skipped + 1)

    def rows(self, path: Path) -> Iterator[tuple[int, list[str]]]:
        """Yield the line number and the stripped cells of each row that is not empty.

        Raises
        ------
        ValueError
            If the file is not text.
        """
        with self.lines(path) as lines:
            reader = csv.reader(lines, delimiter=self.delimiter)
            try:
                for row in reader:
                    cells = [cell.strip() for cell in row]
                    if any(cells):
                        yield self.skipped + reader.line_num, cells
            except (UnicodeError, csv.Error) as error:
                line = self.skipped + reader.line_num
                raise ValueError(f"{path}, after line {line}: not text ({error})") from None

    def parse(self, cell: str) -> float:
        """Return a cell as a number.

        Raises
        ------
        ValueError
            If it is none.
        """
        is_grouped = self.decimal == "," and "." in cell  # 1.234,5 or a date
        if is_grouped or not is_number(text := self.with_point(cell)):
            raise ValueError(f"{cell!r} is not a number")
        return float(text)

    def with_point(self, cell: str) -> str:
        """Return a cell with a decimal point in the place of a decimal comma."""
        return cell.replace(",", ".") if self.decimal == "," else cell


def sniff(path: Path, expected: str) -> Dialect:
    """Tell how a table is written by its first lines.

    Of all signs that cut the lines into equally many cells, the one is taken with which most cells
    are numbers; of equals, that which leaves fewest other separators within cells. Numbers may have
    decimal commas unless commas separate cells.

    Parameters
    ----------
    path : Path
        File.
    expected : str
        The sign that is usual for the extension; it is taken if others are as good.

    Raises
    ------
    OSError, ValueError
        If the file cannot be read or decompressed.
    """
    encoding = encoding_of(path)
    with open_text(path, encoding, newline="") as file:
        try:
            lines = list(islice(file, _LINES))
        except UnicodeError as error:
            raise ValueError(f"{path}: not text ({error})") from None
    # Excel obeys a first line such as "sep=;".
    told = re.fullmatch(r"sep=([,;|\t])", lines[0].strip(" \r\n"), re.IGNORECASE) if lines else None
    skipped = 1 if told else 0
    lines = [line for line in lines[skipped:] if line.strip()]
    found = [(0.0, -1.0, False, False, Dialect(encoding, expected, skipped=skipped))]
    if (
        lines[1:]
        and "," not in lines[0]
        and all(map(_DECIMAL_COMMA.fullmatch, map(str.strip, lines[1:])))
    ):
        return Dialect(encoding, ";", ",", skipped)  # one column
    for delimiter in told[1] if told else _NAMES:
        dialect = Dialect(encoding, delimiter, skipped=skipped)
        try:
            rows = [
                row for row in csv.reader(_folded(lines, delimiter), delimiter=delimiter) if row
            ]
        except csv.Error:
            continue
        if not rows or not (_is_even(rows) or told):
            continue
        cells = [cell.strip() for row in rows[1:] or rows for cell in row]
        if delimiter != "," and _uses_decimal_commas(cells):
            dialect = replace(dialect, decimal=",")
        known = [cell for cell in cells if not is_missing(cell)]
        numbers = sum(is_number(dialect.with_point(cell)) for cell in known)
        others = _SEPARATORS - {delimiter}
        uncut = sum(not others.isdisjoint(cell) for cell in known)
        share = 1 / max(len(known), 1)
        usual = delimiter != " ", delimiter == expected
        found.append((numbers * share, -uncut * share, *usual, dialect))
    return max(found, key=lambda one: one[:4])[4]


def _folded(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """Yield lines in which white space is one blank if it separates cells."""
    return (" ".join(line.split()) + "\n" for line in lines) if delimiter == " " else iter(lines)


def _is_even(rows: list[list[str]]) -> bool:
    """Whether nearly all rows have the same number of cells, and more than one.

    The first row is not counted: in a header of R, the names of the rows have no name.
    """
    (width, count), *_ = Counter(map(len, rows[1:] or rows)).most_common(1)
    return width > 1 and count >= 0.9 * len(rows[1:] or rows)


def _uses_decimal_commas(cells: list[str]) -> bool:
    """Whether more cells have a decimal comma than a decimal point."""
    commas = sum(bool(_DECIMAL_COMMA.fullmatch(cell)) for cell in cells)
    return commas > sum(bool(_DECIMAL_POINT.fullmatch(cell)) for cell in cells)
