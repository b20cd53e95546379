"""Word vectors in text: a word and its numbers on each line, between spaces."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .table import Table


def read_vectors(path: Path) -> Table:
    """Read the format of GloVe, or that of word2vec and fastText, which tells its size first."""
    names: list[str] = []
    vectors: list[np.ndarray] = []
    announced = None
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        try:
            for line, text in enumerate(file, 1):
                # Of white space only spaces part the cells: words may hold any other.
                text = text.strip(" \r\n")
                if line == 1:
                    announced = _announced(text)
                    d = announced[1] if announced else text.count(" ")
                    if announced:
                        continue
                if not text:
                    continue
                # From the right, because a few words of GloVe hold spaces.
                name, *cells = text.rsplit(" ", d)
                names.append(name)
                vectors.append(_vector(path, line, cells, d))
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}, after line {len(names)}: not text ({error})") from None
    if not names or d == 0:
        raise ValueError(f"{path}: has no word followed by numbers")
    if announced and announced[0] != len(names):
        raise ValueError(f"{path}: line 1 announces {announced[0]} words, found {len(names)}")
    return Table(np.stack(vectors), names=names)


def _announced(text: str) -> tuple[int, int] | None:
    """Number of words and of columns, where the first line holds them and nothing else."""
    cells = text.split(" ")
    if len(cells) == 2 and all(map(str.isdecimal, cells)):
        return int(cells[0]), int(cells[1])
    return None


def _vector(path: Path, line: int, cells: list[str], d: int) -> np.ndarray:
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
