"""How well a map keeps classes apart, and each class next to its neighbouring classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import exact
from .inputs import (
    as_points,
    check_k,
    find_labelled,
    group_codes,
    labelled_points,
    rows_outside,
    same_rows,
    sample_indices,
)
from .neighborhoods import neighbor_recall


def has_classes(names: np.ndarray, k: int) -> bool:
    """Whether more than k rows are labelled, and with 2 classes or more."""
    return len(names) > k and len(np.unique(names)) > 1


def class_neighbor_recall(X: Any, Y: Any, labels: Any, k: int | None = None) -> float:
    """How far classes keep their neighbouring classes: KNC of Kobak and Berens (2019).

    This is :func:`neighbor_recall` of the class centres, the means of each class's rows in the data
    and in the map: for each class, the share of its k nearest classes in the data that are also
    among those in the map, averaged over classes. Rows with a negative label are unlabelled and
    left out.

    It sees how whole classes lie relative to each other. It misses everything within a class. The
    centre of a class in two pieces lies between them, where the class may have no points. With few
    classes it can take only few values.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data. Distances are Euclidean and exact.
    Y : array or tensor, shape (n, m)
        Map of the same rows.
    labels : array, tensor or sequence, shape (n,)
        Integers or strings, of 3 classes or more.
    k : int, optional
        Neighbours of a class, 1 to the number of classes - 1; with that many, all are kept. By
        default 10, as in the paper, but at most half of the other classes.

    Returns
    -------
    float
        1 if all neighbouring classes are kept; about k / (classes - 1) for a random map.

    Raises
    ------
    TypeError
        If ``X`` or ``Y`` does not hold real numbers, ``labels`` neither integers nor strings, or
        ``k`` is not an integer.
    ValueError
        If a shape, ``k`` or the number of classes is out of range, or a value is not finite.
    """
    x, y = same_rows(X, Y)
    kept, names = find_labelled(labels, len(y))
    classes, codes, sizes = np.unique(names, return_inverse=True, return_counts=True)
    others = len(classes) - 1
    if others < 2:
        raise ValueError(f"labels must have at least 3 values, got {len(classes)}")
    k = min(10, others // 2) if k is None else check_k(k, others, "the other classes")

    def centers(data: Tensor) -> Tensor:
        rows = (data - data.mean(0))[kept.to(data.device)]
        sums = rows.new_zeros(len(classes), data.shape[1])
        sums.index_add_(0, torch.from_numpy(codes).to(data.device), rows)
        return sums / torch.from_numpy(sizes).to(data.device)[:, None]

    return neighbor_recall(centers(x), centers(y), k, n_sample=len(classes))


def label_accuracy(
    Y: Any, labels: Any, k: int = 10, n_sample: int = 5000, seed: int = 0, group: Any = None
) -> float:
    """Leave-one-out accuracy of a vote among the k nearest neighbours in a map.

    In a tie, the label of the nearest voter wins. Rows whose label is negative, '' or None are
    unlabelled and left out before the search.

    It sees whether classes are mixed. It misses in how many pieces a class is, as the neighbours
    within each piece have the right label.

    Parameters
    ----------
    Y : array or tensor, shape (n, m)
        Map, or data.
    labels : array, tensor or sequence, shape (n,)
        Integers or strings.
    k : int
        Voters, 1 to the number of labelled rows - 1; with ``group``, to that of labelled rows
        outside of the largest group.
    n_sample : int
        Rows in the sample; all labelled rows are used if there are no more.
    seed : int
        Seed of the sample.
    group : array, tensor or sequence, shape (n,), optional
        Clip or person of each row. Only rows of other groups vote then: frames of one clip are
        nearly equal, and would be right about each other with almost any data.

    Returns
    -------
    float
        Fraction of the rows whose neighbours vote for their label.

    Raises
    ------
    TypeError
        If ``Y`` does not hold real numbers, ``labels`` neither integers nor strings, or ``k`` is
        not an integer.
    ValueError
        If a shape, ``k`` or ``n_sample`` is out of range, or a value is not finite.
    """
    y = as_points("Y", Y)
    kept, names = find_labelled(labels, len(y))
    groups = None if group is None else group_codes(group, len(y))[kept]
    y = y[kept.to(y.device)]
    queries = sample_indices(len(y), n_sample, seed)
    codes = np.unique(names, return_inverse=True)[1]
    if groups is None:
        k = check_k(k, len(y) - 1, "the other labelled rows")
        return score_votes(codes, queries, exact.nearest(y, queries, k))
    k = check_k(k, rows_outside(groups), "the labelled rows outside of the largest group")
    return score_votes(codes, queries, exact.nearest_of_other_groups(y, queries, k, groups))


def score_votes(codes: np.ndarray, rows: Tensor, near: Tensor) -> float:
    """Compute the share of some rows whose neighbours vote for their label.

    Parameters
    ----------
    codes : ndarray, shape (n,), int
        Label of every row.
    rows : Tensor, shape (q,), on the CPU
        The rows to score.
    near : Tensor, shape (q, k)
        Their k nearest neighbours, nearest first.
    """
    voters = codes[near.cpu().numpy()]
    votes = (voters[:, :, None] == voters[:, None, :]).sum(2)  # for the label of each voter
    # argmax returns the first maximum. As voters are sorted by distance, the nearest wins a tie.
    winners = np.take_along_axis(voters, votes.argmax(1)[:, None], 1)[:, 0]
    return float((winners == codes[rows.numpy()]).mean())


def silhouette(Y: Any, labels: Any, n_sample: int = 5000, seed: int = 0) -> float:
    """Mean silhouette of the classes in a map: how compact they are and how far apart.

    The silhouette of a row is (b - a) / max(a, b), where a is its mean distance to its own class
    and b that to the nearest other class, both within the sample (Rousseeuw 1987; computed by
    scikit-learn). Rows with a negative label are unlabelled and left out.

    It sees classes that are round, tight and apart, and rewards a map that shrinks them. A true
    class that is long or curved gets a low value. Class sizes and the distances between classes
    mean little in a t-SNE map.

    Parameters
    ----------
    Y : array or tensor, shape (n, m)
        Map, or data.
    labels : array, tensor or sequence, shape (n,)
        Integers or strings.
    n_sample : int
        Rows in the sample, compared among each other in time n_sample^2; all labelled rows are used
        if there are no more. The standard error is about 1 / sqrt(n_sample) or less, 0.014 by
        default.
    seed : int
        Seed of the sample.

    Returns
    -------
    float
        -1 to 1; about 0 or less for random labels.

    Raises
    ------
    TypeError
        If ``Y`` does not hold real numbers, or ``labels`` neither integers nor strings.
    ValueError
        If a shape or ``n_sample`` is out of range, a value is not finite, or the sample does not
        hold at least 2 classes and fewer classes than rows.
    """
    return float(_silhouettes(Y, labels, n_sample, seed)[1].mean())


def silhouette_by_label(
    Y: Any, labels: Any, n_sample: int = 5000, seed: int = 0
) -> dict[int | str, float]:
    """Mean :func:`silhouette` of the rows of each label, by label in ascending order.

    Errors are those of :func:`silhouette`.

    Parameters
    ----------
    Y, labels, n_sample, seed
        As in :func:`silhouette`.

    Returns
    -------
    dict of (int or str) to float
        -1 to 1. A label of which the sample has no row has no entry. A row that is the only one of
        its label in the sample counts 0.
    """
    names, values = _silhouettes(Y, labels, n_sample, seed)
    return {name.item(): float(values[names == name].mean()) for name in np.unique(names)}


def _silhouettes(Y: Any, labels: Any, n_sample: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels and the silhouettes of the sampled rows."""
    from sklearn.metrics import silhouette_samples

    y, names = labelled_points(Y, labels)
    queries = sample_indices(len(y), n_sample, seed)
    y, names = y[queries.to(y.device)], names[queries.numpy()]
    if not has_silhouette(names):
        raise ValueError(
            "labels must have at least 2 values and fewer values than rows in the sample, got "
            f"{len(np.unique(names))} in {len(names)} rows"
        )
    return names, silhouette_samples((y - y.mean(0)).cpu().numpy(), names)


def has_silhouette(names: np.ndarray) -> bool:
    """Whether the silhouette of a sample with these labels is defined."""
    return 2 <= len(np.unique(names)) < len(names)
