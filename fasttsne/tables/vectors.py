"""Word vectors in text files: on each line a word and its numbers, separated by spaces."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .._text import open_text
from .table import Table


def read_vectors(path: Path) -> Table:
    """Read word vectors in the format of GloVe, or of word2vec and fastText.

    The latter has the numbers of words and of columns on its first line.

    Raises
    ------
    ValueError
        If a line is malformed, there are no vectors, or not as many as the first line says.
    OSError
        If the file cannot be read.
    """
    names: list[str] = []
    vectors: list[np.ndarray] = []
    size = None
    with open_text(path, "utf-8-sig", newline="\n") as file:
        try:
            for line, text in enumerate(file, 1):
                # Only spaces separate cells, because words may contain other white space.
                text = text.strip(" \r\n")
                if line == 1:
                    size = _parse_size(text)
                    d = size[1] if size else text.count(" ")
                    if size:
                        continue
                if not text:
                    continue
                # Split from the right, because a few words in GloVe contain spaces.
                name, *cells = text.rsplit(" ", d)
                names.append(name)
                vectors.append(_parse_vector(path, line, cells, d))
        except UnicodeError as error:
            raise ValueError(f"{path}, after line {len(names)}: not text ({error})") from None
    if not names or d == 0:
        raise ValueError(f"{path}: has no word followed by numbers")
    if size and size[0] != len(names):
        raise ValueError(f"{path}: line 1 announces {size[0]} words, found {len(names)}")
    return Table(np.stack(vectors), names=names)


def _parse_size(text: str) -> tuple[int, int] | None:
    """Return the numbers of words and of columns if the line consists of two whole numbers."""
    cells = text.split(" ")
    if len(cells) == 2 and all(map(str.isdecimal, cells)):
        return int(cells[0]), int(cells[1])
    return None


def _parse_vector(path: Path, line: int, cells: list[str], d: int) -> np.ndarray:
    if len(cells) != d:
        raise ValueError(f"{path}, line {line}: has {len(cells)} numbers, not {d}")
    try:
        with np.errstate(over="ignore"):
            vector = np.array(cells, np.float32)
    except ValueError as error:
        raise ValueError(f"{path}, line {line}: {error}") from None
    if not np.isfinite(vector).all():
        raise ValueError(
            f"{path}, line {line}: {cells[np.argmin(np.isfinite(vector))]!r} is not a finite number"
        )
    return vector
