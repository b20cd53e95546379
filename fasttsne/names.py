"""Look-up of points by their names, such as words, titles or file names."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from ._validation import as_array

__all__ = ["index_of", "neighbors_of"]

# The name of a row, and its distance.
Neighbor = tuple[str, float]


def index_of(name: str, names: Sequence[str]) -> int:
    """Return the row that has a name.

    Parameters
    ----------
    name : str
        Name to look up.
    names : sequence of str, length n
        Names of all rows.

    Returns
    -------
    int
        The first row with that name.

    Raises
    ------
    ValueError
        If no row has that name; the message suggests similar names.
    """
    names = [str(other) for other in names]
    if name in names:
        return names.index(name)
    similar = get_close_matches(str(name), dict.fromkeys(names), n=5)
    suggested = ", ".join(map(repr, similar))
    hint = f": did you mean {suggested}?" if similar else ", and none is similar"
    raise ValueError(f"there is no name {name!r} among {len(names):,}{hint}")


def neighbors_of(
    name: str, names: Sequence[str], X: Any, k: int = 10, metric: str = "euclidean"
) -> list[Neighbor]:
    """List the nearest neighbours of a named row, in the data or in a map.

    Parameters
    ----------
    name : str
        Name of the row; of several with that name, the first.
    names : sequence of str, length n
        Names of all rows.
    X : array, tensor or sparse matrix, shape (n, d)
        Data or map.
    k : int
        Neighbours, 1 to n - 1.
    metric : str
        Any metric of ``sklearn.metrics.pairwise_distances``, such as 'euclidean' or 'cosine'.

    Returns
    -------
    list of (str, float)
        Names and distances of the k nearest other rows, nearest first.

    Raises
    ------
    ValueError
        If the name is unknown, ``names`` and ``X`` differ in length, or ``k`` is out of range.

    Examples
    --------
    >>> neighbors_of("one", ["one", "two", "ten"], [[1.0], [2.0], [10.0]], k=2)
    [('two', 1.0), ('ten', 9.0)]
    """
    from scipy import sparse
    from sklearn.metrics import pairwise_distances

    X = X if sparse.issparse(X) else as_array(X)
    if len(X.shape) != 2:
        raise ValueError(f"X must have 2 dimensions (samples, features), got shape {X.shape}")
    n = X.shape[0]
    if len(names) != n:
        raise ValueError(f"names must hold {n} names, as X has {n} rows; got {len(names)}")
    if not 1 <= k <= n - 1:
        raise ValueError(f"k must be 1 to {n - 1} (the other rows), got {k}")
    row = index_of(name, names)
    distances = pairwise_distances(X[row : row + 1], X, metric=metric)[0]
    order = np.argsort(distances, kind="stable")
    return [(str(names[i]), float(distances[i])) for i in order[order != row][:k].tolist()]
