"""Approximate nearest neighbours for large n: each row is compared with those of near cells only.

Rows are sorted into the small cells of a k-means clustering, as in an inverted file (Jegou, Douze
and Schmid 2011). The rows of a cell are compared with those of the nearest cells, by their leading
principal components, and the nearest are then measured. How many cells are searched is found by
trial: on a sample of rows, whose true neighbours are known, until most of those are found. Then all
rows are searched once. Where that would be a large part of all pairs, as in data of many
independent directions, the symmetric tiles of :mod:`fasttsne.neighbors.cell_tiles` take less time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from .. import ops
from .brute_force import brute_force_neighbors, measure
from .candidates import choose_keep
from .cell_tiles import cell_tile_neighbors
from .kmeans import Cells, make_cells
from .leading import keep_by_components, leading_components
from .near_cells import NearCells
from .recall import RECALL, SAMPLE, distances_to_kth, is_true, judge
from .result import Neighbors, SortedNeighbors
from .rounding import squared_norms

_FIRST_BUDGET = 512
"""Rows with which each row is compared in the first trial."""
FIRST_OF_SAMPLE = 8
"""Every eighth row of the sample tells how far neighbours are, before there are components."""
_ROWS_OVER_BUDGET = 8
"""A budget of more than an eighth of all rows takes longer than tiles of large cells."""
_BISECTIONS = 3
"""After it was doubled until it suffices, the budget is found to within a tenth."""
_ROWS_AT_ONCE = 1 << 15
"""Rows that are searched between two reports of progress."""
_COLUMNS_AT_ONCE = 32
"""Columns of which a copy exists while the rows are sorted."""


def cell_neighbors(
    X: Tensor,
    k: int,
    seed: int,
    recall: float = RECALL,
    progress: Callable[[int, int], None] | None = None,
) -> SortedNeighbors:
    """Find most of the k nearest other rows of each row.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
        On the CPU, centred. Its rows may be left in another order, as a sorted copy would take as
        much memory once more: use the X that is returned.
    k : int
        In 1 .. n - 1.
    seed : int
        Of the clustering, and of the sample that measures the recall.
    recall : float, default 0.98
        Share of the true neighbours of the sample to find.
    progress : callable, optional
        Called with (rows done, n) after each part of the rows; or as by
        :func:`fasttsne.neighbors.cell_tiles.cell_tile_neighbors`.

    Returns
    -------
    SortedNeighbors
    """
    n = X.shape[0]
    generator = torch.Generator("cpu").manual_seed(seed)
    # The clustering begins with the first rows of the same permutation. Rows that are centres of
    # cells have more of their neighbours in these than others.
    chosen = torch.randperm(n, generator=generator, device="cpu")[-SAMPLE:].sort().values
    kth = torch.empty(len(chosen), dtype=torch.float32, device="cpu")
    first = torch.arange(len(chosen), device="cpu") % FIRST_OF_SAMPLE == 0
    queries = X[chosen]
    kth[first] = distances_to_kth(X, X, queries[first], queries[first], k)
    # Equal rows say nothing about the distances of others.
    apart = kth[first & (kth > 0)]
    lead = leading_components(X, float(apart.median()) if len(apart) else 0.0, seed)
    kth[~first] = distances_to_kth(X, lead, queries[~first], lead[chosen[~first]], k)
    least, most = least_and_most_budget(n, k)
    order = None
    if least <= most:
        cells = make_cells(lead, seed)
        order = cells.order
        is_whole = lead is X
        sort_rows(X, order)
        lead = X if is_whole else lead[order]
        place = torch.empty(n, dtype=torch.int64, device="cpu")
        place[order] = torch.arange(n, device="cpu")
        chosen, by_place = place[chosen].sort()
        kth = kth[by_place]
        search = _CellSearch(X, lead, cells, k)
        found = try_budgets(partial(search.of_rows, chosen), kth, least, most, recall)
        if found:
            budget, measured = found
            neighbors = search.of_all(budget, progress)
            return SortedNeighbors(neighbors, X, order, measured)
        del cells, search, place  # the tiles need the memory
    # Many of the nearest rows are in far cells, or the leading components do not tell which are
    # near.
    if lead is not X:
        near = brute_force_neighbors(lead, chosen, min(n - 1, keep_by_components(k))).indices
        by_lead = is_true(measure(X, chosen, near), kth).sum(1).clamp(max=k).double() / k
        if not judge(by_lead, recall)[1]:
            lead = X
    tiled = cell_tile_neighbors(X, k, seed, recall, progress, lead, (chosen, kth))
    return tiled if order is None else tiled._replace(order=order[tiled.order])


def sort_rows(X: Tensor, order: Tensor) -> None:
    """Sort the rows of X in place: row i becomes what was row ``order[i]``."""
    # A few columns of all rows at a time: 32 floats of a row are two lines of the cache.
    for columns in X.split(_COLUMNS_AT_ONCE, dim=1):
        columns.copy_(columns.index_select(0, order))


def least_and_most_budget(n: int, k: int) -> tuple[int, int]:
    """Return the smallest and the largest budget for k neighbours among n rows."""
    return max(_FIRST_BUDGET, k + 1), n // _ROWS_OVER_BUDGET


def try_budgets(
    trial: Callable[[int], Tensor], kth: Tensor, least: int, most: int, recall: float
) -> tuple[int, float] | None:
    """Return about the smallest budget that finds enough neighbours, and their share in a sample.

    Parameters
    ----------
    trial : callable
        Takes a budget; returns the squared distances of the neighbours of the sample that it finds,
        (sample, k).
    kth : Tensor, shape (sample,), float32
        Squared distance of each sampled row to its true k-th neighbour.
    least, most : int
        Smallest and largest budget.
    recall : float

    Returns
    -------
    budget : int
    recall : float
        Or None, where the largest budget does not suffice.
    """

    def recall_with(budget: int) -> tuple[float, bool]:
        return judge(is_true(trial(budget), kth).double().mean(1), recall)

    too_small, budget = 0, least
    while True:
        if budget > most:
            return None
        measured, suffices = recall_with(budget)
        if suffices:
            break
        too_small, budget = budget, max(budget + 1, min(most, 2 * budget))
    for _ in range(_BISECTIONS if too_small else 0):
        middle = round(math.sqrt(too_small * budget))
        share, suffices = recall_with(middle)
        if suffices:
            budget, measured = middle, share
        else:
            too_small = middle
    return budget, measured


class _CellSearch:
    """The sorted rows, and which cells are near one another."""

    def __init__(self, X: Tensor, lead: Tensor, cells: Cells, k: int) -> None:
        self.X, self.lead, self.cells, self.k = X, lead, cells, k
        self.sq_norms = squared_norms(lead)
        self.keep = choose_keep(len(X), k) if lead is X else keep_by_components(k)
        self.near = NearCells(cells)

    def of_rows(self, rows: Tensor, budget: int) -> Tensor:
        """Return how far the neighbours are that rows, which rise, have with a budget: (l, k)."""
        cell = torch.searchsorted(self.cells.starts, rows, right=True) - 1
        return self._of_ranges(torch.stack([rows, rows + 1], 1), cell, budget).sq_distances

    def of_all(self, budget: int, progress: Callable[[int, int], None] | None) -> Neighbors:
        """Find the neighbours of all rows."""
        n, count = len(self.X), len(self.cells.centers)
        out = Neighbors(
            torch.empty(n, self.k, dtype=torch.int32, device="cpu"),
            torch.empty(n, self.k, dtype=torch.float32, device="cpu"),
        )
        ranges = torch.stack([self.cells.starts[:-1], self.cells.starts[1:]], 1)
        done = 0
        for some in torch.arange(count, device="cpu").split(max(1, _ROWS_AT_ONCE * count // n)):
            found = self._of_ranges(ranges[some], some, budget)
            rows = slice(done, done + len(found.indices))
            out.indices[rows], out.sq_distances[rows] = found.indices, found.sq_distances
            done = rows.stop
            if progress:
                progress(done, n)
        return out

    def _of_ranges(self, ranges: Tensor, cell: Tensor, budget: int) -> Neighbors:
        """Find the neighbours of ranges of rows, each of which is in a cell, given a budget."""
        starts, probes = self.near(cell, budget)
        return Neighbors(
            *ops.knn_cells(
                *(self.X, self.lead, self.sq_norms, self.cells.starts, ranges, starts, probes),
                *(self.keep, self.k),
            )
        )
