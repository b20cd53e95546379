"""Exact nearest neighbours by squared Euclidean distance, for moderate n.

All tiles of the distance matrix (:mod:`fasttsne.neighbors.tiles`) feed the candidate lists of their
rows (:mod:`fasttsne.neighbors.candidates`). Rows whose lists may lack a neighbour are compared with
all others once more (:mod:`fasttsne.neighbors.brute_force`).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .. import _library
from .brute_force import brute_force_neighbors, brute_force_neighbors_in
from .candidates import Candidates, choose_keep
from .result import Neighbors
from .tiles import choose_block_rows, tile_rounds

_ROWS_SEARCHED_AT_ONCE = 1 << 17
"""Rows of X among which the neighbours of queries are searched at the same time."""


def exact_neighbors(
    X: Tensor, k: int, progress: Callable[[int, int], None] | None = None
) -> Neighbors:
    """Find the k nearest other rows of each row by squared Euclidean distance.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
        Finite. Columns should be centred: tiles are inner products, whose error grows with the
        norms.
    k : int
        In 1 .. n - 1.
    progress : callable, optional
        Called with (rounds done, rounds in all) after each round, when Ctrl-C is also served.

    Returns
    -------
    Neighbors
        Of equally near rows any may be among them.

    Raises
    ------
    ValueError
        k out of range.
    """
    n = X.shape[0]
    if not 1 <= k < n:
        raise ValueError(f"k must be in 1 .. n - 1 = {n - 1}, got {k}")
    X = X.contiguous()
    candidates = Candidates.empty(X, choose_keep(n, k))
    starts = range(0, n, choose_block_rows(n, X.shape[1]))
    blocks = torch.tensor([*starts, n], dtype=torch.int64, device="cpu")
    rounds = list(tile_rounds(len(blocks) - 1))
    for done, tiles in enumerate(rounds, 1):
        candidates.scan(X, blocks, tiles)
        if progress:
            progress(done, len(rounds))
    neighbors, doubtful = candidates.nearest(X, k)
    if len(doubtful):
        # Rows of tight groups far from the centre, where inner products cancel.
        measured = brute_force_neighbors(X, doubtful, k)
        neighbors.indices[doubtful] = measured.indices
        neighbors.sq_distances[doubtful] = measured.sq_distances
    return neighbors


def neighbors_in(X: Tensor, queries: Tensor, k: int) -> Neighbors:
    """Find the k nearest rows of X of each query by squared Euclidean distance.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
        Finite, centred.
    queries : Tensor, shape (l, d), float32
        Finite, centred by the same mean.
    k : int
        In 1 .. n.

    Returns
    -------
    Neighbors
        Of the queries, (l, k). Of equally near rows those of the lowest indices, in their order.
    """
    nearest = Neighbors(
        torch.empty(len(queries), 0, dtype=torch.int32, device=X.device),
        torch.empty(len(queries), 0, dtype=torch.float32, device=X.device),
    )
    # Tiles also fill candidate lists of the rows of X, which are not used. Parts of X limit the
    # memory that these take.
    for start in range(0, X.shape[0], _ROWS_SEARCHED_AT_ONCE):
        part = X[start : start + _ROWS_SEARCHED_AT_ONCE]
        found = _neighbors_in_part(part, queries, min(k, len(part)))
        indices = torch.cat([nearest.indices, found.indices + start], 1)
        sq_distances = torch.cat([nearest.sq_distances, found.sq_distances], 1)
        sq_distances, order = sq_distances.sort(dim=1, stable=True)
        nearest = Neighbors(indices.gather(1, order)[:, :k], sq_distances[:, :k])
    return Neighbors(nearest.indices.contiguous(), nearest.sq_distances.contiguous())


def _neighbors_in_part(X: Tensor, queries: Tensor, k: int) -> Neighbors:
    l, n = len(queries), len(X)
    both = torch.cat([queries, X])
    candidates = Candidates.empty(both, choose_keep(n + 1, k))
    size = choose_block_rows(n, X.shape[1])
    query_starts, X_starts = range(0, l, size), range(l, l + n, size)
    blocks = torch.tensor([*query_starts, *X_starts, l + n], dtype=torch.int64, device="cpu")
    # In round r, block i of the queries meets block r - i of X: each block of queries meets all
    # blocks of X in their order, and no block occurs twice in a round.
    a, b = len(query_starts), len(X_starts)
    for r in range(a + b - 1):
        scanned = range(max(0, r - b + 1), min(a, r + 1))
        candidates.scan(both, blocks, [(i, a + r - i) for i in scanned])
    # In that order the kernels of the CPU keep the first of equally near rows. The threads of a GPU
    # offer rows in any order.
    in_order = _library.kernels_on(X.device) not in ("cuda", "reference")
    nearest, doubtful = candidates.head(l).nearest(both, k, "in order" if in_order else "first")
    indices, sq_distances = nearest.indices - l, nearest.sq_distances
    if len(doubtful):
        measured = brute_force_neighbors_in(X, queries[doubtful], k)
        indices[doubtful], sq_distances[doubtful] = measured.indices, measured.sq_distances
    return Neighbors(indices, sq_distances)
