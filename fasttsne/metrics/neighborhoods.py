"""How well a map keeps the nearest neighbours of single rows."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from . import exact
from .inputs import check_k, same_rows, sample_indices


def trustworthiness(X: Any, Y: Any, k: int = 10, n_sample: int = 1000, seed: int = 0) -> float:
    r"""How far the neighbours in a map can be trusted to be neighbours in the data.

    Each of a row's k nearest neighbours in the map is penalised by max(0, r - k), where r is its
    rank among the row's neighbours in the data. The result is 1 minus 2 / (k (2n - 3k - 1)) times
    the sum of a row's penalties, averaged over rows; the factor scales the worst case to 1 (Venna
    and Kaski 2001). It differs from ``sklearn.manifold.trustworthiness`` only in ties: rows at
    equal distances share the lowest of their ranks.

    It sees unrelated points that the map folds onto each other. It misses what the map tears apart,
    as both halves of a class are full of true neighbours. Since ranks are relative to n, good maps
    of large data all come close to 1.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data. Distances are Euclidean and exact.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    k : int
        Neighbours of a row, 1 or more and less than n / 2.
    n_sample : int
        Rows in the sample, each ranked among all rows, in time n_sample x n x d. All rows are used
        if there are no more. As a row's score lies in 0 to 1, the standard error is at most
        1 / (2 sqrt(n_sample)), 0.016 by default; for good maps it is much smaller.
    seed : int
        Seed of the sample.

    Returns
    -------
    float
        1 if all neighbours in the map are among the k nearest in the data; about 0.5 for a random
        map.

    Raises
    ------
    TypeError
        If ``X`` or ``Y`` does not hold real numbers, or ``k`` is not an integer.
    ValueError
        If a shape, ``k`` or ``n_sample`` is out of range, or a value is not finite.
    """
    x, y = same_rows(X, Y)
    n = len(x)
    k = check_k(k, (n - 1) // 2, f"less than half of the {n} rows")
    queries = sample_indices(n, n_sample, seed)
    return score_ranks(x, queries, exact.nearest(y, queries, k))


def score_ranks(data: Tensor, rows: Tensor, near: Tensor) -> float:
    """Compute the trustworthiness of some rows.

    Parameters
    ----------
    data : Tensor, shape (n, d)
        The rows among which neighbours are ranked.
    rows : Tensor, shape (q,)
        The rows to score.
    near : Tensor, shape (q, k)
        Their k nearest neighbours in the other space.
    """
    n, k = len(data), near.shape[1]
    cost = (exact.ranks(data, rows, near) - k).clamp(min=0).sum(1).double().mean().item()
    return 1 - cost * 2 / (k * (2 * n - 3 * k - 1))


def continuity(X: Any, Y: Any, k: int = 10, n_sample: int = 1000, seed: int = 0) -> float:
    """How far neighbours in the data stay neighbours in a map.

    This is :func:`trustworthiness` with ``X`` and ``Y`` exchanged. A map that tears neighbourhoods
    apart loses continuity; a map that folds unrelated points onto each other loses trustworthiness.
    It misses a tear along which there are few rows, such as that of a class into two pieces: see
    :func:`fasttsne.metrics.cohesion`. Errors are those of :func:`trustworthiness`.

    Parameters
    ----------
    X, Y, k, n_sample, seed
        As in :func:`trustworthiness`.

    Returns
    -------
    float
        0 to 1.
    """
    x, y = same_rows(X, Y)  # checked before the exchange, so that errors name the right one
    return trustworthiness(y, x, k, n_sample, seed)


def neighbor_recall(X: Any, Y: Any, k: int = 10, n_sample: int = 5000, seed: int = 0) -> float:
    """Mean fraction of a row's k nearest neighbours in the data that the map keeps.

    A neighbour in ``Y`` counts as kept if it is no farther away in ``X`` than the k-th nearest
    neighbour there. Without ties, this is the overlap of the two sets of k neighbours. With ties,
    such as identical rows, it does not depend on which of them a search returns. Kobak and Berens
    (2019) call it KNN, with k = 10.

    It sees only the finest structure. It does not matter how far away the lost neighbours are, or
    where everything else lies. Two dimensions have no room for all neighbours, so even good maps
    lose many.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data. Distances are Euclidean and exact.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    k : int
        Neighbours of a row, 1 to n - 1.
    n_sample : int
        Rows in the sample; all rows are used if there are no more.
    seed : int
        Seed of the sample.

    Returns
    -------
    float
        1 if all neighbours are kept; about k / (n - 1) for a random map.

    Raises
    ------
    TypeError
        If ``X`` or ``Y`` does not hold real numbers, or ``k`` is not an integer.
    ValueError
        If a shape, ``k`` or ``n_sample`` is out of range, or a value is not finite.
    """
    x, y = same_rows(X, Y)
    k = check_k(k, len(x) - 1, "the other rows")
    queries = sample_indices(len(x), n_sample, seed)
    return score_recall(x, queries, exact.nearest(x, queries, k), exact.nearest(y, queries, k))


def score_recall(data: Tensor, rows: Tensor, near: Tensor, near_in_map: Tensor) -> float:
    """Compute the recall of some rows.

    Parameters
    ----------
    data : Tensor, shape (n, d)
    rows : Tensor, shape (q,)
        The rows to score.
    near, near_in_map : Tensor, shape (q, k)
        Their k nearest neighbours in the data and in the map.
    """
    radii = exact.sq_distances(data, rows, near).amax(1, keepdim=True)
    return (exact.sq_distances(data, rows, near_in_map) <= radii).double().mean().item()
