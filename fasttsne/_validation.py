"""Checks of arguments of users, before any work is done.

Error messages name the argument, the value that came and what would be right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

_WIDE_INTEGERS = (torch.int32, torch.int64, torch.uint32, torch.uint64)
"""Integer types with values that float32 cannot represent."""


def as_array(values: Any) -> np.ndarray:
    """Convert array-likes and tensors, on any device and of any dtype, to a NumPy array."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().resolve_conj().resolve_neg()
        if values.dtype == torch.bfloat16:  # NumPy has no such type
            values = values.float()
    return np.asarray(values)


def untensored(values: Any) -> Any:
    """Return a tensor as an array, whose entries print as numbers, and anything else as it is."""
    return as_array(values) if isinstance(values, Tensor) else values


def as_matrix(X: Any, name: str = "X") -> Tensor:
    """Convert an array, a tensor or nested sequences to a contiguous float matrix.

    float64 and integers of 4 bytes or more become float64, all other types float32. A tensor stays
    on its device.

    Raises
    ------
    TypeError
        It does not hold real numbers, or is a sparse or quantized tensor.
    ValueError
        It is not two-dimensional, has no columns, or contains masked entries, NaN or infinity.
    """
    if not isinstance(X, Tensor):
        check_unmasked(name, X)
        try:
            X = np.asarray(X)
        except ValueError as error:  # rows of different lengths
            raise ValueError(f"{name} must be a table of numbers: {error}") from None
        if X.dtype.kind not in "biuf":
            raise TypeError(f"{name} must hold real numbers, got dtype {X.dtype}")
        if X.dtype.kind != "f" or X.dtype.itemsize not in (4, 8) or not X.dtype.isnative:
            X = X.astype(np.float32 if X.dtype.itemsize < 4 else np.float64)
        X = np.ascontiguousarray(X)
        X = torch.from_numpy(X if X.flags.writeable else X.copy())
    X = X.detach()
    if X.is_complex() or X.is_sparse or X.layout != torch.strided or X.is_quantized:
        raise TypeError(f"{name} must be a dense tensor of real numbers, got {X.dtype}, {X.layout}")
    if X.dim() != 2:
        raise ValueError(
            f"{name} must have 2 dimensions (samples, features), got shape {tuple(X.shape)}"
        )
    if X.shape[1] < 1:
        raise ValueError(f"{name} must have 1 feature or more, got shape {tuple(X.shape)}")
    if X.dtype != torch.float64:
        X = X.double() if X.dtype in _WIDE_INTEGERS else X.float()
    # The extremes are NaN if any number is. Unlike isfinite, aminmax needs no memory of the size of
    # X, which a GPU may not have left.
    if X.shape[0] and not all(math.isfinite(extreme) for extreme in X.aminmax()):
        row, column = (~torch.isfinite(X)).nonzero()[0].tolist()
        raise ValueError(
            f"{name} must be finite, but contains NaN or infinity: "
            f"{name}[{row}, {column}] is {X[row, column].item()}"
        )
    X = X.resolve_neg()
    return X.contiguous()  # the order of summation, and so the rounding, depends on the strides


def as_csr(X: Any, name: str = "X") -> Any:
    """Convert a scipy.sparse matrix to canonical CSR form with finite floats.

    The columns of each row are ascending and distinct: duplicate entries are summed, as scipy does;
    explicit zeros stay. X itself is never changed, but the result shares its arrays if they need no
    change.

    Raises
    ------
    TypeError
        It does not hold real numbers.
    ValueError
        It is not two-dimensional, has pointers or indices out of range, or contains NaN or
        infinity.
    """
    if X.ndim != 2:
        raise ValueError(f"{name} must have 2 dimensions (samples, features), got shape {X.shape}")
    if X.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {X.dtype}")
    _check_indices(X, name)
    # Floats, because sums of duplicate entries could overflow small integers.
    wide = np.float32 if X.dtype.itemsize < 4 or X.dtype == np.float32 else np.float64
    rows = X.astype(wide).tocsr()
    # A new matrix, because the flags for sorted and canonical form that the old one has cached may
    # no longer be true.
    rows = type(rows)((rows.data, rows.indices, rows.indptr), shape=rows.shape)
    _check_indices(rows, name)
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    if X.dtype.kind == "b":
        rows.data = (rows.data != 0).astype(wide)
    if not np.isfinite(rows.data).all():
        entries = rows.tocoo()
        first = int(np.argmin(np.isfinite(entries.data)))
        raise ValueError(
            f"{name} must be finite, but contains NaN or infinity: "
            f"{name}[{entries.row[first]}, {entries.col[first]}] is {entries.data[first]}"
        )
    return rows


