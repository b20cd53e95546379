"""Whether features tell classes apart in persons that they have not seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import check_ids, check_table


def leave_group_out(X: ArrayLike, labels: ArrayLike, group: ArrayLike, k: int = 10) -> NDArray[Any]:
    """Guess each row's label by a vote of its k nearest rows in other groups.

    Neighbouring frames of a clip are all but equal: a vote among all rows would find them, and
    praise any features. Leaving out the row's own clip, or better all clips of its person, asks
    what holds for others too. ``np.mean(leave_group_out(X, labels, group) == labels)`` is the
    accuracy.

    Parameters
    ----------
    X : array-like, shape (n, f)
        Features, or a map. Distances are Euclidean.
    labels : array-like, shape (n,)
        Integers or strings.
    group : array-like, shape (n,)
        Clip or person of each row; numbers or strings. Two or more.
    k : int, default=10
        Voters, at most the rows outside the largest group.

    Returns
    -------
    ndarray, shape (n,)
        The label that most of the voters have; of several such, the lowest.

    Raises
    ------
    ValueError
        If a shape or k is out of range, a value of X is not finite, or there is one group only.
    """
    from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier

    X = check_table(X)
    labels = check_ids(labels, "labels", len(X))
    group = check_ids(group, "group", len(X))
    _, sizes = np.unique(group, return_counts=True)
    if len(sizes) < 2:
        raise ValueError("group must name two groups or more, got one: nothing is left to vote")
    most = len(X) - int(sizes.max())
    if not 1 <= k <= most:
        raise ValueError(f"k must be 1 to {most} (the rows outside the largest group), got {k}")
    classifier = KNeighborsClassifier(k, algorithm="brute")
    return cross_val_predict(classifier, X, labels, groups=group, cv=LeaveOneGroupOut())
