"""Neighbours that the user brings: two arrays, a sparse graph, or a function that finds them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from .. import _validation
from .result import Neighbors, scale_and_square

KINDS = "a pair (indices, distances), a scipy.sparse matrix of distances, or a function"


def is_graph(neighbors: Any) -> bool:
    """Whether ``neighbors`` is of one of :data:`KINDS`; what it holds is not checked."""
    return isinstance(neighbors, (tuple, list)) or sparse.issparse(neighbors) or callable(neighbors)


def given_neighbors(neighbors: Any, X: Any, n: int, k: int) -> Neighbors:
    """Check neighbours that the user brings, and sort those of each row by distance.

    Parameters
    ----------
    neighbors : pair of arrays, sparse matrix or callable
        One of:

        - ``(indices, distances)``, each (n, columns): any number of neighbours, in any order.
        - A sparse (n, n) matrix of distances with explicit entries for neighbours, as
          scikit-learn's ``kneighbors_graph(mode='distance')`` gives. All rows keep as many as the
          row with the fewest has. Entries for the same place are summed.
        - ``neighbors(X, k)``, which returns one of these two.

        A row's entry for itself is dropped.
    X : array or Tensor
        What the callable gets: the data as the user gave them.
    n : int
        Number of rows.
    k : int
        Number of neighbours that the callable is asked for.

    Returns
    -------
    Neighbors
        (n, columns), or one column less if a row has an entry for itself.

    Raises
    ------
    TypeError
        Another kind of object; indices that are no integers; distances that are no real numbers.
    ValueError
        Wrong shapes; indices out of range or twice in a row; distances below 0 or not finite; a row
        without neighbours.
    """
    if callable(neighbors):
        neighbors = neighbors(X, k)
    if sparse.issparse(neighbors):
        indices, distances = _from_csr(_validation.as_csr(neighbors, "neighbors"), n)
    elif isinstance(neighbors, (tuple, list)) and len(neighbors) == 2:
        indices, distances = (_as_tensor(part) for part in neighbors)
    else:
        raise TypeError(f"neighbors must be {KINDS}, got {type(neighbors).__name__}")
    return _sort_without_self(*_check(indices, distances, n))


def _as_tensor(part: Any) -> Tensor:
    if isinstance(part, Tensor):
        return part.detach()
    _validation.check_unmasked("neighbors", part)
    array = np.array(part)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"neighbors must hold real numbers, got dtype {array.dtype}")
    # torch knows neither long double nor foreign byte orders.
    wide = np.float64 if array.dtype == np.longdouble else array.dtype.newbyteorder("=")
    return torch.from_numpy(array.astype(wide, copy=False))


def _from_csr(graph: Any, n: int) -> tuple[Tensor, Tensor]:
    """Return indices and distances (n, k): the k nearest of each row, k those of the shortest."""
    if graph.shape != (n, n):
        raise ValueError(f"neighbors must have shape ({n}, {n}), got {graph.shape}")
    rows = np.repeat(np.arange(n), np.diff(graph.indptr))
    other = graph.indices != rows
    rows, columns, distances = rows[other], graph.indices[other], graph.data[other]
    lengths = np.bincount(rows, minlength=n)
    k = int(lengths.min())
    if k == 0:
        raise ValueError(
            f"neighbors must hold 1 neighbour or more in every row, got none in row "
            f"{int(lengths.argmin())}"
        )
    by_distance = np.lexsort((distances, rows))
    first = np.concatenate([[0], lengths.cumsum()[:-1]])
    chosen = by_distance[first[:, None] + np.arange(k)]
    return torch.from_numpy(columns[chosen]), torch.from_numpy(distances[chosen])


def _check(indices: Tensor, distances: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Return valid indices as int64 and distances as float64, each (n, columns); else raise."""
    if indices.is_floating_point() or indices.is_complex() or indices.dtype == torch.bool:
        raise TypeError(f"indices of neighbors must be integers, got {indices.dtype}")
    if distances.is_complex():
        raise TypeError(f"distances of neighbors must be real numbers, got {distances.dtype}")
    indices = indices.long()  # torch has no minimum of unsigned integers
    if indices.dim() != 2 or indices.shape[0] != n or indices.shape[1] == 0:
        raise ValueError(
            f"indices of neighbors must have shape ({n}, neighbours), got {tuple(indices.shape)}"
        )
    if distances.shape != indices.shape:
        raise ValueError(
            f"distances of neighbors must have the shape of the indices, {tuple(indices.shape)}, "
            f"got {tuple(distances.shape)}"
        )
    distances = distances.double()
    if not bool((distances >= 0).all()) or bool(distances.isinf().any()):
        raise ValueError("distances of neighbors must be finite and 0 or more")
    low, high = int(indices.min()), int(indices.max())
    if low < 0 or high >= n:
        raise ValueError(
            f"indices of neighbors must be in 0 .. n - 1 = {n - 1}, got {low} .. {high}"
        )
    rising = indices.sort(1).values
    repeated = (rising[:, 1:] == rising[:, :-1]).any(1)
    if bool(repeated.any()):
        raise ValueError(
            "indices of neighbors must differ within a row; "
            f"row {int(repeated.nonzero()[0])} holds one twice"
        )
    return indices, distances


def _sort_without_self(indices: Tensor, distances: Tensor) -> Neighbors:
    """Sort the neighbours of each row by distance, without its entry for itself."""
    keep = indices.shape[1]
    itself = indices == torch.arange(len(indices), device=indices.device)[:, None]
    if bool(itself.any()):
        # All rows must stay of one length. A row without an entry for itself loses its farthest
        # neighbour instead.
        if keep == 1:
            raise ValueError(
                "indices of neighbors must hold another row in every row; "
                f"row {int(itself.nonzero()[0, 0])} holds only itself"
            )
        distances = torch.where(itself, math.inf, distances)
        keep -= 1
    order = distances.argsort(dim=1, stable=True)[:, :keep]
    indices, distances = indices.gather(1, order), distances.gather(1, order)
    return Neighbors(indices.int().contiguous(), *scale_and_square(distances))
