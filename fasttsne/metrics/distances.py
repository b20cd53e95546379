"""How well a map keeps the distances between random rows, which is its global shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _validation
from . import exact
from .inputs import at_least_3_rows, sample_indices


def pairwise_distance_correlation(
    X: Any, Y: Any, n_sample: int = 100_000, seed: int = 0, method: str = "spearman"
) -> float:
    """Correlation between the distances of pairs of rows in the data and in a map.

    Kobak and Berens (2019) call it CPD. It is not the distance correlation of Szekely et al.
    (2007), which is a measure of dependence.

    It sees how groups lie relative to each other, since the rows of most pairs belong to different
    groups. It misses neighbourhoods, and classes in pieces.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data, n of 3 or more. Distances are Euclidean and exact.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    n_sample : int
        Ordered pairs of different rows in the sample, 2 or more; all n (n - 1) are used if there
        are no more. The standard error of Spearman's correlation is about 1 / sqrt(n_sample) or
        less, 0.003 by default.
    seed : int
        Seed of the sample.
    method : {'spearman', 'pearson'}
        'spearman' correlates the ranks of the distances, so that only their order matters;
        'pearson' correlates the distances.

    Returns
    -------
    float
        1 if the map keeps the order of the distances (spearman) or equals the data up to scale
        (pearson); about 0 for a random map; NaN, with a warning from SciPy, if all distances are
        equal.

    Raises
    ------
    TypeError
        If ``X`` or ``Y`` does not hold real numbers.
    ValueError
        If a shape or ``n_sample`` is out of range, a value is not finite, or ``method`` is unknown.
    """
    from scipy import stats

    x, y = at_least_3_rows(X, Y)
    n = len(x)
    method = _validation.choice("method", method, ("spearman", "pearson"))
    pairs = sample_indices(n * (n - 1), n_sample, seed, least=2)
    first, second = pairs // (n - 1), pairs % (n - 1)
    second += second >= first  # skips the row itself
    distances = [
        exact.sq_distances(data, first, second[:, None]).sqrt().flatten().cpu().numpy()
        for data in (x, y)
    ]
    correlate = stats.spearmanr if method == "spearman" else stats.pearsonr
    return float(correlate(*distances).statistic)


def triplet_accuracy(X: Any, Y: Any, n_sample: int = 100_000, seed: int = 0) -> float:
    """Share of random triplets whose order of distances the map keeps (Wang et al. 2021).

    For rows i, j and k, the question is whether j or k is nearer to i. If both are equally far in
    the data, any answer counts as right; if they are equally far in the map alone, the triplet
    counts half. Only distances from the same row are compared, whereas
    :func:`pairwise_distance_correlation` compares distances anywhere in the map.

    It sees the global shape, as two random rows are seldom near a third. It misses neighbourhoods,
    and classes in pieces.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data, n of 3 or more. Distances are Euclidean and exact.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    n_sample : int
        Triplets in the sample, drawn with replacement; all n (n - 1) (n - 2) are used if there are
        no more. The standard error is at most 1 / (2 sqrt(n_sample)), 0.0016 by default.
    seed : int
        Seed of the sample.

    Returns
    -------
    float
        1 if the map keeps the order of all triplets; about 0.5 for a random map.

    Raises
    ------
    TypeError
        If ``X`` or ``Y`` does not hold real numbers, or ``n_sample`` is not an integer.
    ValueError
        If a shape or ``n_sample`` is out of range, or a value is not finite.
    """
    x, y = at_least_3_rows(X, Y)
    first, others = _sample_triplets(len(x), _validation.integer("n_sample", n_sample, 1), seed)
    in_data, in_map = (
        (distances[:, 0] - distances[:, 1]).sign().cpu()
        for distances in (exact.sq_distances(data, first, others) for data in (x, y))
    )
    kept = (1 + in_data * in_map) / 2
    kept[in_data == 0] = 1
    return kept.mean().item()


def _sample_triplets(n: int, n_sample: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draw rows (t,) and, for each, two more (t, 2), all three different.

    Drawn with replacement, unless there are no more triplets than ``n_sample``: then all are
    returned.
    """
    counts = (n, n - 1, n - 2)
    if math.prod(counts) <= n_sample:
        first, second, third = np.indices(counts).reshape(3, -1)
    else:
        rng = np.random.default_rng(seed)
        first, second, third = (rng.integers(count, size=n_sample) for count in counts)
    # The second counts the rows other than the first, and the third those other than both. Going
    # past the taken rows, the lower one first, turns them into indices of all rows.
    second = second + (second >= first)
    for taken in (np.minimum(first, second), np.maximum(first, second)):
        third = third + (third >= taken)
    return torch.from_numpy(first), torch.from_numpy(np.stack([second, third], 1))
