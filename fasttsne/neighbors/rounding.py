"""An upper bound on the error of the squared distances that a tile computes.

Tiles compute |a - b|^2 = |a|^2 + |b|^2 - 2 a.b, whose inner products are a product of matrices.
That is fast, but it cancels: the error grows with the norms of the rows, not with their distance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from .. import _library

_ROWS_AT_ONCE = 1 << 16
"""Rows whose temporary copies are kept in memory at the same time."""
_FEW_ROWS = 256


def squared_norms(X: Tensor) -> Tensor:
    """Return the squared norm of each row: (n,) float32, summed in float64."""
    parts = [rows.square().sum(1, dtype=torch.float64) for rows in X.split(_ROWS_AT_ONCE)]
    return torch.cat(parts).float()


def sums_are_exact(X: Tensor, mean: Tensor | float = 0.0) -> bool:
    """Whether float32 computes all distances between rows of X - mean without rounding.

    This holds where all numbers are integer multiples of a power of two, ``step``, and no distance
    exceeds 2^12 step, as with zeros and ones. All sums of products are then integer multiples of
    step^2 and at most 2^24 of them, which float32 holds. The order of summation does not matter, so
    that equal distances are equal in every tile.

    Parameters
    ----------
    X : Tensor, shape (n, d)
    mean : Tensor of shape (d,) or float, default 0
    """

    def holds(X: Tensor) -> bool:
        def parts() -> Iterator[Tensor]:
            return (rows - mean for rows in X.split(_ROWS_AT_ONCE) if len(rows))

        # No distance exceeds twice the largest norm. A thousandth more covers the rounding of the
        # norm itself.
        largest = 2.002 * math.sqrt(
            max((float(squared_norms(rows).max()) for rows in parts()), default=0)
        )
        scale = math.ldexp(1.0, 12 - math.frexp(largest)[1])  # 1 / step
        return all(torch.equal(scaled, scaled.round()) for scaled in (scale * r for r in parts()))

    # Few rows have a bound on their distances that is no larger, and so a step that is no coarser.
    # If they fail, all rows fail, and these need not be read.
    return holds(X[:_FEW_ROWS]) and holds(X)


def bound_tile_error(X: Tensor, sq_norms: Tensor, kth: Tensor) -> Tensor:
    """Bound the error of a tile's squared distance of each row to any row within ``kth`` of it.

    Matrix units (AMX, BFMMLA, tensor cores) split a number into two bf16, x = high + low + rest. Of
    a.b they compute high.high + high.low + low.high and leave out low.low and all products of a
    rest. By Cauchy and Schwarz, what is left out is at most

        |low_a| |low_b| + |rest_a| |b| + |a| |rest_b|.

    The norms of the parts of row a are computed. Row b may be any row within ``kth``, so that the
    largest norm of any row stands for its own. As bf16 rounds by up to 2^-8 of a number, |low_b| is
    also at most 2^-8 |b|, and |rest_b| at most 2^-16 |b|.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
    sq_norms : Tensor, shape (n,), float32
        Squared norms of the rows of X.
    kth : Tensor, shape (l,), float32
        Squared distance of the first l rows of X to their k-th neighbours.

    Returns
    -------
    Tensor, shape (l,), float32
    """
    norm = sq_norms[: len(kth)].sqrt()
    other = norm + kth.sqrt()  # the largest norm of a row within the distance
    error = torch.zeros_like(kth)
    kernels = _library.kernels_on(X.device)
    is_split = kernels in ("amx", "bfmmla", "cuda")
    if not sums_are_exact(X):
        # a.b is a sum of d terms: d roundings, each by at most unit |a| |b|, and a few more of
        # |a|^2 + |b|^2 - 2 a.b, whose factor 2 doubles them. A matrix unit sums three products of
        # half as many steps each, 3 in place of 2. Tensor cores truncate, and ARM's unit rounds to
        # odd, where others round to nearest.
        unit = 2.0**-23 if kernels in ("bfmmla", "cuda") else 2.0**-24
        error += (3 if is_split else 2) * (X.shape[1] + 8) * unit * other.square()
    if is_split:
        low, rest = _split_norms(X)
        error += (
            2.02
            * (  # 2 of 2 a.b, and a hundredth more because low itself is rounded to bf16
                low[: len(kth)] * (2.0**-8 * other).clamp(max=low.max())
                + rest[: len(kth)] * other
                + norm * (2.0**-16 * other).clamp(max=rest.max())
            )
        )
    return error


def _split_norms(X: Tensor) -> tuple[Tensor, Tensor]:
    """Return the norms of x - high and of x - high - low of each row x: (n,) each."""
    low, rest = [], []
    for rows in X.split(_ROWS_AT_ONCE):
        left = rows - rows.bfloat16().float()
        low.append(left.norm(dim=1))
        rest.append((left - left.bfloat16().float()).norm(dim=1))
    return torch.cat(low), torch.cat(rest)
