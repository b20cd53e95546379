"""Clustering of rows into cells of about equal numbers of rows: k-means in two levels.

Lloyd's algorithm compares every row with every centre, which for n rows and n / 32 cells would take
as long as a search among all rows. So the rows are first clustered into about sqrt(n / 32) groups,
and the rows of each group into cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .. import ops
from .._threads import alone, share

_ROWS_PER_CELL = 32
"""Mean size of a cell. Smaller cells fit the data better, but there are more of them to choose
from."""
_LARGEST_CELL = 128
"""Larger cells are cut, as where many rows are equal."""
_SAMPLES_PER_GROUP = 200
_GROUP_STEPS, _CELL_STEPS = 8, 6
"""Steps of Lloyd's algorithm. More would hardly change the number of neighbours that are found."""
_MOST_CELLS = 4
"""Most cells of a group, as a multiple of their mean number."""
_DISTANCES_AT_ONCE = 1 << 20
"""Distances of rows to centres that a thread keeps at a time."""
_DISTANCES_AT_ONCE_ON_GPU = 1 << 25
_ROWS_AT_ONCE = 1 << 12
"""Rows that one thread assigns to groups at a time."""


@dataclass(frozen=True)
class Cells:
    """Rows sorted by cell."""

    order: Tensor
    """(n,) int64: row of the data at each sorted place."""
    starts: Tensor
    """(c + 1,) int64, on the CPU: cell i is the sorted rows ``starts[i]`` to ``starts[i + 1]``."""
    centers: Tensor
    """(c, m) float32: centre of each cell. The parts of a cell that was cut have the same."""
    groups: Tensor
    """(g + 1,) int64: group i is the cells ``groups[i]`` to ``groups[i + 1]``."""
    group_centers: Tensor
    """(g, m) float32"""


def members_of(starts: Tensor, groups: Tensor) -> Tensor:
    """Return the members of some groups, one group after the other: (m,) int64.

    Parameters
    ----------
    starts : Tensor, shape (g + 1,), int64
        Group i has the members ``starts[i]`` to ``starts[i + 1]``, half-open: rows of a cell, or
        cells of a group.
    groups : Tensor, shape (l,), int64
    """
    begins, sizes = starts[groups], starts[groups + 1] - starts[groups]
    shift = begins - (sizes.cumsum(0) - sizes)
    return shift.repeat_interleave(sizes) + torch.arange(int(sizes.sum()), device="cpu")


def make_cells(X: Tensor, seed: int) -> Cells:
    """Cluster rows into cells.

    Parameters
    ----------
    X : Tensor, shape (n, m), float32
        On the CPU.
    seed : int
        Of the samples and the first centres.

    Returns
    -------
    Cells
    """
    n = len(X)
    generator = torch.Generator("cpu").manual_seed(seed)
    chosen = torch.randperm(n, generator=generator, device="cpu")
    centers = group_centers(X[chosen[: rows_of_sample(n)]], n)
    return cells_of_groups(X, nearest_groups(X, centers), centers, chosen, n)


def rows_of_sample(n: int) -> int:
    """Return how many of n rows, chosen at random, tell where the groups are."""
    return groups_wanted(n) * _SAMPLES_PER_GROUP


