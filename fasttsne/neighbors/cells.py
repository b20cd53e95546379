"""Approximate nearest neighbours for large n: each row is compared with those of near cells only.

Rows are sorted into the small cells of a k-means clustering, as in an inverted file (Jegou, Douze
and Schmid 2011). The rows of a cell are compared with those of the nearest cells, by their leading
principal components, and the nearest are then measured. How many cells are searched is found by
trial: on a sample of rows, whose true neighbours are known, until most of those are found. The rest
of the rows are then searched once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from .. import ops
from .brute_force import brute_force_neighbors
from .exact import exact_neighbors
from .kmeans import Cells, make_cells
from .leading import leading_components
from .result import RECALL, Neighbors, SortedNeighbors
from .rounding import squared_norms

_SAMPLE = 256
"""Rows whose true neighbours are found among all others, to measure the recall."""
_FIRST_BUDGET = 512
"""Rows with which each row is compared in the first trial."""
_BISECTIONS = 3
"""After it was doubled until it suffices, the budget is found to within a tenth."""
_CELLS_PER_MEAN = 1.5
"""Cells found for each cell, over the number that a budget takes at the mean size of cells."""
_ROWS_AT_ONCE = 1 << 15
"""Rows that are searched between two reports of progress."""


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
        On the CPU, centred.
    k : int
        In 1 .. n - 1.
    seed : int
        Of the clustering, and of the sample that measures the recall.
    recall : float, default 0.98
        Share of the true neighbours of the sample to find.
    progress : callable, optional
        Called with (rows done, n) after each part of the rows.

    Returns
    -------
    SortedNeighbors
    """
    n = X.shape[0]
    generator = torch.Generator("cpu").manual_seed(seed)
    # The clustering begins with the first rows of the same permutation. Rows that are centres of
    # cells have more of their neighbours in these than others.
    chosen = torch.randperm(n, generator=generator, device="cpu")[-_SAMPLE:].sort().values
    kth = brute_force_neighbors(X, chosen, k).sq_distances[:, -1]
    lead = leading_components(X, float(kth.median()), seed)
    cells = make_cells(lead, seed)
    is_whole = lead is X
    X = X[cells.order]
    search = _CellSearch(X, X if is_whole else lead[cells.order], cells, k)
    del lead
    place = torch.empty(n, dtype=torch.int64, device="cpu")
    place[cells.order] = torch.arange(n, device="cpu")
    budget, measured = _try_budgets(search.of_rows(place[chosen]), kth, n, recall)
    if measured < recall and not is_whole:  # the components do not suffice
        search = _CellSearch(X, X, cells, k)
        budget, measured = _try_budgets(search.of_rows(place[chosen]), kth, n, recall)
    neighbors = search.of_all(budget, progress)
    return SortedNeighbors(neighbors, X, cells.order, measured)


def _try_budgets(
    trial: Callable[[int], Neighbors], kth: Tensor, n: int, recall: float
) -> tuple[int, float]:
    """Return about the smallest budget that finds enough neighbours, and their share in a sample.

    It suffices where the recall of the sample is a standard error above the wanted one: the
    smallest budget that suffices for a sample is one that happens to suit it.

    Parameters
    ----------
    trial : callable
        Takes a budget; returns the neighbours that it finds.
    kth : Tensor, shape (sample,), float32
        Squared distance of each sampled row to its true k-th neighbour.
    n : int
        Largest budget, which is returned if none suffices.
    recall : float
    """

    def measure(budget: int) -> tuple[float, bool]:
        """Return the recall of the sample, and whether that of all rows is probably enough."""
        # The tolerance covers rounding: kth was summed in another order.
        is_true = trial(budget).sq_distances <= kth[:, None] * (1 + 1e-5)
        of_rows = is_true.double().mean(1)
        error = of_rows.std(correction=0) / math.sqrt(len(kth))
        return float(of_rows.mean()), bool(of_rows.mean() - error >= recall)

    too_small, budget = 0, min(n, _FIRST_BUDGET)
    measured, suffices = measure(budget)
    while not suffices and budget < n:
        too_small, budget = budget, min(n, 2 * budget)
        measured, suffices = measure(budget)
    for _ in range(_BISECTIONS if too_small else 0):
        middle = round(math.sqrt(too_small * budget))
        share, suffices = measure(middle)
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
        self.keep = k + max(8, k // 2)
        self.sizes = cells.starts.diff()

    def of_rows(self, rows: Tensor) -> Callable[[int], Neighbors]:
        """Return a function that finds the neighbours of some rows, given a budget."""
        cell = torch.searchsorted(self.cells.starts, rows, right=True) - 1
        sq = ops.pairwise_sq_distances(self.cells.centers[cell], self.cells.centers)
        nearest = sq.scatter_(1, cell[:, None], -1.0).argsort(stable=True)
        return partial(self._of_ranges, torch.stack([rows, rows + 1], 1), nearest)

    def of_all(self, budget: int, progress: Callable[[int, int], None] | None) -> Neighbors:
        """Find the neighbours of all rows."""
        n = self.X.shape[0]
        out = Neighbors(
            torch.empty(n, self.k, dtype=torch.int32, device="cpu"),
            torch.empty(n, self.k, dtype=torch.float32, device="cpu"),
        )
        ranges = torch.stack([self.cells.starts[:-1], self.cells.starts[1:]], 1)
        nearest = self._nearest_cells(budget)
        done = 0
        for some in torch.arange(len(ranges), device="cpu").split(
            max(1, _ROWS_AT_ONCE * len(ranges) // n)
        ):
            found = self._of_ranges(ranges[some], nearest[some], budget)
            rows = slice(done, done + len(found.indices))
            out.indices[rows], out.sq_distances[rows] = found.indices, found.sq_distances
            done = rows.stop
            if progress:
                progress(done, n)
        return out

    def _nearest_cells(self, budget: int) -> Tensor:
        """Return each cell and those nearest to it, enough for a budget: (cells, some) int32."""
        count = len(self.sizes)
        itself = torch.arange(count, dtype=torch.int32, device="cpu")[:, None]
        others = math.ceil(_CELLS_PER_MEAN * budget / (self.X.shape[0] / count))
        while True:
            others = min(others, count - 1)
            if others == 0:
                return itself
            nearest = torch.cat([itself, exact_neighbors(self.cells.centers, others).indices], 1)
            # Among very small cells there may be too few.
            if others == count - 1 or int(self.sizes[nearest].sum(1).min()) >= budget:
                return nearest
            others *= 2

    def _of_ranges(self, ranges: Tensor, nearest: Tensor, budget: int) -> Neighbors:
        """Find the neighbours of ranges of rows among so many rows of the nearest cells.

        Parameters
        ----------
        nearest : Tensor, shape (ranges, c), integers
            Cells, the nearest first.
        """
        sizes = self.sizes[nearest]
        is_probed = sizes.cumsum(1) - sizes < max(budget, self.k + 1)
        starts = torch.zeros(len(ranges) + 1, dtype=torch.int64, device="cpu")
        starts[1:] = is_probed.sum(1).cumsum(0)
        return Neighbors(
            *ops.knn_cells(
                *(self.X, self.lead, self.sq_norms, self.cells.starts, ranges, starts),
                *(nearest[is_probed].long(), self.keep, self.k),
            )
        )
