"""What a map keeps of the data: its cost, neighbourhoods, labels and the global shape."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .. import _validation, ops
from .._labels import as_labels
from ..affinities import JointP
from ..descent.repulsion import SMALL_KL, choose_repulsion
from . import ranks as _ranks


def kl_divergence(P: JointP, Y: Any, dof: float = 1.0, method: str = "exact") -> float:
    r"""Kullback-Leibler divergence of a map's affinities from the data's: what t-SNE minimises.

    KL(P || Q) is the sum of P_ij ln(P_ij / Q_ij), where Q_ij is the Student kernel of the distance
    in the map over Z, its sum over all pairs (van der Maaten and Hinton 2008).

    It sees pairs that are near in the data, and few others: P of a pair far apart is 0. A class
    that is cut in two costs only the pairs along the cut, and wider halves can win more than that.
    It depends on the scale of the map (:func:`kl_at_best_scale` does not), and values of different
    data or perplexities do not compare.

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
    return _kl(P, *_check_kl(P, Y, dof, method))


def _kl(P: JointP, y: Tensor, dof: float, method: str) -> float:
    kl = P.negative_entropy() + _cross_entropy(P, y, dof, method)
    if method == "approximate" and kl < SMALL_KL:
        kl = P.negative_entropy() + _cross_entropy(P, y, dof, "finest")
    return kl


def _check_kl(P: JointP, Y: Any, dof: float, method: str) -> tuple[Tensor, float, str]:
    if not isinstance(P, JointP):
        raise TypeError(f"P must be a fasttsne.affinities.JointP, got {type(P).__name__}")
    y = _matrix("Y", Y).to(P.values.device)
    dof = _validation.number("dof", dof, above=0)
    method = _validation.choice("method", method, ("exact", "approximate"))
    if len(P.indptr) != len(y) + 1:
        raise ValueError(f"P and Y must have as many rows, got {len(P.indptr) - 1} and {len(y)}")
    total = float(P.values.detach().double().sum())
    if not abs(total - 1) < 1e-3:
        raise ValueError(f"P must sum to 1, got {total:g}")
    return y, dof, method


def _cross_entropy(P: JointP, y: Tensor, dof: float, method: str) -> float:
    """Minus the sum of P ln Q: the part of the divergence that depends on the map."""
    span = float((y.amax(0) - y.amin(0)).max())
    y = (y - y.mean(0)).float()
    # Beyond, squares overflow float32.
    Z = _kernel_sum(y, dof, method) if span < 1e18 else 0.0
    if not Z > 0:
        raise ValueError(f"Y must spread less: over {span:g} the kernel is 0 in float32")
    P = JointP(*(part.detach() for part in P))
    _, cost = ops.attractive_forces(*P, y, dof, True)
    return float(cost) + math.log(Z)


class BestScale(NamedTuple):
    """What :func:`kl_at_best_scale` found."""

    kl_divergence: float
    """Of the map times ``scale``."""
    scale: float


def kl_at_best_scale(P: JointP, Y: Any, dof: float = 1.0, method: str = "exact") -> BestScale:
    r"""Lowest :func:`kl_divergence` that a map has when it is stretched or shrunk as a whole.

    The minimum over s > 0 of KL(P || Q(s Y)). Two maps of one shape have the same, and so have
    methods whose maps have no natural size, such as PCA. A descent that has not ended is usually
    above its own: the map is still growing. The scale is found by doubling or halving until the
    divergence rises, then by Brent's method, to about 1 %, which the divergence does not show.

    As the divergence itself, it sees little of what is far apart, nor a class in two pieces.

    Parameters
    ----------
    P, Y, dof
        As of :func:`kl_divergence`.
    method : {'exact', 'approximate'}
        How Z is summed at the scale that was found; the search itself is approximate.

    Returns
    -------
    BestScale
        The divergence, and the scale by which to multiply ``Y``: 1 where all points coincide.

    Raises
    ------
    TypeError, ValueError
        As :func:`kl_divergence`.
    """
    from scipy.optimize import minimize_scalar

    y, dof, method = _check_kl(P, Y, dof, method)
    y = y - y.mean(0)
    largest = float(y.abs().max())
    if largest == 0:
        return BestScale(_kl(P, y, dof, method), 1.0)
    y /= largest
    # About the size of a t-SNE map, so that the search is short and the same for every scale of Y.
    usual = math.sqrt(len(y)) / 4 / float(y.square().sum(1).mean().sqrt())

    @cache
    def cost(doublings: float) -> float:
        return _cross_entropy(P, y * (usual * 2.0**doublings), dof, "approximate")

    best = 0.0
    for step in (1.0, -1.0):
        # Both ends level off: very narrow maps are all alike, and very wide ones.
        while cost(best + step) < cost(best) - 1e-4:
            best += step
    best = float(
        minimize_scalar(
            cost, bounds=(best - 1, best + 1), method="bounded", options={"xatol": 0.01}
        ).x
    )
    scale = usual * 2.0**best
    return BestScale(_kl(P, y * scale, dof, method), scale / largest)


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

    It sees strangers that the map folds onto each other. It misses what the map tears apart: both
    halves of a class are full of true neighbours. Good maps of large data all come close to 1, as
    ranks are counted over n.

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
    return rank_score(x, queries, _ranks.nearest(y, queries, k))


