"""Classification of rows by their nearest neighbours among the rows of other persons or clips."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import check_features, check_ids


def leave_group_out(X: ArrayLike, labels: ArrayLike, group: ArrayLike, k: int = 10) -> NDArray[Any]:
    """Predict each row's label by a vote of its k nearest rows in other groups.

    This is leave-one-group-out cross-validation of a k-nearest-neighbour classifier. Consecutive
    frames of a clip are nearly equal, so that a vote among all rows would be right with almost any
    features. Leaving out the row's own clip, or better all clips of its person, measures what
    carries over to other persons. The accuracy is
    ``np.mean(leave_group_out(X, labels, group) == labels)``.

    Parameters
    ----------
    X : array-like, shape (n, f)
        Features, or an embedding. Distances are Euclidean.
    labels : array-like, shape (n,)
        Integers or strings.
    group : array-like, shape (n,)
        Clip or person of each row; numbers or strings. There must be two groups or more.
    k : int, default=10
        Number of neighbours that vote, at most the number of rows outside the largest group.

    Returns
    -------
    ndarray, shape (n,)
        The most frequent label of the neighbours; in a tie, the lowest.

    Raises
    ------
    ValueError
        If a shape or ``k`` is wrong, a value of ``X`` is not finite, or there is only one group.
    """
    from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier

    X = check_features(X)
    labels = check_ids(labels, "labels", len(X))
    group = check_ids(group, "group", len(X))
    _, sizes = np.unique(group, return_counts=True)
    if len(sizes) < 2:
        raise ValueError("group must contain two groups or more, got one: no other rows can vote")
    most = len(X) - int(sizes.max())
    if not 1 <= k <= most:
        raise ValueError(f"k must be 1 to {most} (the rows outside the largest group), got {k}")
    classifier = KNeighborsClassifier(k, algorithm="brute")
    return cross_val_predict(classifier, X, labels, groups=group, cv=LeaveOneGroupOut())
