"""How good a map is: what it keeps of neighbourhoods, of labels and of the global shape.

All but the KL divergence look at a seeded sample, so that a million points take seconds. A row is
never its own neighbour, even where others are identical to it. Arrays and tensors give the same;
tensors are worked on where they are, but for what SciPy and scikit-learn do.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import _ranks, _validation, ops
from .affinities import JointP
from .gradient import SMALL_KL, choose_repulsion
from .labels import as_labels


def kl_divergence(P: JointP, Y: Any, dof: float = 1.0, method: str = "exact") -> float:
    r"""Kullback-Leibler divergence of a map's affinities from the data's: what t-SNE minimises.

    KL(P || Q) is the sum of P_ij ln(P_ij / Q_ij), where Q_ij is the Student kernel of the distance
    in the map over Z, its sum over all pairs (van der Maaten and Hinton 2008).

    Parameters
    ----------
    P : JointP
        Sums to 1. Its device computes.
    Y : array or tensor, shape (n, m)
        Map. Centred, then rounded to float32.
    dof : float
        Degrees of freedom of the kernel.
    method : {'exact', 'approximate'}
        How to sum Z, in float64: over all pairs, O(n^2) time but not memory; or by Barnes and Hut
        or a particle mesh, whichever is cheaper, as precisely as a fit reports it. Up to 1,500
        points, in 4 or more dimensions, and where Z is less than a thousandth of n, both are exact.

    Returns
    -------
    float
        0 if P = Q.

    Raises
    ------
    TypeError
        If ``P`` is not a JointP or ``Y`` does not hold real numbers.
    ValueError
        If P does not have as many rows as Y or does not sum to 1, ``Y`` is not finite or spreads
        beyond float32, ``dof`` is not positive or ``method`` is unknown.
    """
    if not isinstance(P, JointP):
        raise TypeError(f"P must be a fasttsne.affinities.JointP, got {type(P).__name__}")
    y = _matrix("Y", Y).to(P.values.device)
    dof = _validation.number("dof", dof, above=0)
    method = _validation.choice("method", method, ("exact", "approximate"))
    if len(P.indptr) != len(y) + 1:
        raise ValueError(f"P and Y must have as many rows, got {len(P.indptr) - 1} and {len(y)}")
    total = float(P.values.double().sum())
    if not abs(total - 1) < 1e-3:
        raise ValueError(f"P must sum to 1, got {total:g}")
    span = float((y.amax(0) - y.amin(0)).max())
    y = (y - y.mean(0)).float()
    # Beyond, squares overflow float32.
    Z = _kernel_sum(y, dof, method) if span < 1e18 else 0.0
    if not Z > 0:
        raise ValueError(f"Y must spread less: over {span:g} the kernel is 0 in float32")
    _, cost = ops.attractive_forces(*P, y, dof, True)
    fixed = P.negative_entropy() + float(cost)
    if method == "approximate" and fixed + math.log(Z) < SMALL_KL:
        Z = _kernel_sum(y, dof, "finest")
    return fixed + math.log(Z)


def _kernel_sum(Y: Tensor, dof: float, method: str) -> float:
    """Z: the kernel summed over all pairs of different points."""
    if method != "exact":
        repulsion = choose_repulsion("auto", len(Y), Y.shape[1], dof, theta=0.5).precise()
        if method == "finest":
            repulsion = repulsion.finest(len(Y))
        Z = float(repulsion(Y, Y.amin(0).tolist(), Y.amax(0).tolist())[1])
        # Mesh and tree take a point's own 1 off its sum in float32, which leaves no digits of less.
        if Z > 1e-3 * len(Y):
            return Z
    return float(ops.repulsive_exact(Y, dof)[1])


def trustworthiness(X: Any, Y: Any, k: int = 10, n_sample: int = 1000, seed: int = 0) -> float:
    r"""How far the neighbours in a map can be trusted to be neighbours in the data.

    A row's k nearest in the map cost their ranks r in the data beyond k, over the worst possible:
    1 - 2 / (k (2n - 3k - 1)) sum of max(0, r - k), the mean over rows (Venna and Kaski 2001). As
    ``sklearn.manifold.trustworthiness`` but for ties, where rows equally far share the best rank.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data. Distances are Euclidean and exact.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    k : int
        Neighbours of a row, 1 or more and less than n / 2.
    n_sample : int
        Rows that are looked at, each among all, in time n_sample x n x d; all of them if there are
        no more. As a row's part lies in 0 to 1, the standard error is at most
        1 / (2 sqrt(n_sample)), of the default 0.016; for good maps much less.
    seed : int
        Picks the rows.

    Returns
    -------
    float
        1 if all neighbours in the map are among the k nearest in the data; about 0.5 for a random
        map.

    Raises
    ------
    TypeError
        If ``X`` or ``Y`` does not hold real numbers.
    ValueError
        If a shape, ``k`` or ``n_sample`` is out of range, or a value is not finite.
    """
    x, y = _same_rows(X, Y)
    n = len(x)
    if not 1 <= k < n / 2:
        raise ValueError(f"k must be 1 or more and less than half of the {n} rows, got {k}")
    queries = _sample(n, n_sample, seed)
    ranks = _ranks.ranks(x, queries, _ranks.nearest(y, queries, k))
    cost = (ranks - k).clamp(min=0).sum(1).double().mean().item()
    return 1 - cost * 2 / (k * (2 * n - 3 * k - 1))


def continuity(X: Any, Y: Any, k: int = 10, n_sample: int = 1000, seed: int = 0) -> float:
    """How far neighbours in the data stay neighbours in a map.

    :func:`trustworthiness` with ``X`` and ``Y`` exchanged: a map that tears neighbourhoods apart
    loses continuity, one that folds strangers onto each other trustworthiness. Parameters, result
    and errors are the same.
    """
    x, y = _same_rows(X, Y)  # checked under their own names, before they are exchanged
    return trustworthiness(y, x, k, n_sample, seed)


def neighbor_recall(X: Any, Y: Any, k: int = 10, n_sample: int = 5000, seed: int = 0) -> float:
    """Mean fraction of a row's k nearest neighbours in the data that the map keeps.

    A neighbour in ``Y`` counts as kept if it is no farther away in ``X`` than the k-th nearest
    neighbour there. Without ties this is the overlap of the two sets of k; with ties (identical
    rows) it does not depend on which of them a search happens to name.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data. Distances are Euclidean and exact.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    k : int
        Neighbours of a row, 1 to n - 1.
    n_sample : int
        Rows that are looked at; all of them if there are no more.
    seed : int
        Picks the rows.

    Returns
    -------
    float
        1 if all neighbours are kept; about k / (n - 1) for a random map.

    Raises
    ------
    TypeError
        If ``X`` or ``Y`` does not hold real numbers.
    ValueError
        If a shape, ``k`` or ``n_sample`` is out of range, or a value is not finite.
    """
    x, y = _same_rows(X, Y)
    _check_k(k, len(x))
    queries = _sample(len(x), n_sample, seed)
    found = _ranks.nearest(x, queries, k)
    reach = _ranks.sq_distances(x, queries, found).amax(1, keepdim=True)
    kept = _ranks.sq_distances(x, queries, _ranks.nearest(y, queries, k)) <= reach
    return kept.double().mean().item()


def label_accuracy(Y: Any, labels: Any, k: int = 10, n_sample: int = 5000, seed: int = 0) -> float:
    """Leave-one-out accuracy of a vote among the k nearest neighbours in a map.

    A tie goes to the label of the nearest voter. Rows whose label is negative, '' or None are
    unlabelled: they are left out before the search.

    Parameters
    ----------
    Y : array or tensor, shape (n, m)
        Map, or data.
    labels : array, tensor or sequence, shape (n,)
        Integers or strings.
    k : int
        Voters, 1 to the number of labelled rows - 1.
    n_sample : int
        Rows that are looked at; all of them if there are no more.
    seed : int
        Picks the rows.

    Returns
    -------
    float
        Fraction of the rows whose neighbours vote for their label.

    Raises
    ------
    TypeError
        If ``Y`` does not hold real numbers, or ``labels`` neither integers nor strings.
    ValueError
        If a shape, ``k`` or ``n_sample`` is out of range, or a value is not finite.
    """
    y, names = _labelled(Y, labels)
    _check_k(k, len(y))
    queries = _sample(len(y), n_sample, seed)
    codes = np.unique(names, return_inverse=True)[1]
    voters = codes[_ranks.nearest(y, queries, k).cpu().numpy()]
    votes = (voters[:, :, None] == voters[:, None, :]).sum(2)  # for the label of each voter
    # The first of the greatest: voters come nearest first, which settles ties.
    winners = np.take_along_axis(voters, votes.argmax(1)[:, None], 1)[:, 0]
    return float((winners == codes[queries.numpy()]).mean())


def pairwise_distance_correlation(
    X: Any, Y: Any, n_sample: int = 100_000, seed: int = 0, method: str = "spearman"
) -> float:
    """Correlation of the distances of pairs of rows in the data with those in a map: global shape.

    Not the distance correlation of Szekely et al. (2007), which is a measure of dependence.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data, n of 3 or more. Distances are Euclidean and exact.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    n_sample : int
        Ordered pairs of different rows that are looked at, 2 or more; all n (n - 1) if there are no
        more. Spearman's standard error is about 1 / sqrt(n_sample) or less, of the default 0.003.
    seed : int
        Picks the pairs.
    method : {'spearman', 'pearson'}
        Of the ranks of the distances, which asks only for their order; or of the distances.

    Returns
    -------
    float
        1 if the order is kept (spearman) or the map is the data to scale (pearson); about 0 for a
        random map; NaN, with SciPy's warning, if all distances are equal.

    Raises
    ------
    TypeError
        If ``X`` or ``Y`` does not hold real numbers.
    ValueError
        If a shape or ``n_sample`` is out of range, a value is not finite, or ``method`` is unknown.
    """
    from scipy import stats

    x, y = _same_rows(X, Y)
    n = len(x)
    if n < 3:
        raise ValueError(f"X and Y must have at least 3 rows, got {n}")
    method = _validation.choice("method", method, ("spearman", "pearson"))
    pairs = _sample(n * (n - 1), n_sample, seed, least=2)
    first, second = pairs // (n - 1), pairs % (n - 1)
    second += second >= first  # skips the row itself
    distances = [
        _ranks.sq_distances(data, first, second[:, None]).sqrt().flatten().cpu().numpy()
        for data in (x, y)
    ]
    correlate = stats.spearmanr if method == "spearman" else stats.pearsonr
    return float(correlate(*distances).statistic)


def silhouette(Y: Any, labels: Any, n_sample: int = 5000, seed: int = 0) -> float:
    """Mean silhouette of the labels' groups in a map: how far they are compact and apart.

    A row's is (b - a) / max(a, b), a its mean distance to its own group and b that to the nearest
    other group, here within the sample, by scikit-learn (Rousseeuw 1987). Rows with a negative
    label are unlabelled: they are left out.

    Parameters
    ----------
    Y : array or tensor, shape (n, m)
        Map, or data.
    labels : array, tensor or sequence, shape (n,)
        Integers or strings.
    n_sample : int
        Rows that are looked at, among each other, in time n_sample^2; all of them if there are no
        more. The standard error is about 1 / sqrt(n_sample) or less, of the default 0.014.
    seed : int
        Picks the rows.

    Returns
    -------
    float
        -1 to 1; about 0, or less, for random labels.

    Raises
    ------
    TypeError
        If ``Y`` does not hold real numbers, or ``labels`` neither integers nor strings.
    ValueError
        If a shape or ``n_sample`` is out of range, a value is not finite, or the sample does not
        hold 2 groups or more and fewer than rows.
    """
    return float(_silhouettes(Y, labels, n_sample, seed)[1].mean())


def silhouette_by_label(
    Y: Any, labels: Any, n_sample: int = 5000, seed: int = 0
) -> dict[int | str, float]:
    """Mean :func:`silhouette` of the rows of each label, by label in ascending order.

    Parameters and errors are the same. A label that the sample misses has no entry; a row that is
    the only one of its label there counts 0.
    """
    names, values = _silhouettes(Y, labels, n_sample, seed)
    return {name.item(): float(values[names == name].mean()) for name in np.unique(names)}


def _silhouettes(Y: Any, labels: Any, n_sample: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and silhouettes of the sampled rows."""
    from sklearn.metrics import silhouette_samples

    y, names = _labelled(Y, labels)
    queries = _sample(len(y), n_sample, seed)
    y, names = y[queries.to(y.device)], names[queries.numpy()]
    groups = len(np.unique(names))
    if not 2 <= groups < len(names):
        raise ValueError(
            "labels must have at least 2 values and fewer than rows in the sample, got "
            f"{groups} in {len(names)} rows"
        )
    return names, silhouette_samples((y - y.mean(0)).cpu().numpy(), names)