def rank_score(data: Tensor, rows: Tensor, near: Tensor) -> float:
    """Give the trustworthiness in the data of the k nearest elsewhere (q, k) of some rows (q,)."""
    n, k = len(data), near.shape[1]
    cost = (_ranks.ranks(data, rows, near) - k).clamp(min=0).sum(1).double().mean().item()
    return 1 - cost * 2 / (k * (2 * n - 3 * k - 1))


def continuity(X: Any, Y: Any, k: int = 10, n_sample: int = 1000, seed: int = 0) -> float:
    """How far neighbours in the data stay neighbours in a map.

    :func:`trustworthiness` with ``X`` and ``Y`` exchanged: a map that tears neighbourhoods apart
    loses continuity, one that folds strangers onto each other trustworthiness. It misses a tear
    that runs between few rows, as that of a class into two pieces does: see
    :func:`fasttsne.metrics.cohesion`. Parameters, result and errors are the same.
    """
    x, y = _same_rows(X, Y)  # checked under their own names, before they are exchanged
    return trustworthiness(y, x, k, n_sample, seed)


def neighbor_recall(X: Any, Y: Any, k: int = 10, n_sample: int = 5000, seed: int = 0) -> float:
    """Mean fraction of a row's k nearest neighbours in the data that the map keeps.

    A neighbour in ``Y`` counts as kept if it is no farther away in ``X`` than the k-th nearest
    neighbour there. Without ties this is the overlap of the two sets of k; with ties (identical
    rows) it does not depend on which of them a search happens to name. Kobak and Berens (2019) call
    it KNN, with k = 10.

    It sees the finest structure alone. How far neighbours that are lost have gone, and where
    everything else lies, makes no difference. In two dimensions there is no room for all of them,
    so that good maps, too, lose many.

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
    return share_kept(x, queries, _ranks.nearest(x, queries, k), _ranks.nearest(y, queries, k))


def share_kept(data: Tensor, rows: Tensor, near: Tensor, near_in_map: Tensor) -> float:
    """Give the recall of the k nearest (q, k) of some rows (q,), from those in data and map."""
    reach = _ranks.sq_distances(data, rows, near).amax(1, keepdim=True)
    return (_ranks.sq_distances(data, rows, near_in_map) <= reach).double().mean().item()


def class_neighbor_recall(X: Any, Y: Any, labels: Any, k: int | None = None) -> float:
    """How far classes keep their neighbouring classes: KNC of Kobak and Berens (2019).

    A class stands at the mean of its rows, in the data and in the map; this is
    :func:`neighbor_recall` of these centres, the mean over classes of the share of the k nearest
    that are the same. Rows with a negative label are unlabelled: they are left out.

    It sees how whole classes lie to each other. It misses all that is within a class, and a class
    in two pieces has its centre between them, where none of it may be. With few classes it takes
    few values.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data. Distances are Euclidean and exact.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    labels : array, tensor or sequence, shape (n,)
        Integers or strings, of 3 classes or more.
    k : int, optional
        Neighbours of a class, 1 to the number of classes - 1, with which all are kept. By default
        10, as in the paper, but no more than half of the other classes.

    Returns
    -------
    float
        1 if all neighbouring classes are kept; about k / (classes - 1) for a random map.

    Raises
    ------
    TypeError
        If ``X`` or ``Y`` does not hold real numbers, or ``labels`` neither integers nor strings.
    ValueError
        If a shape, ``k`` or the number of classes is out of range, or a value is not finite.
    """
    x, y = _same_rows(X, Y)
    kept, names = labelled_rows(y, labels)
    classes, codes, sizes = np.unique(names, return_inverse=True, return_counts=True)
    others = len(classes) - 1
    if others < 2:
        raise ValueError(f"labels must have at least 3 values, got {len(classes)}")
    k = min(10, others // 2) if k is None else _validation.integer("k", k, 1)
    if k > others:
        raise ValueError(f"k must be 1 to {others} (the other classes), got {k}")

    def centers(data: Tensor) -> Tensor:
        rows = (data - data.mean(0))[kept.to(data.device)]
        sums = rows.new_zeros(len(classes), data.shape[1])
        sums.index_add_(0, torch.from_numpy(codes).to(data.device), rows)
        return sums / torch.from_numpy(sizes).to(data.device)[:, None]

    return neighbor_recall(centers(x), centers(y), k, n_sample=len(classes))


def label_accuracy(Y: Any, labels: Any, k: int = 10, n_sample: int = 5000, seed: int = 0) -> float:
    """Leave-one-out accuracy of a vote among the k nearest neighbours in a map.

    A tie goes to the label of the nearest voter. Rows whose label is negative, '' or None are
    unlabelled: they are left out before the search.

    It sees whether classes are mixed. It misses in how many pieces a class is: within each, the
    neighbours have the right label.

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
    return share_elected(codes, queries, _ranks.nearest(y, queries, k))


