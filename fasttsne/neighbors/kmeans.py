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

from .._threads import share

_ROWS_PER_CELL = 32
"""Mean size of a cell. Smaller cells fit the data better, but there are more of them to choose
from."""
_LARGEST_CELL = 128
"""Larger cells are cut, as where many rows are equal."""
_SAMPLES_PER_GROUP = 200
_GROUP_STEPS, _CELL_STEPS = 8, 6
"""Steps of Lloyd's algorithm. More would hardly change the number of neighbours that are found."""
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
    n = X.shape[0]
    generator = torch.Generator("cpu").manual_seed(seed)
    chosen = torch.randperm(n, generator=generator, device="cpu")
    groups = max(1, math.isqrt(n // _ROWS_PER_CELL))
    sample = X[chosen[: groups * _SAMPLES_PER_GROUP]]
    centers = share(lambda _: _lloyd(sample, sample[:groups], _GROUP_STEPS), [None])[0]
    centers = centers[_chain(centers)]
    group = torch.empty(n, dtype=torch.int64, device="cpu")

    def assign(part: slice) -> None:
        group[part] = _nearest(X[part], centers)

    share(assign, [slice(i, i + _ROWS_AT_ONCE) for i in range(0, n, _ROWS_AT_ONCE)])
    # The first centres of cells are the first rows of a group, so the rows are shuffled before.
    by_group = chosen[group[chosen].argsort(stable=True)]
    members = torch.bincount(group, minlength=groups).tolist()

    def cells_of(rows: Tensor) -> tuple[Tensor, list[int], Tensor]:
        """Sort the rows of a group by cell; return them, sizes of cells, and centres."""
        some = X[rows]
        first = some[: max(1, round(len(rows) / _ROWS_PER_CELL))]
        centers = _lloyd(some, first, _CELL_STEPS)
        centers = centers[_chain(centers)]
        cell = _nearest(some, centers)
        sizes, of_part = [], []
        for number, size in enumerate(torch.bincount(cell, minlength=len(centers)).tolist()):
            parts = math.ceil(size / _LARGEST_CELL)
            ends = [size * part // parts for part in range(1, parts + 1)]
            sizes += [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
            of_part += [number] * parts
        # In each cell the rows are in their order in the data.
        order = (cell * n + rows).argsort()
        return rows[order], sizes, centers[torch.tensor(of_part, dtype=torch.int64, device="cpu")]

    parts = share(cells_of, [rows for rows in by_group.split(members) if len(rows)])
    sizes = torch.tensor([0, *(size for _, part, _ in parts for size in part)], device="cpu")
    return Cells(
        torch.cat([rows for rows, _, _ in parts]),
        sizes.cumsum(0),
        torch.cat([centers for _, _, centers in parts]),
    )


def _nearest(X: Tensor, centers: Tensor) -> Tensor:
    """Return the number of the nearest centre of each row: (n,) int64."""
    return torch.addmm(centers.square().sum(1), X, centers.T, alpha=-2).argmin(1)


def _chain(centers: Tensor) -> Tensor:
    """Order centres so that each is followed by the nearest of those left: (c,) int64.

    Groups of near rows are then near in memory, too.
    """
    sq = torch.cdist(centers, centers)
    left = torch.zeros(len(centers), device="cpu")
    order = [0]
    for _ in range(len(centers) - 1):
        left[order[-1]] = math.inf
        order.append(int((sq[order[-1]] + left).argmin()))
    return torch.tensor(order, device="cpu")


def _lloyd(X: Tensor, centers: Tensor, steps: int) -> Tensor:
    """Move each centre to the mean of the rows nearest to it, some times."""
    for _ in range(steps):
        cell = _nearest(X, centers)
        members = torch.bincount(cell, minlength=len(centers))[:, None]
        sums = torch.zeros_like(centers).index_add_(0, cell, X)
        centers = torch.where(members > 0, sums / members.clamp(min=1), centers)
    return centers
