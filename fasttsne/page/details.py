"""The columns that the card of a point shows, in the form that data.js reads."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
from torch import Tensor

from .._labels import is_missing, printable

_MAX_INTEGER = 2**53
"""JavaScript has no greater integers without gaps."""


def check_details(details: Any, n: int) -> list[dict[str, Any]]:
    """Return the columns as lists of JSON values, after checking them.

    Parameters
    ----------
    details : mapping of str to sequence of length n
        As in `fasttsne.page.write`.
    n : int
        Number of points.

    Returns
    -------
    list of dict
        ``name`` and ``values`` of each column: numbers, texts, or None where one is missing.

    Raises
    ------
    TypeError
        If ``details`` is no mapping, or a column no sequence.
    ValueError
        If a column does not have n values.
    """
    if not hasattr(details, "items"):
        raise TypeError(
            "details must be a mapping of names of columns to their values, "
            f"got {type(details).__name__}"
        )
    return [
        {"name": printable(str(name)), "values": _check_column(f"details[{name!r}]", values, n)}
        for name, values in details.items()
    ]


def _check_column(what: str, column: Any, n: int) -> list[Any]:
    if isinstance(column, (str, bytes)) or not hasattr(column, "__len__"):
        raise TypeError(
            f"{what} must be a sequence of values, one for each point, "
            f"got one {type(column).__name__}"
        )
    if getattr(column, "ndim", 1) != 1:
        raise ValueError(f"{what} must have shape ({n},), got {tuple(column.shape)}")
    if len(column) != n:
        raise ValueError(f"{what} must have length {n}, one for each point, got {len(column)}")
    return [_to_json(value) for value in (column.tolist() if _holds_scalars(column) else column)]


def _holds_scalars(column: Any) -> bool:
    """Whether `tolist` gives Python's own numbers, which dates would lose their meaning by."""
    return isinstance(column, Tensor) or (
        isinstance(column, np.ndarray) and column.dtype.kind in "biuf"
    )


def _to_json(value: Any) -> int | float | str | None:
    if value is np.ma.masked or is_missing(value):
        return None
    if isinstance(value, Integral):
        if not isinstance(value, bool) and abs(int(value)) < _MAX_INTEGER:
            return int(value)
    elif isinstance(value, Real) and math.isfinite(value):
        return float(f"{float(value):.7g}")
    return printable(str(value)) or None
