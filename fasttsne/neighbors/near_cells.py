"""Which cells are near which: the nearest among the cells of near groups.

To compare every cell with every other would take n^2 / 1000 distances for n rows, more than all
else from some millions of rows on. So a cell is compared with the cells of some groups, those that
come nearest to its own group. Groups and cells are those of :mod:`fasttsne.neighbors.kmeans`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .. import ops
from .._threads import share
from .kmeans import Cells, members_of

_LEAST_GROUPS, _ROWS_OVER_BUDGET = 64, 8
"""A cell is compared with those of at least so many groups, and of so many that they hold so many
times the budget. With fewer groups, more rows would have to be compared for the same recall."""
_CELLS_PER_MEAN = 1.5
"""Cells found for each cell, over the number that a budget takes at the mean size of cells."""
_CELLS_AT_ONCE = 64
"""Cells for which a thread finds others at a time."""


class NearCells:
    """Finds the cells near some cells.

    Parameters
    ----------
    cells : Cells
    """

    def __init__(self, cells: Cells) -> None:
        self._centers, self._groups = cells.centers, cells.groups
        self._sizes = cells.starts.diff()
        self._group_sizes = cells.starts[cells.groups].diff()
        self._group_centers = cells.group_centers
        self._orders: dict[int, Tensor] = {}

    def __call__(self, cell: Tensor, budget: int) -> tuple[Tensor, Tensor]:
        """Return the cells to search for the rows of some cells, so that they hold a budget.

        Parameters
        ----------
        cell : Tensor, shape (l,), int64
            Rising.
        budget : int
            Rows that the cells have together, at least, if there are so many.

        Returns
        -------
        starts : Tensor, shape (l + 1,), int64
        probes : Tensor, shape (starts[l],), int64
            ``starts[i]`` to ``starts[i + 1]``, half-open, are the cells nearest to the i-th; the
            first of them is this cell itself.
        """
        if not len(cell):  # as on a rank that has no rows
            return cell.new_zeros(1), cell
        group = torch.searchsorted(self._groups, cell, right=True) - 1
        found, members = group.unique_consecutive(return_counts=True)
        items = [
            (number, some)
            for number, cells in zip(found.tolist(), cell.split(members.tolist()), strict=True)
            for some in cells.split(_CELLS_AT_ONCE)
        ]
        parts = share(lambda item: self._of_group(*item, budget), items)
        starts = torch.zeros(len(cell) + 1, dtype=torch.int64, device="cpu")
        starts[1:] = torch.cat([counts for counts, _ in parts]).cumsum(0)
        return starts, torch.cat([probes for _, probes in parts])

    def _of_group(self, group: int, cell: Tensor, budget: int) -> tuple[Tensor, Tensor]:
        """Return the number of probes of each cell of a group, and the probes one after another."""
        others = self._cells_of_near_groups(group, _ROWS_OVER_BUDGET * budget)
        sq = ops.pairwise_sq_distances(self._centers[cell], self._centers[others])
        # The cells of the group itself come first.
        sq[torch.arange(len(cell), device="cpu"), cell - self._groups[group]] = -1.0
        sizes = self._sizes[others]
        count = math.ceil(_CELLS_PER_MEAN * budget * len(others) / int(sizes.sum()))
        near = sq.topk(min(count, len(others)), 1, largest=False).indices
        if int(sizes[near].sum(1).min()) < budget:  # among very small cells
            near = sq.argsort(1)
        sizes = sizes[near]
        is_probed = sizes.cumsum(1) - sizes < budget
        return is_probed.sum(1), others[near[is_probed]]

    def _cells_of_near_groups(self, group: int, rows: int) -> Tensor:
        """Return the cells of the groups nearest to a group that together hold so many rows."""
        order = self._order_of_groups(group)
        before = self._group_sizes[order].cumsum(0) - self._group_sizes[order]
        near = order[: max(_LEAST_GROUPS, int((before < rows).sum()))]
        return members_of(self._groups, near)

    def _order_of_groups(self, group: int) -> Tensor:
        """Return the groups by their least distance to a cell of one group, itself first."""
        if group not in self._orders:
            begin, end = self._groups[group : group + 2].tolist()
            sq = ops.pairwise_sq_distances(self._centers[begin:end], self._group_centers).amin(0)
            sq[group] = -1.0
            self._orders[group] = sq.argsort(stable=True)
        return self._orders[group]
