"""Exact neighbours, distances and ranks of some rows among all rows, in float64.

All distances are Euclidean. They are computed in blocks, so that the memory needed does not grow
with the square of the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..neighbors.brute_force import measure
from .inputs import all_indices

_BLOCK = 1 << 24
"""Upper bound on the number of distances (or coordinate differences) held at a time."""


def nearest(data: Tensor, queries: Tensor, k: int) -> Tensor:
    """Return the indices of the k nearest other rows of each query row, nearest first.

    Parameters
    ----------
    data : Tensor, shape (n, d), float64
        Rows to search. Up to 3 columns are searched by a k-d tree, more by brute force.
    queries : Tensor, shape (q,), int64, on the CPU
        Indices of the query rows in ``data``. A row is never its own neighbour.
    k : int
        1 to n - 1.

    Returns
    -------
    Tensor, shape (q, k), int64
        On the device of ``data``.
    """
    return (_nearest_by_tree if data.shape[1] <= 3 else _nearest_by_blocks)(data, queries, k)


def nearest_of_all(data: Tensor, k: int) -> Tensor:
    """Return the k nearest other rows of every row, shape (n, k), nearest first."""
    return nearest(data, all_indices(len(data)), k)


def nearest_of_other_groups(data: Tensor, queries: Tensor, k: int, groups: Tensor) -> Tensor:
    """Return the k nearest rows of other groups of each query row, nearest first.

    Parameters
    ----------
    data, queries
        As in :func:`nearest`; all columns are searched by brute force.
    k : int
        1 to the number of rows outside of the largest group.
    groups : Tensor, shape (n,), int64
        Group of every row.

    Returns
    -------
    Tensor, shape (q, k), int64
        On the device of ``data``.
    """
    centred, groups = data - data.mean(0), groups.to(data.device)
    found = []
    for part, shifted in _distance_blocks(centred, centred.square().sum(1), queries):
        own = groups[queries[part].to(data.device), None] == groups
        found.append(shifted.masked_fill_(own, torch.inf).topk(k, largest=False).indices)
    return torch.cat(found)


def ranks(data: Tensor, queries: Tensor, columns: Tensor) -> Tensor:
    """Return the ranks of given rows among all other rows, by distance from each query row.

    The nearest other row has rank 1. Rows at equal distances share the lowest of their ranks.

    Parameters
    ----------
    data : Tensor, shape (n, d), float64
        All rows.
    queries : Tensor, shape (q,), int64
        Indices of the query rows.
    columns : Tensor, shape (q, k), int64
        Indices of the rows to rank, for each query.

    Returns
    -------
    Tensor, shape (q, k), int64
        On the device of ``data``.
    """
    queries, columns = queries.to(data.device), columns.to(data.device)
    centred = data - data.mean(0)
    sq_norms = centred.square().sum(1)
    # Upper bound on the relative rounding error of a squared distance. It holds for sums of squared
    # differences and, relative to |x|² + |q|², for those computed from the product q·x.
    rounding = 4 * (data.shape[1] + 4) * torch.finfo(torch.float64).eps
    nearer = torch.empty_like(columns)
    for part, shifted in _distance_blocks(centred, sq_norms, queries):
        rows, named = queries[part], columns[part]
        limits = shifted.gather(1, named)
        # A row x at squared distance D from the query q has |x|² <= 2 (D + |q|²), and ``limits``
        # is D - |q|²: so |x|² + |q|² is at most twice the sum in brackets.
        error = rounding * (limits + 3 * sq_norms[rows, None])
        bounds = torch.cat([limits - error, limits + error], 1)
        least, most = _count_below(shifted, bounds).chunk(2, 1)
        # The ranked row itself lies between the bounds. If others do too, they are ties, or the
        # product has lost the digits that tell them apart. Such queries are repeated with distances
        # computed from differences.
        unclear = (most - least > 1).any(1)
        rows, named = rows[unclear], named[unclear]
        distances = torch.cdist(data[rows], data, compute_mode="donot_use_mm_for_euclid_dist")
        # Distances that differ by rounding alone count as equal.
        limits = distances.gather(1, named) * (1 - rounding)
        distances[torch.arange(len(rows), device=data.device), rows] = torch.inf
        least[unclear] = _count_below(distances, limits)
        nearer[part] = least
    return nearer + 1


def sq_distances(data: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return the squared distances from each row in ``rows`` to those in its row of ``columns``.

    Parameters
    ----------
    data : Tensor, shape (n, d), float64
    rows : Tensor, shape (q,), int64
    columns : Tensor, shape (q, k), int64

    Returns
    -------
    Tensor, shape (q, k), float64
        Computed from differences, on the device of ``data``.
    """
    return measure(data, rows.to(data.device), columns.to(data.device))


def _nearest_by_tree(data: Tensor, queries: Tensor, k: int) -> Tensor:
    from scipy.spatial import cKDTree

    points, rows = data.cpu().numpy(), queries.numpy()
    found = cKDTree(points).query(points[rows], k + 1, workers=torch.get_num_threads())[1]
    # Among identical rows, a query may be found at any place or not at all. One of the k + 1 is
    # always dropped: the query itself or, where it was not found, the last.
    is_self = found == rows[:, None]
    is_self[~is_self.any(1), -1] = True
    return torch.from_numpy(found[~is_self].reshape(len(rows), k)).to(data.device)


def _nearest_by_blocks(data: Tensor, queries: Tensor, k: int) -> Tensor:
    centred = data - data.mean(0)
    blocks = _distance_blocks(centred, centred.square().sum(1), queries)
    return torch.cat([shifted.topk(k, largest=False).indices for _, shifted in blocks])


def _count_below(values: Tensor, limits: Tensor) -> Tensor:
    """Count, in each row, the values (b, n) that are below each of the limits (b, l)."""
    limits, order = limits.sort(1)
    rows, columns = limits.shape
    # A binary search finds how many limits each value reaches. That takes one pass over the values;
    # to compare them with each limit would take l passes.
    reached = torch.searchsorted(limits, values, right=True)
    reached += (columns + 1) * torch.arange(rows, device=limits.device)[:, None]
    counts = reached.view(-1).bincount(minlength=rows * (columns + 1)).view(rows, columns + 1)
    return counts.cumsum(1)[:, :columns].gather(1, order.argsort(1))


def _distance_blocks(
    centred: Tensor, sq_norms: Tensor, queries: Tensor
) -> Iterator[tuple[slice, Tensor]]:
    """Yield slices of the queries and |x|² - 2 q·x for all rows x, infinite where x is q itself.

    That is the squared distance less |q|², which leaves the order of a query's distances as it is.
    The rows are centred so that the product keeps as many digits as it can.
    """
    step = max(1, _BLOCK // len(centred))
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        rows = queries[part].to(centred.device)
        shifted = torch.addmm(sq_norms, centred[rows], centred.T, alpha=-2)
        shifted[torch.arange(len(rows), device=centred.device), rows] = torch.inf
        yield part, shifted
