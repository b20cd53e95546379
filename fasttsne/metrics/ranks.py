"""Exact neighbours, distances and ranks of some rows among all, in float64 and blockwise."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

_BLOCK = 1 << 24
"""Float64 entries of a block of distances: bounds the memory whatever n is."""


def nearest(data: Tensor, queries: Tensor, k: int) -> Tensor:
    """Indices of the k nearest other rows of each query row, nearest first, shape (q, k)."""
    return (_nearest_by_tree if data.shape[1] <= 3 else _nearest_by_blocks)(data, queries, k)


def ranks(data: Tensor, queries: Tensor, columns: Tensor) -> Tensor:
    """Ranks (q, k) of the rows named in ``columns`` among all, by distance from each query row.

    The nearest other row has rank 1. Rows at the same distance share the lowest of their ranks.
    """
    queries, columns = queries.to(data.device), columns.to(data.device)
    centred = data - data.mean(0)
    sq_norms = centred.square().sum(1)
    # Relative; more than the rounding of a distance, and of a product over both rows' squares.
    rounding = 4 * (data.shape[1] + 4) * torch.finfo(torch.float64).eps
    nearer = torch.empty_like(columns)
    for part, shifted in _distance_blocks(centred, sq_norms, queries):
        rows, named = queries[part], columns[part]
        limits = shifted.gather(1, named)
        # Of a row x at squared distance D from the query q, |x|² is at most 2 (D + |q|²).
        error = rounding * (limits + 3 * sq_norms[rows, None])
        bounds = torch.cat([limits - error, limits + error], 1)
        least, most = _count_below(shifted, bounds).chunk(2, 1)
        # Between the bounds lies the named row itself. More is a tie, or has lost its digits in the
        # product: then all is measured by differences.
        unclear = (most - least > 1).any(1)
        rows, named = rows[unclear], named[unclear]
        distances = torch.cdist(data[rows], data, compute_mode="donot_use_mm_for_euclid_dist")
        limits = distances.gather(1, named) * (1 - rounding)
        distances[torch.arange(len(rows), device=data.device), rows] = torch.inf
        least[unclear] = _count_below(distances, limits)
        nearer[part] = least
    return nearer + 1


def sq_distances(data: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Squared distances (q, k) from each row to those named in its row of ``columns``."""
    rows, columns = rows.to(data.device), columns.to(data.device)
    per_block = max(1, _BLOCK // (columns.shape[1] * data.shape[1]))
    return torch.cat(
        [
            (data[some, None] - data[others]).square().sum(2)
            for some, others in zip(rows.split(per_block), columns.split(per_block), strict=True)
        ]
    )


def _nearest_by_tree(data: Tensor, queries: Tensor, k: int) -> Tensor:
    from scipy.spatial import cKDTree

    points, rows = data.cpu().numpy(), queries.numpy()
    found = cKDTree(points).query(points[rows], k + 1, workers=torch.get_num_threads())[1]
    # The row itself need not come first, nor at all, among identical ones: one leaves, always.
    is_self = found == rows[:, None]
    is_self[~is_self.any(1), -1] = True
    return torch.from_numpy(found[~is_self].reshape(len(rows), k)).to(data.device)


def _nearest_by_blocks(data: Tensor, queries: Tensor, k: int) -> Tensor:
    centred = data - data.mean(0)
    blocks = _distance_blocks(centred, centred.square().sum(1), queries)
    return torch.cat([shifted.topk(k, largest=False).indices for _, shifted in blocks])


def _count_below(values: Tensor, limits: Tensor) -> Tensor:
    """How many values (b, n) of a row are below each of its limits (b, l)."""
    limits, order = limits.sort(1)
    rows, columns = limits.shape
    # Of the sorted limits, how many a value reaches: one pass, where comparisons would take l.
    reached = torch.searchsorted(limits, values, right=True)
    reached += (columns + 1) * torch.arange(rows, device=limits.device)[:, None]
    counts = reached.view(-1).bincount(minlength=rows * (columns + 1)).view(rows, columns + 1)
    return counts.cumsum(1)[:, :columns].gather(1, order.argsort(1))


def _distance_blocks(
    centred: Tensor, sq_norms: Tensor, queries: Tensor
) -> Iterator[tuple[slice, Tensor]]:
    """Yield parts of the queries and |x|² - 2 q·x of all rows x, infinite where x is q itself.

    The squared distances less |q|²: of centred data in float64, so that they keep their digits.
    """
    step = max(1, _BLOCK // len(centred))
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        rows = queries[part].to(centred.device)
        shifted = torch.addmm(sq_norms, centred[rows], centred.T, alpha=-2)
        shifted[torch.arange(len(rows), device=centred.device), rows] = torch.inf
        yield part, shifted
