"""Nearest neighbours of rows that several ranks share (:mod:`fasttsne.shards`).

The rows are dealt anew, so that near rows are on the same rank: all are clustered into groups, as
in :mod:`fasttsne.neighbors.kmeans`, and each rank takes groups that follow one another, of about as
many rows as the other ranks'. It sorts its rows into cells, of which all ranks learn the centres.
Then it knows which cells of other ranks are near its own, and asks for their rows, for some of its
own cells at a time. So the search is that of :mod:`fasttsne.neighbors.cells`, and the ranks compare
no row with more others than one rank alone would.

An exact search, and one of data whose neighbours are in too many cells, sends the rows of each rank
round all others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

import torch
from torch import Tensor

from .. import ops
from .._threads import share
from ..shards import Shards, even_bounds
from .candidates import choose_keep
from .cells import FIRST_OF_SAMPLE, least_and_most_budget, sort_rows, try_budgets
from .exact import exact_neighbors, neighbors_in
from .kmeans import Cells, cells_of_groups, group_centers, members_of, nearest_groups
from .kmeans import rows_of_sample as rows_for_groups
from .leading import keep_by_components, project_on_leading
from .leading import rows_of_sample as rows_for_components
from .near_cells import NearCells
from .recall import RECALL, SAMPLE, distances_to_kth
from .result import Neighbors
from .rounding import squared_norms

_ROWS_AT_ONCE = 1 << 17
"""Rows for which a rank searches, and for which it holds rows of others, at the same time."""


@dataclass(frozen=True)
class Dealt:
    """The rows as they are dealt to the ranks, and their neighbours."""

    X: Tensor
    """(l, d) float32: the rows of this rank."""
    sizes: list[int]
    """Rows of each rank. Those of rank 0 come first in the numbers of all rows."""
    order: Tensor
    """(l,) int64: number in the data of each of these rows."""
    neighbors: Neighbors
    """(l, k): the neighbours of these rows, numbers of rows as they are dealt."""
    recall: float
    is_exact: bool = False
    """Whether all pairs were compared."""


def neighbors_of_ranks(
    X: Tensor,
    k: int,
    seed: int,
    is_exact: bool,
    shards: Shards,
    recall: float = RECALL,
    progress: Callable[[int, int], None] | None = None,
) -> Dealt:
    """Deal rows to ranks, and find the k nearest other rows of each.

    Parameters
    ----------
    X : Tensor, shape (l, d), float32
        On the CPU: the rows that this rank has, centred and scaled as those of all ranks.
    k : int
        At least 1, and less than the number of all rows.
    seed : int
        Of the clustering, and of the sample that measures the recall.
    is_exact : bool
        Whether to compare all pairs.
    shards : Shards
    recall : float, default 0.98
        Share of the true neighbours of the sample to find.
    progress : callable, optional
        Called with (rows done, rows in all) of this rank.

    Returns
    -------
    Dealt
    """
    sizes = shards.sizes(len(X))
    n, first = sum(sizes), sum(sizes[: shards.rank])
    number = torch.arange(first, first + len(X), device="cpu")
    least, most = least_and_most_budget(n, k)
    if is_exact or least > most:
        ends = torch.tensor(even_bounds(n, shards.count)[1:-1], dtype=torch.int64, device="cpu")
        owner = torch.bucketize(number, ends, right=True)
        X, number = _deal([X, number], owner, shards)
        return _by_all(X, number, k, shards, progress)
    generator = torch.Generator("cpu").manual_seed(seed + shards.rank)
    shuffled = torch.randperm(len(X), generator=generator, device="cpu")

    def some(wanted: int, begin: bool = True) -> Tensor:
        """Return this rank's share of so many rows of all, chosen at random."""
        share_of_rank = -(-wanted * len(X) // n)
        return shuffled[:share_of_rank] if begin else shuffled[len(X) - share_of_rank :]

    # Rows that are centres of cells have more of their neighbours in these than others.
    chosen = some(SAMPLE, begin=False)
    sample = _Sample.of(X, number, chosen, k, shards)
    rows = shards.gather_rows(X[some(rows_for_components(X.shape[1]))])
    lead = project_on_leading(X, rows, sample.typical_distance, seed)
    sample.measure(X, lead, chosen, k, shards)
    rows = shards.gather_rows(lead[some(rows_for_groups(n))])
    generator_of_all = torch.Generator("cpu").manual_seed(seed)
    rows = rows[torch.randperm(len(rows), generator=generator_of_all, device="cpu")]
    centers = group_centers(rows, n)
    del rows
    group = nearest_groups(lead, centers)
    owner = _owners(torch.bincount(group, minlength=len(centers)), shards)[group]
    is_whole = lead is X
    X, lead, number, group = _deal(
        [X, X[:, :0] if is_whole else lead, number, group], owner, shards
    )
    lead = X if is_whole else lead
    shuffled = torch.randperm(len(X), generator=generator, device="cpu")
    cells = cells_of_groups(lead, group, centers, shuffled, n)
    sort_rows(X, cells.order)
    lead, number = X if is_whole else lead[cells.order], number[cells.order]
    search = _Search(X, lead, cells, k, shards)
    X = search.X.own
    del lead
    found = try_budgets(search.trial_of(sample, number), sample.kth, least, most, recall)
    if not found:
        return _by_all(X, number, k, shards, progress)
    budget, measured = found
    return Dealt(X, search.sizes, number, search.of_all(budget, progress), measured)


def _deal(arrays: list[Tensor], owner: Tensor, shards: Shards) -> list[Tensor]:
    """Give the rows of all arrays to their owners, ranks (l,), and return what this rank gets."""
    order = owner.argsort(stable=True)
    counts = torch.bincount(owner, minlength=shards.count).tolist()
    return [shards.exchange(array[order], counts)[0] for array in arrays]


def _owners(members: Tensor, shards: Shards) -> Tensor:
    """Return the rank of each group, of which this rank has so many rows (g,): (g,) int64."""
    members = shards.sum(members)
    twice_the_middle = 2 * members.cumsum(0) - members
    owner = torch.div(twice_the_middle * shards.count, 2 * members.sum(), rounding_mode="floor")
    return owner.clamp(max=shards.count - 1)


def _by_all(
    X: Tensor,
    number: Tensor,
    k: int,
    shards: Shards,
    progress: Callable[[int, int], None] | None,
) -> Dealt:
    """Compare the rows of each rank with those of all, which travel round."""
    sizes = shards.sizes(len(X))
    starts = [0, *accumulate(sizes)]
    found = Neighbors(
        torch.empty(len(X), 0, dtype=torch.int32, device="cpu"),
        torch.empty(len(X), 0, dtype=torch.float32, device="cpu"),
    )
    visitor = X
    for step in range(shards.count):
        owner = (shards.rank - step) % shards.count
        among = min(k, len(visitor) - (step == 0))
        if len(X) and among > 0:
            more = exact_neighbors(X, among) if step == 0 else neighbors_in(visitor, X, among)
            found = _nearer(found, more._replace(indices=more.indices + starts[owner]), k)
        if step + 1 < shards.count:
            counts = [0] * shards.count
            counts[(shards.rank + 1) % shards.count] = len(visitor)
            visitor, _ = shards.exchange(visitor, counts)
        if progress:
            progress(step + 1, shards.count)
    if not len(X):
        found = Neighbors(found.indices.view(0, k), found.sq_distances.view(0, k))
    return Dealt(X, sizes, number, found, 1.0, True)


def _nearer(a: Neighbors, b: Neighbors, k: int) -> Neighbors:
    """Return the k nearest of two lists of neighbours of the same rows."""
    indices = torch.cat([a.indices, b.indices], 1)
    sq_distances, order = torch.cat([a.sq_distances, b.sq_distances], 1).sort(dim=1, stable=True)
    indices = indices.gather(1, order)[:, :k]
    return Neighbors(indices.contiguous(), sq_distances[:, :k].contiguous())


@dataclass
class _Sample:
    """Rows of all ranks whose true neighbours are known, by which the recall is measured."""

    X: Tensor
    """(s, d); all ranks have the same."""
    number: Tensor
    """(s,) int64: their numbers in the data."""
    is_first: Tensor
    """(s,) bool: those that were measured without leading components."""
    kth: Tensor
    """(s,): squared distances to their true k-th neighbours."""
    lead: Tensor | None = None
    """(s, m): their leading components."""

    @classmethod
    def of(cls, X: Tensor, number: Tensor, chosen: Tensor, k: int, shards: Shards) -> _Sample:
        """Gather some rows of each rank, and measure every eighth."""
        rows, numbers = shards.gather_rows(X[chosen]), shards.gather_rows(number[chosen])
        is_first = torch.arange(len(rows), device="cpu") % FIRST_OF_SAMPLE == 0
        kth = torch.empty(len(rows), dtype=torch.float32, device="cpu")
        first = rows[is_first]
        kth[is_first] = distances_to_kth(X, X, first, first, k, shards)
        return cls(rows, numbers, is_first, kth)

    @property
    def typical_distance(self) -> float:
        """Squared distance to the k-th neighbour; equal rows say nothing about that of others."""
        apart = self.kth[self.is_first & (self.kth > 0)]
        return float(apart.median()) if len(apart) else 0.0

    def measure(self, X: Tensor, lead: Tensor, chosen: Tensor, k: int, shards: Shards) -> None:
        """Measure the others, given the leading components of the rows of this rank."""
        self.lead = self.X if lead is X else shards.gather_rows(lead[chosen])
        rest = ~self.is_first
        self.kth[rest] = distances_to_kth(X, lead, self.X[rest], self.lead[rest], k, shards)


class _Rows:
    """The rows of a rank, and behind them rows of others that visit it.

    The room for visitors takes memory only where it was ever used. So the own rows need not be
    copied for each part of the search.
    """

    def __init__(self, own: Tensor) -> None:
        l, self._visitors = len(own), 0
        self._rows = own.new_empty(2 * l + _ROWS_AT_ONCE, *own.shape[1:])
        self._rows[:l] = own
        self.own = self._rows[:l]

    def visit(self, rows: Tensor) -> None:
        """Take other visitors in the place of those before."""
        l, self._visitors = len(self.own), len(rows)
        if l + len(rows) > len(self._rows):
            more = self._rows.new_empty(l + 2 * len(rows), *rows.shape[1:])
            more[:l] = self.own
            self._rows, self.own = more, more[:l]
        self._rows[l : l + len(rows)] = rows

    def all(self) -> Tensor:
        """Return own rows and visitors."""
        return self._rows[: len(self.own) + self._visitors]


class _Search:
    """The rows of a rank, sorted by cell, and the cells of all ranks."""

    def __init__(self, X: Tensor, lead: Tensor, own: Cells, k: int, shards: Shards) -> None:
        self.l, self.k, self.shards = len(X), k, shards
        self.X = _Rows(X)
        self.lead = self.X if lead is X else _Rows(lead)
        self.sq_norms = squared_norms(lead)
        self.sizes = shards.sizes(len(X))
        self.n, self.first = sum(self.sizes), sum(self.sizes[: shards.rank])
        self.keep = choose_keep(self.n, k) if lead is X else keep_by_components(k)
        self.own_starts = own.starts
        counts = shards.sizes(len(own.centers))
        self.bounds = [0, *accumulate(counts)]
        """Cells of rank i: ``bounds[i]`` to ``bounds[i + 1]``, half-open."""
        self.first_cell = self.bounds[shards.rank]
        self.cells = _cells_of_all(own, shards)
        self.near = NearCells(self.cells)

    def trial_of(self, sample: _Sample, number: Tensor) -> Callable[[int], Tensor]:
        """Return a function that tells how far the neighbours of a sample are with a budget."""
        # Where the rows of the sample are now; -1 if on another rank.
        numbers, by_number = number.sort()
        at = torch.searchsorted(numbers, sample.number).clamp(max=max(0, self.l - 1))
        place = torch.full_like(sample.number, -1)
        if self.l:
            is_here = numbers[at] == sample.number
            place[is_here] = by_number[at[is_here]]
        cell = torch.full_like(place, -1)
        here = place >= 0
        cell[here] = torch.searchsorted(self.own_starts, place[here], right=True) - 1
        cell[here] += self.first_cell
        cell = self.shards.gather(cell).amax(0)
        return partial(self._trial, sample, place, cell)

    def _trial(self, sample: _Sample, place: Tensor, cell: Tensor, budget: int) -> Tensor:
        """Search for the sample as :meth:`of_all` would, each rank among its own rows."""
        by_cell = cell.argsort(stable=True)
        starts, probes = self.near(cell[by_cell], budget)
        found = torch.full((len(cell), self.keep, 2), math.inf, dtype=torch.float32, device="cpu")
        lead = sample.lead
        assert lead is not None

        def search(i: int) -> None:
            query = int(by_cell[i])
            mine = probes[starts[i] : starts[i + 1]] - self.first_cell
            mine = mine[(0 <= mine) & (mine < len(self.own_starts) - 1)]
            rows = members_of(self.own_starts, mine)
            rows = rows[rows != place[query]]
            if not len(rows):
                return
            sq = ops.pairwise_sq_distances(lead[query, None], self.lead.own[rows])[0]
            by_lead, best = sq.topk(min(self.keep, len(rows)), largest=False)
            found[query, : len(best), 0] = by_lead
            rows = rows[best]
            found[query, : len(best), 1] = ops.pairwise_sq_distances(
                sample.X[query, None], self.X.own[rows]
            )[0]

        share(search, range(len(cell)))
        every = torch.cat(list(self.shards.gather(found)), 1)
        best = every[:, :, 0].topk(self.keep, 1, largest=False).indices
        return every[:, :, 1].gather(1, best).sort(1).values[:, : self.k]

    def of_all(self, budget: int, progress: Callable[[int, int], None] | None) -> Neighbors:
        """Find the neighbours of all rows of this rank."""
        out = Neighbors(
            torch.empty(self.l, self.k, dtype=torch.int32, device="cpu"),
            torch.empty(self.l, self.k, dtype=torch.float32, device="cpu"),
        )
        own = len(self.own_starts) - 1
        # All ranks have the same number of parts, as they ask one another for rows in each.
        parts = -(-max(self.sizes) // _ROWS_AT_ONCE)
        done = 0
        for part in range(parts):
            cell = torch.arange(own * part // parts, own * (part + 1) // parts, device="cpu")
            found = self._of_cells(cell, budget)
            rows = slice(done, done + len(found.indices))
            out.indices[rows], out.sq_distances[rows] = found.indices, found.sq_distances
            done = rows.stop
            if progress:
                progress(part + 1, parts)
        return out

    def _of_cells(self, cell: Tensor, budget: int) -> Neighbors:
        """Find the neighbours of the rows of some own cells."""
        starts, probes = self.near(cell + self.first_cell, budget)
        visitors = self._fetch(probes.unique())
        X, lead = self.X.all(), self.lead.all()
        own = len(self.own_starts) - 1
        sizes = self.cells.starts.diff()[visitors]
        cells = torch.cat([self.own_starts, self.l + sizes.cumsum(0)])
        # Cells of others follow the own ones.
        is_own = (self.first_cell <= probes) & (probes < self.first_cell + own)
        local = torch.where(
            is_own, probes - self.first_cell, own + torch.searchsorted(visitors, probes)
        )
        sq_norms = torch.cat([self.sq_norms, squared_norms(lead[self.l :])])
        number = torch.cat(
            [
                torch.arange(self.first, self.first + self.l, device="cpu"),
                members_of(self.cells.starts, visitors),
            ]
        ).int()
        ranges = torch.stack([self.own_starts[cell], self.own_starts[cell + 1]], 1)
        indices, sq_distances = ops.knn_cells(
            *(X, lead, sq_norms, cells, ranges, starts, local, self.keep, self.k)
        )
        return Neighbors(number[indices.long()], sq_distances)

    def _fetch(self, cells: Tensor) -> Tensor:
        """Get the rows of those of some cells, which rise, that others have; return these cells."""
        is_other = (cells < self.first_cell) | (cells >= self.bounds[self.shards.rank + 1])
        cells = cells[is_other]
        ends = torch.tensor(self.bounds[1:-1], dtype=torch.int64, device="cpu")
        owner = torch.bucketize(cells, ends, right=True)
        counts = torch.bincount(owner, minlength=self.shards.count).tolist()
        wanted, wanted_counts = self.shards.exchange(cells, counts)
        wanted_rows = [
            members_of(self.own_starts, some - self.first_cell)
            for some in wanted.split(wanted_counts)
        ]
        given, counts = torch.cat(wanted_rows), [len(rows) for rows in wanted_rows]
        for rows_of in (self.X,) if self.lead is self.X else (self.X, self.lead):
            rows_of.visit(self.shards.exchange(rows_of.own[given], counts)[0])
        return cells


def _cells_of_all(own: Cells, shards: Shards) -> Cells:
    """Return the cells of all ranks, those of rank 0 first. Only their rows stay where they are."""
    sizes = shards.gather_rows(own.starts.diff())
    # A group is on one rank; on the others it has no cells.
    cells_of_groups = shards.sum(own.groups.diff())
    return Cells(
        own.order,
        torch.cat([sizes.new_zeros(1), sizes.cumsum(0)]),
        shards.gather_rows(own.centers),
        torch.cat([cells_of_groups.new_zeros(1), cells_of_groups.cumsum(0)]),
        own.group_centers,
    )
