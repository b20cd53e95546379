"""Rows of an array: those with the same id, blocks of them, and the numbers of frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def rows_by_id(ids: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Return the rows of each distinct id, in rising order of ids; rows of one id rise too."""
    if not len(ids):
        return []
    order = np.argsort(ids, kind="stable").astype(np.int64, copy=False)
    changes = np.flatnonzero(ids[order][1:] != ids[order][:-1]) + 1
    return np.split(order, changes)


def positions(ids: NDArray[Any]) -> NDArray[np.int64]:
    """Return for each row the number of earlier rows with the same id."""
    position = np.empty(len(ids), dtype=np.int64)
    for rows in rows_by_id(ids):
        position[rows] = np.arange(len(rows))
    return position


def blocks(n: int, size: int = 2048) -> Iterator[slice]:
    """Cut n rows into slices of ``size``, which bounds the memory of float64 temporaries."""
    for start in range(0, n, size):
        yield slice(start, start + size)


def frame_numbers(names: list[str], clip: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number at the end of each name, or its position in the clip without one."""
    # Up to 18 digits, the last ones: any number of 18 digits fits into int64.
    number = re.compile(r"([0-9]{1,18})(?:\.[^./]*)?$")
    found = map(number.search, names)
    place = positions(clip).tolist()
    return np.array([int(m[1]) if m else p for m, p in zip(found, place, strict=True)], np.int64)
