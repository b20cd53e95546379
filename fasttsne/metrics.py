"""How much of the data's neighbourhoods a map keeps.

Both measures look at a seeded sample of rows, each against all rows, so that a million points
take seconds. A row is never its own neighbour, even where others are identical to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

_BLOCK = 1 << 24
"""Float64 entries of a block of distances: bounds the memory whatever n is."""


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
    x, y = _matrix("X", X), _matrix("Y", Y)
    if len(x) != len(y):
        raise ValueError(f"X and Y must have as many rows, got {len(x)} and {len(y)}")
    queries = _sample(len(x), k, n_sample, seed)
    reach = _sq_distances(x, queries, _nearest(x, queries, k)).amax(1, keepdim=True)
    kept = _sq_distances(x, queries, _nearest(y, queries, k)) <= reach
    return kept.double().mean().item()


def label_accuracy(Y: Any, labels: Any, k: int = 10, n_sample: int = 5000, seed: int = 0) -> float:
    """Leave-one-out accuracy of a vote among the k nearest neighbours in a map.

    A tie goes to the label of the nearest voter. Rows with a negative label are unlabelled: they
    are left out before the search.

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
    y = _matrix("Y", Y)
    names = np.asarray(labels.cpu() if isinstance(labels, Tensor) else labels)
    if names.dtype.kind not in "biuU":
        raise TypeError(f"labels must be integers or strings, got dtype {names.dtype}")
    if names.shape != (len(y),):
        raise ValueError(f"labels must have shape ({len(y)},), got {names.shape}")
    if names.dtype.kind == "i":
        y, names = y[torch.from_numpy(names >= 0).to(y.device)], names[names >= 0]
    queries = _sample(len(y), k, n_sample, seed)
    codes = np.unique(names, return_inverse=True)[1]
    voters = codes[_nearest(y, queries, k).cpu().numpy()]
    votes = (voters[:, :, None] == voters[:, None, :]).sum(2)  # for the label of each voter
    # The first of the greatest: voters come nearest first, which settles ties.
    winners = np.take_along_axis(voters, votes.argmax(1)[:, None], 1)[:, 0]
    return float((winners == codes[queries.numpy()]).mean())


def _matrix(name: str, value: Any) -> Tensor:
    """Give ``value`` as a finite float64 tensor of two dimensions, on the device it is on."""
    if not isinstance(value, Tensor):
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
        value = torch.from_numpy(array.astype(np.float64, order="C"))
    elif value.is_complex():
        raise TypeError(f"{name} must hold real numbers, got dtype {value.dtype}")
    matrix = value.detach().double()
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise ValueError(f"{name} must have shape (n, columns), got {tuple(matrix.shape)}")
    if not torch.isfinite(matrix).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return matrix


def _sample(n: int, k: int, n_sample: int, seed: int) -> Tensor:
    """Check ``k`` and ``n_sample`` and pick the query rows, in ascending order."""
    if not 1 <= k <= n - 1:
        raise ValueError(f"k must be 1 to {n - 1} (the other labelled rows), got {k}")
    if n_sample < 1:
        raise ValueError(f"n_sample must be at least 1, got {n_sample}")
    if n_sample >= n:
        return torch.arange(n)
    rows = np.random.default_rng(seed).choice(n, n_sample, replace=False)
    return torch.from_numpy(np.sort(rows))


def _nearest(data: Tensor, queries: Tensor, k: int) -> Tensor:
    """Indices of the k nearest rows of each query row, nearest first, shape (q, k)."""
    return (_nearest_by_tree if data.shape[1] <= 3 else _nearest_by_blocks)(data, queries, k)


def _nearest_by_tree(data: Tensor, queries: Tensor, k: int) -> Tensor:
    from scipy.spatial import cKDTree

    points, rows = data.cpu().numpy(), queries.numpy()
    found = cKDTree(points).query(points[rows], k + 1, workers=torch.get_num_threads())[1]
    # The row itself need not come first, nor at all, among identical ones: one leaves, always.
    is_self = found == rows[:, None]
    is_self[~is_self.any(1), -1] = True
    return torch.from_numpy(found[~is_self].reshape(len(rows), k)).to(data.device)


def _nearest_by_blocks(data: Tensor, queries: Tensor, k: int) -> Tensor:
    # |x|² − 2·q·x, the square less |q|²: centred and in float64, so that it keeps its digits.
    centred = data - data.mean(0)
    sq_norms = centred.square().sum(1)
    found = []
    for rows in queries.to(data.device).split(max(1, _BLOCK // len(data))):
        shifted = torch.addmm(sq_norms, centred[rows], centred.T, alpha=-2)
        shifted[torch.arange(len(rows), device=data.device), rows] = torch.inf
        found.append(shifted.topk(k, largest=False).indices)
    return torch.cat(found)


def _sq_distances(data: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Squared distances (q, k) from each row to those named in its row of ``columns``."""
    rows, columns = rows.to(data.device), columns.to(data.device)
    per_block = max(1, _BLOCK // (columns.shape[1] * data.shape[1]))
    return torch.cat(
        [
            (data[some, None] - data[others]).square().sum(2)
            for some, others in zip(rows.split(per_block), columns.split(per_block), strict=True)
        ]
    )
