"""Principal axes of data: the directions of its largest variances.

Sums over rows are taken in parts that do not depend on the number of threads, nor do their results.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ._threads import CHUNK_BYTES, alone, share, sum_over_rows
from .shards import ALONE, Shards

_OVERSAMPLING, _POWER_ITERATIONS = 8, 5
"""With these the randomised components agree with the exact ones to plotting accuracy."""
_ROWS_PROJECTED = 128
"""Least rows that a thread projects at a time."""


def mean_of(X: Tensor, shards: Shards = ALONE) -> Tensor:
    """Return the mean of the rows of X (n, d), on several ranks of all: (d,) float64."""
    return shards.sum(sum_over_rows(lambda rows: rows.sum(0), X)) / sum(shards.sizes(len(X)))


def principal_axes(
    X: Tensor, mean: Tensor, number: int, seed: int, most_columns: int, shards: Shards = ALONE
) -> tuple[Tensor, Tensor]:
    """Return the axes of the largest variances, and these, both in falling order.

    In float64 neither autocast nor TF32 reduces the precision of products, and the eigenvalues of
    the covariance, which are squares of singular values, are exact enough for any picture.

    Parameters
    ----------
    X : Tensor, shape (n, d)
    mean : Tensor, shape (d,), float64
        Of the rows.
    number : int
        How many axes.
    seed : int
        Of the random numbers that are used for more than ``most_columns`` columns.
    most_columns : int
        Up to this many columns the whole covariance matrix is computed, which gives exact axes.
    shards : Shards
        Of the rows.

    Returns
    -------
    axes : Tensor, shape (d, number), float64
        The largest loading of each is positive. Fewer where X has fewer rows or columns.
    variances : Tensor, shape (number,), float64
    """
    n = sum(shards.sizes(len(X)))
    if X.shape[1] <= most_columns:
        covariance = shards.sum(
            sum_over_rows(lambda rows: (rows - mean).T @ (rows - mean), X, X.shape[1] ** 2)
        )
        variances, axes = alone(lambda: torch.linalg.eigh(covariance), X.device)
    else:
        variances, axes = _sketched_axes(X, n, mean, number, seed, shards)
    axes, variances = axes[:, -number:].flip(1), variances[-number:].flip(0) / n
    # The sign of an axis is arbitrary.
    return axes * axes.gather(0, axes.abs().argmax(0, keepdim=True)).sign(), variances


def project(X: Tensor, mean: Tensor, axes: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the coordinates of the rows of X (n, d) on axes (d, m): (n, m) of a dtype."""
    out = X.new_empty(X.shape[0], axes.shape[1], dtype=dtype)

    def write(part: slice) -> None:
        out[part] = (X[part].double() - mean) @ axes

    if X.device.type != "cpu":
        write(slice(None))
    else:
        # Few rows at a time would read all axes for little work.
        at_once = max(_ROWS_PROJECTED, CHUNK_BYTES // (8 * X.shape[1]))
        share(write, [slice(i, i + at_once) for i in range(0, X.shape[0], at_once)])
    return out


def _sketched_axes(
    X: Tensor, n: int, mean: Tensor, number: int, seed: int, shards: Shards
) -> tuple[Tensor, Tensor]:
    """Return approximate sums of squares along the axes of the largest, in rising order, and these.

    Randomised subspace iteration (Halko et al. 2011, algorithm 4.4): the covariance multiplies a
    random basis several times, and is never itself computed.
    """

    def covariance_times(basis: Tensor) -> Tensor:
        return shards.sum(
            sum_over_rows(lambda rows: (rows - mean).T @ ((rows - mean) @ basis), X, basis.numel())
        )

    def orthonormal(basis: Tensor) -> Tensor:
        return alone(lambda: torch.linalg.qr(basis).Q, X.device)

    columns = min(number + _OVERSAMPLING, n, X.shape[1])
    generator = torch.Generator("cpu").manual_seed(seed)
    basis = torch.randn(
        X.shape[1], columns, generator=generator, dtype=torch.float64, device="cpu"
    ).to(X.device)
    for _ in range(_POWER_ITERATIONS):
        basis = covariance_times(orthonormal(basis))
    basis = orthonormal(basis)
    image = covariance_times(basis)
    values, vectors = alone(lambda: torch.linalg.eigh(basis.T @ image), X.device)
    return values, alone(lambda: basis @ vectors, X.device)