def groups_wanted(n: int) -> int:
    """Return into how many groups n rows are clustered, at most."""
    return max(1, math.isqrt(n // _ROWS_PER_CELL))


def group_centers(sample: Tensor, n: int) -> Tensor:
    """Return the centres of the groups of n rows, each followed by a near one: (g, m) float32.

    Parameters
    ----------
    sample : Tensor, shape (l, m), float32
        Rows in random order: :func:`rows_of_sample` of them, or all.
    """
    first = sample[: groups_wanted(n)]
    return alone(lambda: _in_chain(lloyd(sample, first, _GROUP_STEPS)), sample.device)


def nearest_groups(X: Tensor, centers: Tensor) -> Tensor:
    """Return the number of the nearest centre of each row, on several threads: (n,) int64."""
    group = torch.empty(len(X), dtype=torch.int64, device="cpu")

    def assign(part: slice) -> None:
        group[part] = nearest(X[part], centers)

    share(assign, [slice(i, i + _ROWS_AT_ONCE) for i in range(0, len(X), _ROWS_AT_ONCE)])
    return group


def cells_of_groups(
    X: Tensor, group: Tensor, group_centers: Tensor, shuffled: Tensor, n: int
) -> Cells:
    """Cluster the rows of each group into cells.

    Parameters
    ----------
    X : Tensor, shape (l, m), float32
    group : Tensor, shape (l,), int64
        Of each row.
    group_centers : Tensor, shape (g, m), float32
    shuffled : Tensor, shape (l,), int64
        The rows in random order.
    n : int
        Number of all rows, of which X may hold a part.
    """
    # The first centres of cells are the first rows of a group, so the rows are shuffled before.
    order = shuffled[group[shuffled].argsort(stable=True)]
    members = torch.bincount(group, minlength=len(group_centers)).tolist()
    # A group many times as large as the mean mostly holds many equal rows.
    most = _MOST_CELLS * groups_wanted(n)
    counts = [min(-(-size // _ROWS_PER_CELL), most) for size in members]
    cell_centers = torch.empty(sum(counts), X.shape[1], dtype=torch.float32, device="cpu")

    def sort_group(number: int) -> tuple[list[int], list[int]]:
        """Sort the rows of a group by cell; return sizes of cells and whose centres they have."""
        begin, first = sum(members[:number]), sum(counts[:number])
        rows = order[begin : begin + members[number]]
        if not len(rows):
            return [], []
        some = X[rows]
        own = _in_chain(lloyd(some, some[: counts[number]], _CELL_STEPS))
        cell_centers[first : first + len(own)] = own
        cell = nearest(some, own)
        # In each cell the rows are in their order in the data.
        rows[:] = rows[(cell * len(X) + rows).argsort()]
        sizes, of_part = [], []
        for i, size in enumerate(torch.bincount(cell, minlength=len(own)).tolist()):
            parts = -(-size // _LARGEST_CELL)
            ends = [size * part // parts for part in range(1, parts + 1)]
            sizes += [end - start for start, end in zip([0, *ends], ends, strict=False)]
            of_part += [first + i] * parts
        return sizes, of_part

    parts = share(sort_group, range(len(members)))
    sizes = [0, *(size for some, _ in parts for size in some)]
    of_part = [i for _, some in parts for i in some]
    sizes_of_groups = [0, *(len(some) for some, _ in parts)]
    return Cells(
        order,
        torch.tensor(sizes, dtype=torch.int64, device="cpu").cumsum(0),
        cell_centers[torch.tensor(of_part, dtype=torch.int64, device="cpu")],
        torch.tensor(sizes_of_groups, dtype=torch.int64, device="cpu").cumsum(0),
        group_centers,
    )


def nearest(X: Tensor, centers: Tensor) -> Tensor:
    """Return the number of the nearest centre of each row: (n,) int64."""
    # A product of matrices would be faster, but cancels, and obeys the caller's settings of torch.
    at_once = _DISTANCES_AT_ONCE if X.device.type == "cpu" else _DISTANCES_AT_ONCE_ON_GPU
    out = torch.empty(len(X), dtype=torch.int64, device=X.device)
    size = max(1, at_once // len(centers))
    for rows, numbers in zip(X.split(size), out.split(size), strict=True):
        numbers.copy_(ops.pairwise_sq_distances(rows, centers).argmin(1))
    return out


def _in_chain(centers: Tensor) -> Tensor:
    """Order centres so that each is followed by the nearest of those left.

    Groups of near rows are then near in memory, too.
    """
    sq = ops.pairwise_sq_distances(centers, centers)
    passed = torch.zeros(len(centers), dtype=torch.float32, device="cpu")
    order = [0]
    for _ in range(len(centers) - 1):
        passed[order[-1]] = math.inf
        order.append(int((sq[order[-1]] + passed).argmin()))
    return centers[torch.tensor(order, dtype=torch.int64, device="cpu")]


def lloyd(X: Tensor, first: Tensor, steps: int) -> Tensor:
    """Move centres to the means of the rows nearest to them, some times (Lloyd 1982).

    Parameters
    ----------
    X : Tensor, shape (n, m), float32
    first : Tensor, shape (c, m), float32
        The first centres, of which equal ones count once.
    steps : int

    Returns
    -------
    Tensor, shape (c or fewer, m), float32
    """
    centers = first.unique(dim=0)
    for _ in range(steps if len(centers) > 1 else 0):
        cell = nearest(X, centers)
        members = torch.bincount(cell, minlength=len(centers))
        # Each cell is summed in the order of its rows: the same bits on any number of threads.
        by_cell = X[cell.argsort(stable=True)].double()
        sums = torch.segment_reduce(by_cell, "sum", lengths=members, axis=0, unsafe=True)
        members = members[:, None]
        centers = torch.where(members > 0, (sums / members.clamp(min=1)).float(), centers)
    return centers
