"""Checks of what users pass: each raises before any work, naming argument, value and remedy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor


def as_matrix(X: Any, name: str = "X") -> Tensor:
    """Turn an array, a tensor or nested sequences into a finite float matrix.

    float64 and integers of 4 bytes or more become float64, all else float32; the device stays.

    Raises
    ------
    TypeError
        Not numeric.
    ValueError
        Not two-dimensional, no columns, NaN or infinity.
    """
    if not isinstance(X, Tensor):
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
        X = X.double() if X.dtype in (torch.int32, torch.int64) else X.float()
    finite = torch.isfinite(X)
    if not finite.all():
        row, column = (~finite).nonzero()[0].tolist()
        raise ValueError(
            f"{name} must be finite, but contains NaN or infinity: "
            f"{name}[{row}, {column}] is {X[row, column].item()}"
        )
    return X.contiguous()  # other strides would sum in another order


def integer(name: str, value: Any, least: int) -> int:
    """Return an int of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be {least} or more, got {value}")
    return int(value)


def number(name: str, value: Any, least: float = -math.inf, above: float = -math.inf) -> float:
    """Return a finite float of at least ``least`` and above ``above``."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    value = float(value)
    if not math.isfinite(value) or value < least or value <= above:
        wanted = f"above {above:g}" if above > -math.inf else f"{least:g} or more"
        raise ValueError(f"{name} must be {wanted} and finite, got {value}")
    return value


def choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return one of the given names."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    return value


def seed_of(random_state: Any) -> int:
    """Turn None, an int, or a generator of NumPy or torch into a seed."""
    most = 2**31 - 1
    if random_state is None:
        return int(np.random.default_rng().integers(most))
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
