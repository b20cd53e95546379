"""Data scaled by powers of two, so that squares of their distances neither overflow nor vanish.

A power of two changes the exponents of floating-point numbers and no digit. Scaling by it is exact:
it changes neither which rows are neighbours nor P.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from scipy import sparse
from torch import Tensor

from .._threads import in_chunks, sum_over_rows
from ..shards import ALONE, Shards
from .rounding import sums_are_exact

_SAFE_EXPONENT = 60
"""Numbers of size 2^-60 to 2^60 need no scaling: float32 holds sums of their squares."""


def safe_exponent(X: Any) -> int:
    """Return e such that the squares of X / 2^e are safe; 0 where those of X are.

    Parameters
    ----------
    X : array or scipy.sparse matrix
        Finite.

    Returns
    -------
    int
        That of the largest number in X. For :func:`divide_by_power`.
    """
    values = X.data if sparse.issparse(X) else X
    return _zero_if_safe(_exponent_of(values.min(), values.max())) if values.size else 0


def divide_by_power(X: Any, exponent: int) -> Any:
    """Return X / 2^exponent, in two steps because 2^exponent itself may be out of range."""
    half = exponent // 2
    return X * 2.0**-half * 2.0 ** (half - exponent)


def power_below(values: Tensor) -> Tensor:
    """Return the largest power of two that is at most each value, and 1 for each 0; exact.

    Parameters
    ----------
    values : Tensor
        Floats of 0 or more, finite.
    """
    mantissa, _ = torch.frexp(values)  # in [1/2, 1)
    return torch.where(values > 0, values / (2 * mantissa), 1)


def _exponent_of(*values: Any) -> int:
    """Return the least e such that all values are below 2^e in size."""
    return math.frexp(max(abs(float(value)) for value in values))[1]


def _zero_if_safe(exponent: int) -> int:
    return exponent if abs(exponent) > _SAFE_EXPONENT else 0


def ldexp_or_inf(value: float, exponent: int) -> float:
    """Return value * 2^exponent, infinity where float64 cannot hold it."""
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.inf


@dataclass(frozen=True)
class Scaling:
    """Centres the columns of data and scales all by one power of two to about -1 .. 1, in float32.

    A scaled row is (x / 2^before - mean) / 2^after. It is computed in float64, whatever the dtype
    of the data: columns with a large offset keep their digits, and the same numbers in another
    dtype give the same bits.
    """

    before: int
    """Exponent by which the data are divided first, so that their sums stay in range; mostly 0."""
    mean: Tensor
    """(d,) float64, mean of the columns of the data after that division."""
    after: int
    """Exponent by which the centred data are divided."""

    @classmethod
    def of(cls, X: Tensor, shards: Shards = ALONE) -> Scaling:
        """Choose the scaling for the rows of X (n, d), which are finite floats, on all ranks."""
        ends = torch.aminmax(X) if len(X) else (0.0, 0.0)
        largest = max(abs(float(end)) for end in ends)
        before = _zero_if_safe(_exponent_of(*shards.objects(largest)))
        total = shards.sum(sum_over_rows(lambda rows: divide_by_power(rows, before).sum(0), X))
        mean = total / sum(shards.sizes(len(X)))

        def size_of(part: slice) -> float:
            return float((divide_by_power(X[part].double(), before) - mean).abs().max())

        after = _exponent_of(*shards.objects(max(in_chunks(size_of, X), default=0.0)))
        # Numbers of few digits, such as zeros and ones, keep few digits if the mean that is
        # subtracted has few. Where float32 then computes distances without rounding, equal
        # distances stay equal, which is worth more than the mean itself.
        step = math.ldexp(1.0, after - 4)
        coarse = (mean / step).round() * step
        if before == 0 and all(shards.objects(sums_are_exact(X, coarse))):
            mean = coarse
        return cls(before, mean, after)

    def __call__(self, X: Tensor) -> Tensor:
        """Scale the rows of X (l, d), or rows to be compared with these: (l, d) float32."""
        out = X.new_empty(X.shape, dtype=torch.float32)

        def scale(part: slice) -> None:
            centred = divide_by_power(X[part].double(), self.before) - self.mean
            out[part] = divide_by_power(centred, self.after)

        in_chunks(scale, X)
        return out

    @property
    def unit(self) -> float:
        """Factor from a distance of scaled rows to that of the data; may be infinite."""
        return ldexp_or_inf(1.0, self.before + self.after)