def _matrix(name: str, value: Any) -> Tensor:
    return _validation.as_matrix(value, name).double()


def _same_rows(X: Any, Y: Any) -> tuple[Tensor, Tensor]:
    x, y = _matrix("X", X), _matrix("Y", Y)
    if len(x) != len(y):
        raise ValueError(f"X and Y must have as many rows, got {len(x)} and {len(y)}")
    return x, y


def _labelled(Y: Any, labels: Any) -> tuple[Tensor, np.ndarray]:
    """Check map and labels and give those of the labelled rows."""
    y = _matrix("Y", Y)
    names = as_labels(labels, len(y))
    if names.dtype.kind == "f":
        raise TypeError(f"labels must be integers or strings, got dtype {names.dtype}")
    known = names != "" if names.dtype.kind == "U" else names >= 0
    return y[torch.from_numpy(known).to(y.device)], names[known]


def _check_k(k: int, n: int) -> None:
    if not 1 <= k <= n - 1:
        raise ValueError(f"k must be 1 to {n - 1} (the other labelled rows), got {k}")


def _sample(n: int, n_sample: int, seed: int, least: int = 1) -> Tensor:
    """Check ``n_sample`` and pick so many of n, in ascending order."""
    if n_sample < least:
        raise ValueError(f"n_sample must be at least {least}, got {n_sample}")
    if n_sample >= n:
        return torch.arange(n)
    picked = np.random.default_rng(seed).choice(n, n_sample, replace=False)
    return torch.from_numpy(np.sort(picked))
