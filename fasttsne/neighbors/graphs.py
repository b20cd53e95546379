"""Neighbours that a user brings: two arrays, a sparse graph, or a function that finds them."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _validation
from .exact import Neighbors

KINDS = "a pair (indices, distances), a scipy.sparse matrix of distances, or a function"


def is_graph(neighbors: Any) -> bool:
    """Whether ``neighbors`` is of one of :data:`KINDS`; it may still be wrong."""
    return isinstance(neighbors, (tuple, list)) or _is_sparse(neighbors) or callable(neighbors)


def given_neighbors(neighbors: Any, X: Any, n: int, k: int) -> Neighbors:
    """Check a user's neighbours and bring them into the order of the pipeline.

    Parameters
    ----------
    neighbors : pair of arrays, sparse matrix or callable
        ``(indices, distances)``, each (n, columns): any number of neighbours, in any order. Or a
        sparse (n, n) matrix of distances with explicit entries for neighbours, as scikit-learn's
        ``kneighbors_graph(mode='distance')`` gives; all rows keep as many as the shortest has, and
        entries for the same place are summed. Or
        ``neighbors(X, k)`` returning one of the two. A row's entry for itself is dropped.
    X : array or Tensor
        What the callable gets: the data as the user gave them.
    n : int
        Rows.
    k : int
        Neighbours wanted of a callable.

    Returns
    -------
    Neighbors
        Nearest first.

    Raises
    ------
    TypeError, ValueError
        Wrong kinds, shapes, indices or distances.
    """
    if callable(neighbors):
        neighbors = neighbors(X, k)
    if _is_sparse(neighbors):
        indices, distances = _from_csr(_validation.as_csr(neighbors, "neighbors"), n)
    elif isinstance(neighbors, (tuple, list)) and len(neighbors) == 2:
        indices, distances = (_as_tensor(part) for part in neighbors)
    else:
        raise TypeError(f"neighbors must be {KINDS}, got {type(neighbors).__name__}")
    return _checked(indices, distances, n)


def _is_sparse(neighbors: Any) -> bool:
    # Who has made such a matrix has imported what makes it.
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and sparse.issparse(neighbors)


def _as_tensor(part: Any) -> Tensor:
    if isinstance(part, Tensor):
        return part.detach()
    _validation.check_unmasked("neighbors", part)
    array = np.array(part)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"neighbors must hold real numbers, got dtype {array.dtype}")
    wide = np.float64 if array.dtype == np.longdouble else array.dtype.newbyteorder("=")
    return torch.from_numpy(array.astype(wide, copy=False))


def _from_csr(graph: Any, n: int) -> tuple[Tensor, Tensor]:
    """Return (n, k) columns and distances: the k nearest of each row, k those of the shortest."""
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


def _checked(indices: Tensor, distances: Tensor, n: int) -> Neighbors:
    if indices.is_floating_point() or indices.is_complex() or indices.dtype == torch.bool:
        raise TypeError(f"indices of neighbors must be integers, got {indices.dtype}")
    if distances.is_complex():
        raise TypeError(f"distances of neighbors must be real numbers, got {distances.dtype}")
    indices = indices.long()  # unsigned ones know no minimum
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
    keep = indices.shape[1]
    itself = indices == torch.arange(n, device=indices.device)[:, None]
    if bool(itself.any()):
        # A row that lists itself loses that entry, the others their farthest: all stay as long.
        if keep == 1:
            raise ValueError("indices of neighbors hold nothing but the rows themselves")
        distances = torch.where(itself, math.inf, distances)
        keep -= 1
    order = distances.argsort(dim=1, stable=True)[:, :keep]
    indices, distances = indices.gather(1, order), distances.gather(1, order)
    return Neighbors(indices.int().contiguous(), *scaled_squares(distances))


def scaled_squares(distances: Tensor) -> tuple[Tensor, float]:
    """Squares in float32 of distances over a power of two, and that power."""
    unit = 2.0 ** min(1023, int(np.frexp(float(distances.max()))[1]))
    return (distances / unit).square().float(), unit