def share_elected(codes: np.ndarray, rows: Tensor, near: Tensor) -> float:
    """Give the share of some rows (q,) whose k nearest (q, k) vote for their label."""
    voters = codes[near.cpu().numpy()]
    votes = (voters[:, :, None] == voters[:, None, :]).sum(2)  # for the label of each voter
    # The first of the greatest: voters come nearest first, which settles ties.
    winners = np.take_along_axis(voters, votes.argmax(1)[:, None], 1)[:, 0]
    return float((winners == codes[rows.numpy()]).mean())


def pairwise_distance_correlation(
    X: Any, Y: Any, n_sample: int = 100_000, seed: int = 0, method: str = "spearman"
) -> float:
    """Correlation of the distances of pairs of rows in the data with those in a map: global shape.

    Kobak and Berens (2019) call it CPD. Not the distance correlation of Szekely et al. (2007),
    which is a measure of dependence.

    It sees how groups lie to each other: most pairs are of different groups. It misses
    neighbourhoods, and classes in pieces.

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


def triplet_accuracy(X: Any, Y: Any, n_sample: int = 100_000, seed: int = 0) -> float:
    """Share of random triplets whose order of distances the map keeps (Wang et al. 2021).

    For rows i, j and k: whether j or k is nearer to i. Where the data do not tell, any answer is
    right; where the map alone does not, it counts half. It compares distances from one row only,
    where :func:`pairwise_distance_correlation` asks that distances here and there have one measure.

    It sees the global shape, as two random rows are seldom near a third. It misses neighbourhoods,
    and classes in pieces.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data, n of 3 or more. Distances are Euclidean and exact.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    n_sample : int
        Triplets that are looked at; all n (n - 1) (n - 2) if there are no more. The standard error
        is at most 1 / (2 sqrt(n_sample)), of the default 0.0016.
    seed : int
        Picks the triplets.

    Returns
    -------
    float
        1 if the order is kept; about 0.5 for a random map.

    Raises
    ------
    TypeError
        If ``X`` or ``Y`` does not hold real numbers.
    ValueError
        If a shape or ``n_sample`` is out of range, or a value is not finite.
    """
    x, y = _same_rows(X, Y)
    n = len(x)
    if n < 3:
        raise ValueError(f"X and Y must have at least 3 rows, got {n}")
    first, others = _triplets(n, _validation.integer("n_sample", n_sample, 1), seed)
    in_data, in_map = (
        (distances[:, 0] - distances[:, 1]).sign().cpu()
        for distances in (_ranks.sq_distances(data, first, others) for data in (x, y))
    )
    kept = (1 + in_data * in_map) / 2
    kept[in_data == 0] = 1
    return kept.mean().item()


def _triplets(n: int, n_sample: int, seed: int) -> tuple[Tensor, Tensor]:
    """Pick rows (t,) and two others of each (t, 2), all different; all there are, or by chance."""
    counts = (n, n - 1, n - 2)
    if math.prod(counts) <= n_sample:
        first, second, third = np.indices(counts).reshape(3, -1)
    else:
        rng = np.random.default_rng(seed)
        first, second, third = (rng.integers(count, size=n_sample) for count in counts)
    second = second + (second >= first)
    for taken in (np.minimum(first, second), np.maximum(first, second)):
        third = third + (third >= taken)
    return torch.from_numpy(first), torch.from_numpy(np.stack([second, third], 1))


def silhouette(Y: Any, labels: Any, n_sample: int = 5000, seed: int = 0) -> float:
    """Mean silhouette of the labels' groups in a map: how far they are compact and apart.

    A row's is (b - a) / max(a, b), a its mean distance to its own group and b that to the nearest
    other group, here within the sample, by scikit-learn (Rousseeuw 1987). Rows with a negative
    label are unlabelled: they are left out.

    It sees classes that are round, tight and apart, and rewards a map that shrinks them. A true
    class that is long or curved counts as a bad one, and sizes of groups and distances between them
    mean little in a t-SNE map.

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
    kept, names = labelled_rows(y, labels)
    return y[kept.to(y.device)], names


def labelled_rows(y: Tensor, labels: Any) -> tuple[Tensor, np.ndarray]:
    """Check labels; which rows have one (n,), and the labels of these."""
    names = as_labels(labels, len(y))
    if names.dtype.kind == "f":
        raise TypeError(f"labels must be integers or strings, got dtype {names.dtype}")
    kept = names != "" if names.dtype.kind == "U" else names >= 0
    return torch.from_numpy(kept), names[kept]


def _check_k(k: int, n: int) -> None:
    if not 1 <= k <= n - 1:
        raise ValueError(f"k must be 1 to {n - 1} (the other labelled rows), got {k}")


def _sample(n: int, n_sample: int, seed: int, least: int = 1) -> Tensor:
    """Check ``n_sample`` and pick so many of n, in ascending order."""
    if n_sample < least:
        raise ValueError(f"n_sample must be at least {least}, got {n_sample}")
    if n_sample >= n:
        return torch.arange(n, device="cpu")
    picked = np.random.default_rng(seed).choice(n, n_sample, replace=False)
    return torch.from_numpy(np.sort(picked))
