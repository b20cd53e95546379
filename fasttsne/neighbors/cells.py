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
from .exact import exact_neighbors
from .kmeans import Cells, make_cells
from .leading import keep_by_components, leading_components
from .recall import RECALL, SAMPLE, distances_to_kth, is_true, judge
from .result import Neighbors, SortedNeighbors
from .rounding import squared_norms

_FIRST_BUDGET = 512
"""Rows with which each row is compared in the first trial."""
_FIRST_OF_SAMPLE = 8
"""Every eighth row of the sample tells how far neighbours are, before there are components."""
_ROWS_OVER_BUDGET = 8
"""A budget of more than an eighth of all rows takes longer than tiles of large cells."""
_BISECTIONS = 3
"""After it was doubled until it suffices, the budget is found to within a tenth."""
_CELLS_PER_MEAN = 1.5
"""Cells found for each cell, over the number that a budget takes at the mean size of cells."""
_LARGEST_PART, _CELLS_IN_ALL = 1 / 16, 1 << 27
"""Largest part of the cells that is found for each by a search among centres, and most in all."""
_DISTANCES_AT_ONCE = 1 << 24
"""Distances between cells that are sorted at a time where the part is larger."""
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
    first = torch.arange(len(chosen), device="cpu") % _FIRST_OF_SAMPLE == 0
    kth[first] = brute_force_neighbors(X, chosen[first], k).sq_distances[:, -1]
    # Equal rows say nothing about the distances of others.
    apart = kth[first & (kth > 0)]
    lead = leading_components(X, float(apart.median()) if len(apart) else 0.0, seed)
    kth[~first] = distances_to_kth(X, lead, chosen[~first], k)
    least, most = max(_FIRST_BUDGET, k + 1), n // _ROWS_OVER_BUDGET
    order = None
    if least <= most:
        cells = make_cells(lead, seed)
        order = cells.order
        is_whole = lead is X
        _sort_rows(X, order)
        lead = X if is_whole else lead[order]
        place = torch.empty(n, dtype=torch.int64, device="cpu")
        place[order] = torch.arange(n, device="cpu")
        chosen = place[chosen]
        search = _CellSearch(X, lead, cells, k)
        found = _try_budgets(search.of_rows(chosen, most), kth, least, most, recall)
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


def _sort_rows(X: Tensor, order: Tensor) -> None:
    """Sort the rows of X in place: row i becomes what was row ``order[i]``."""
    # A few columns of all rows at a time: 32 floats of a row are two lines of the cache.
    for columns in X.split(_COLUMNS_AT_ONCE, dim=1):
        columns.copy_(columns.index_select(0, order))


def _try_budgets(
    trial: Callable[[int], Neighbors], kth: Tensor, least: int, most: int, recall: float
) -> tuple[int, float] | None:
    """Return about the smallest budget that finds enough neighbours, and their share in a sample.

    Parameters
    ----------
    trial : callable
        Takes a budget; returns the neighbours of the sample that it finds, (sample, k).
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
        return judge(is_true(trial(budget).sq_distances, kth).double().mean(1), recall)

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
        self.sizes = cells.starts.diff()

    def of_rows(self, rows: Tensor, most: int) -> Callable[[int], Neighbors]:
        """Return a function that finds the neighbours of some rows, given a budget up to most."""
        cell = torch.searchsorted(self.cells.starts, rows, right=True) - 1
        nearest = self._cells_from(cell, self._cells_for(most))
        if int(self.sizes[nearest].sum(1).min()) < most:
            nearest = self._cells_from(cell, len(self.sizes))
        return partial(self._of_ranges, torch.stack([rows, rows + 1], 1), nearest)

    def of_all(self, budget: int, progress: Callable[[int, int], None] | None) -> Neighbors:
        """Find the neighbours of all rows."""
        n, count = self.X.shape[0], len(self.sizes)
        out = Neighbors(
            torch.empty(n, self.k, dtype=torch.int32, device="cpu"),
            torch.empty(n, self.k, dtype=torch.float32, device="cpu"),
        )
        ranges = torch.stack([self.cells.starts[:-1], self.cells.starts[1:]], 1)
        nearest = self._nearest_cells(budget)
        at_once = max(1, _ROWS_AT_ONCE * count // n)
        if nearest is None:
            at_once = max(1, min(at_once, _DISTANCES_AT_ONCE // count))
        done = 0
        for some in torch.arange(count, device="cpu").split(at_once):
            others = self._cells_from(some, count) if nearest is None else nearest[some]
            found = self._of_ranges(ranges[some], others, budget)
            rows = slice(done, done + len(found.indices))
            out.indices[rows], out.sq_distances[rows] = found.indices, found.sq_distances
            done = rows.stop
            if progress:
                progress(done, n)
        return out

    def _nearest_cells(self, budget: int) -> Tensor | None:
        """Return each cell and those nearest to it, enough for a budget: (cells, some) int32.

        None where these would be a large part of all cells.
        """
        count = len(self.sizes)
        others = self._cells_for(budget)
        itself = torch.arange(count, dtype=torch.int32, device="cpu")[:, None]
        while others <= min(_LARGEST_PART * count, _CELLS_IN_ALL / count):
            nearest = torch.cat([itself, exact_neighbors(self.cells.centers, others).indices], 1)
            # Among very small cells there may be too few.
            if int(self.sizes[nearest].sum(1).min()) >= budget:
                return nearest
            others *= 2
        return None

    def _cells_for(self, budget: int) -> int:
        """Return how many cells mostly hold as many rows as a budget."""
        mean = len(self.X) / len(self.sizes)
        return min(len(self.sizes), math.ceil(_CELLS_PER_MEAN * budget / mean))

    def _cells_from(self, cell: Tensor, count: int) -> Tensor:
        """Return the cells nearest to some, each itself first: (l, count) int64."""
        sq = ops.pairwise_sq_distances(self.cells.centers[cell], self.cells.centers)
        sq.scatter_(1, cell[:, None], -1.0)
        return sq.topk(count, 1, largest=False).indices

    def _of_ranges(self, ranges: Tensor, nearest: Tensor, budget: int) -> Neighbors:
        """Find the neighbours of ranges of rows among so many rows of the nearest cells.

        Parameters
        ----------
        nearest : Tensor, shape (ranges, c), integers
            Cells, the nearest first.
        """
        sizes = self.sizes[nearest]
        is_probed = sizes.cumsum(1) - sizes < budget
        starts = torch.zeros(len(ranges) + 1, dtype=torch.int64, device="cpu")
        starts[1:] = is_probed.sum(1).cumsum(0)
        return Neighbors(
            *ops.knn_cells(
                *(self.X, self.lead, self.sq_norms, self.cells.starts, ranges, starts),
                *(nearest[is_probed].long(), self.keep, self.k),
            )
        )