def _check_indices(X: Any, name: str) -> None:
    """Raise if indices of a scipy.sparse matrix lie outside of it, which scipy does not check."""
    rows, columns = X.shape
    if X.format == "coo":
        if not len(X.row) == len(X.col) == len(X.data):
            raise ValueError(
                f"{name} must have as many rows and columns as entries, got {len(X.row)}, "
                f"{len(X.col)} and {len(X.data)}"
            )
        check_range(f"rows of {name}", X.row, rows)
        check_range(f"columns of {name}", X.col, columns)
    elif X.format == "csc":
        check_compressed(name, X.indptr, X.indices, X.data, columns, rows, ("columns", "rows"))
    elif X.format == "csr":
        check_compressed(name, X.indptr, X.indices, X.data, rows, columns)
    elif X.format == "bsr":
        high, wide = X.blocksize
        check_compressed(name, X.indptr, X.indices, X.data, rows // high, columns // wide)


def check_compressed(
    name: str,
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    rows: int,
    columns: int,
    axes: tuple[str, str] = ("rows", "columns"),
) -> None:
    """Check the arrays of a sparse matrix in CSR form, or in CSC form with the axes exchanged.

    Parameters
    ----------
    name : str
        What error messages call the matrix.
    indptr, indices, data : ndarray
    rows, columns : int
        Shape of the matrix.
    axes : (str, str)
        What error messages call the two axes.

    Raises
    ------
    TypeError
        ``indptr`` or ``indices`` are not integers.
    ValueError
        ``indptr`` has the wrong length, falls or ends after the last entry, or indices are out of
        range.
    """
    if indptr.dtype.kind not in "iu" or indices.dtype.kind not in "iu":
        raise TypeError(
            f"indptr and indices of {name} must be integers, got {indptr.dtype}, {indices.dtype}"
        )
    ends = indptr.astype(np.int64)
    if ends.shape != (rows + 1,):
        raise ValueError(
            f"indptr of {name} must have {rows + 1} numbers for {rows} {axes[0]}, "
            f"got shape {ends.shape}"
        )
    entries = min(len(indices), len(data))
    if ends[0] != 0 or ends[-1] > entries or (np.diff(ends) < 0).any():
        raise ValueError(
            f"indptr of {name} must rise from 0 to {entries}, the number of entries, "
            f"got {ends[0]} .. {ends[-1]}"
            + (", falling in between" if (np.diff(ends) < 0).any() else "")
        )
    check_range(f"{axes[1]} of {name}", indices[: ends[-1]], columns)


def check_range(name: str, values: np.ndarray, below: int) -> None:
    """Raise ValueError unless all integers are in the half-open range 0 to ``below``."""
    if values.size and (values.min() < 0 or values.max() >= below):
        raise ValueError(
            f"{name} must be in 0 .. {below - 1}, got {values.min()} .. {values.max()}"
        )


def check_unmasked(name: str, X: Any) -> None:
    """Raise ValueError if a masked array hides entries: ``np.asarray`` would ignore the mask."""
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise ValueError(
            f"{name} must not have masked entries, got {int(np.ma.getmaskarray(X).sum())}; "
            "fill them or leave these rows out"
        )


def integer(name: str, value: Any, least: int) -> int:
    """Check an integer of at least ``least`` and return it as an int; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be {least} or more, got {value}")
    return int(value)


def number(name: str, value: Any, least: float = -math.inf, above: float = -math.inf) -> float:
    """Check a finite number of at least ``least`` and above ``above``; return it as a float."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    value = float(value)
    if not math.isfinite(value) or value < least or value <= above:
        wanted = f"above {above:g}" if above > -math.inf else f"{least:g} or more"
        raise ValueError(f"{name} must be {wanted} and finite, got {value}")
    return value


def choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Check that a value is one of the given names and return it."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    return value


def seed_of(random_state: Any) -> int:
    """Convert None, an int, or a random generator of NumPy or torch to a seed.

    None draws the seed from NumPy's global state, as scikit-learn does, so that ``np.random.seed``
    makes results repeatable.
    """
    most = 2**31 - 1
    if random_state is None:
        return int(np.random.randint(most))  # noqa: NPY002
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(most))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(most))
    if isinstance(random_state, torch.Generator):
        return int(torch.randint(most, (), generator=random_state, device=random_state.device))
    seed = integer("random_state", random_state, 0)
    if seed >= 2**63:
        raise ValueError(f"random_state must be below 2**63, got {seed}")
    return seed
