"""Text files of any encoding that people have, compressed by gzip or not."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO, cast

_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; that of UTF-32 begins with that of UTF-16."""
_MISSING = frozenset(
    ("", "na", "n/a", "#n/a", "nan", "-nan", "-nan(ind)", "null", "none", "<na>", "?", ".")
)


def extension_of(path: str | os.PathLike[str]) -> str:
    """Return the extension of a file in lower case; of ``x.csv.gz`` it is '.csv'."""
    path = Path(path)
    if path.suffix.lower() == ".gz":
        path = path.with_suffix("")
    return path.suffix.lower()


def stem_of(path: str | os.PathLike[str]) -> str:
    """Return the name of a file without folders and extension; of ``x.csv.gz`` it is 'x'."""
    path = Path(path)
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).stem


@contextmanager
def open_bytes(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file for reading; what gzip has compressed is decompressed.

    Raises
    ------
    ValueError
        While reading, if the compressed data are damaged.
    OSError
        If the file cannot be read.
    """
    with open(path, "rb") as file:
        is_compressed = file.read(2) == _GZIP or os.fspath(path).lower().endswith(".gz")
        file.seek(0)
        try:
            yield cast(IO[bytes], gzip.open(file)) if is_compressed else file
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path}: is not a .gz file, or is damaged ({error})") from None


def encoding_of(path: str | os.PathLike[str]) -> str:
    """Tell the encoding of a text file.

    A byte order mark tells it. Without one, a file is UTF-16 if every other byte of its begin is
    zero, UTF-8 if all of it can be decoded so, and otherwise Windows-1252, of which Latin-1 is a
    part.

    Returns
    -------
    str
        Name of a codec of Python.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_bytes(path) as file:
        head = file.read(_CHUNK)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return name
        if len(head) > 3 and not any(head[1:200:2]):
            return "utf-16-le"
        if len(head) > 3 and not any(head[0:200:2]):
            return "utf-16-be"
        try:
            chunk = head
            while chunk:
                decoder.decode(chunk)
                chunk = file.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


@contextmanager
def open_text(
    path: str | os.PathLike[str],
    encoding: str | None = None,
    newline: str | None = None,
    errors: str = "strict",
) -> Iterator[TextIO]:
    """Open a text file for reading, compressed by gzip or not.

    Parameters
    ----------
    path : str or path-like
    encoding : str, optional
        As `encoding_of` returns, which is the default.
    newline : str, optional
    errors : str, default='strict'
        As of `open`. The five bytes that Windows-1252 leaves undefined are replaced.

    Raises
    ------
    ValueError, OSError
        As `open_bytes`.
    """
    encoding = encoding_of(path) if encoding is None else encoding
    errors = "replace" if encoding == "cp1252" else errors
    with open_bytes(path) as file:
        yield io.TextIOWrapper(file, encoding, errors, newline)


def is_missing(text: str) -> bool:
    """Whether a cell of a table says that its value is not known."""
    return text.strip().lower() in _MISSING


def is_number(text: str) -> bool:
    """Whether a cell of a table is a number, with a decimal point if it has decimals.

    NaN and infinity are.
    """
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # as Python writes numbers, but no table


def with_closed_quotes(
    lines: Iterable[str],
    delimiter: str,
    path: str | os.PathLike[str],
    first: int = 1,
    skips_blanks: bool = False,
) -> Iterator[str]:
    """Yield the lines of a table, and check that each quote that opens a cell is closed.

    A quote that is never closed makes all rows that follow part of one cell. A quote within a cell
    that does not begin with one, such as the sign for inches, opens nothing.

    Parameters
    ----------
    lines : iterable of str
    delimiter : str
    path : path-like
        For the message.
    first : int, default 1
        Number of the first line in the file.
    skips_blanks : bool, default False
        Blanks may stand before a quote that opens a cell.

    Raises
    ------
    ValueError
        If a quote is open at the end, or for more characters than the module csv reads; it names
        the line of the quote.
    """
    sign, blanks = re.escape(delimiter), "[ ]*" if skips_blanks else ""
    # A cell in quotes, and what follows it up to the next sign; or one whose quote stays open.
    quoted = re.compile(rf'(?:^|{sign}){blanks}"(?:[^"]|"")*(?:"(?!")[^{sign}]*|(?P<open>\Z))')
    rest = re.compile(rf'(?:[^"]|"")*"(?!")[^{sign}]*')
    begin, size = 0, 0  # of the cell that is open: number of the line, characters
    for number, line in enumerate(lines, first):
        at = 0
        if begin:
            size += len(line)
            if size > csv.field_size_limit():
                break
            if closed := rest.match(line):
                begin, at = 0, closed.end()
        if not begin and '"' in line:
            for cell in quoted.finditer(line, at):
                if cell["open"] is not None:
                    begin, size = number, len(line)
        yield line
    if begin:
        raise ValueError(
            f"{path}, line {begin}: opens a quote that is not closed; if it is a part of the text, "
            "double it and put the cell into quotes"
        )
