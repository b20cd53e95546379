"""Leading principal components, which stand for whole rows where neighbours are only to be found.

Most of the distance of near rows of most data lies in a few directions. Neighbours that are found
by those are then measured by whole rows.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .._principal_axes import mean_of, principal_axes, project
from .._threads import sum_over_rows

_SHARE_LEFT_OUT = 0.2
"""Largest share of the squared distance to the k-th neighbour that components may leave out."""
_SAMPLE, _NUMBERS_OF_SAMPLE = 8192, 1 << 23
"""Rows from which the components are computed, which need not be exact. Fewer of wide rows, with no
more numbers than this, but at least twice as many as components."""
_MOST_COLUMNS = 1024
"""Up to this many columns all components are known; with more, the first _MOST_COMPONENTS."""
_MOST_COMPONENTS = 128
_MULTIPLE = 8
"""Their number is a multiple of this: they are a row of a matrix in memory."""
_WORTHWHILE = 0.75
"""With more than this share of the columns, the rows themselves are as good."""


def keep_by_components(k: int) -> int:
    """Return how many rows that are nearest by components to measure, for k neighbours."""
    return k + max(8, k // 2)


def leading_components(X: Tensor, sq_distance: float, seed: int) -> Tensor:
    """Return the leading principal components of each row.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
    sq_distance : float
        Typical squared distance of a row to its k-th neighbour, of which the components that are
        left out make up a small share.
    seed : int
        Of the sample of rows from which the components are computed.

    Returns
    -------
    Tensor, shape (n, m), float32
        X itself where m would hardly be less than d.
    """
    n, d = X.shape
    generator = torch.Generator("cpu").manual_seed(seed)
    chosen = torch.randperm(n, generator=generator, device="cpu")[: rows_of_sample(d)].sort().values
    return project_on_leading(X, X[chosen.to(X.device)], sq_distance, seed)


def rows_of_sample(d: int) -> int:
    """Return how many rows of d columns tell the leading components."""
    return max(2 * _MOST_COMPONENTS, min(_SAMPLE, _NUMBERS_OF_SAMPLE // d))


def project_on_leading(X: Tensor, sample: Tensor, sq_distance: float, seed: int) -> Tensor:
    """Return what :func:`leading_components` does, given the rows that tell the components."""
    d = X.shape[1]
    mean = mean_of(sample)
    number = d if d <= _MOST_COLUMNS else _MOST_COMPONENTS
    axes, variances = principal_axes(sample, mean, number, seed, _MOST_COLUMNS)
    total = sum_over_rows(lambda rows: (rows - mean).square().sum(), sample) / len(sample)
    # The squared distance of two rows along an axis is twice the variance, on average.
    left_out = 2 * (total - variances.cumsum(0))
    enough = int((left_out > _SHARE_LEFT_OUT * sq_distance).sum()) + 1
    m = min(axes.shape[1], -(-enough // _MULTIPLE) * _MULTIPLE)
    return X if m > _WORTHWHILE * d else project(X, mean, axes[:, :m], torch.float32)
