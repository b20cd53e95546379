"""Approximate neighbours for large n: inverted lists, scanned list against list.

Rows are sorted into the cells of a k-means clustering; tiles of the distance matrix are computed
only between a cell and the cells whose centres are nearest, by the same kernel as the exact search.
The search measures its own recall on a sample and goes on to farther cells until it is good enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .. import ops
from .exact import (
    LARGEST_BLOCK,
    Candidates,
    Neighbors,
    block_rows,
    keep_for,
    measured_neighbors,
)

_ROWS_A_CELL = 512
"""Cells about as large as a block: smaller ones fit the data better but fill tiles worse."""
_SAMPLES_A_CENTER = 40
_LLOYD_STEPS = 8
"""Enough for cells of even size; better centres would not find more neighbours."""
_FIRST_PROBES = 16
_MORE_PROBES = 1.25
"""Factor from stage to stage; measuring the recall costs less than tiles beyond need."""
RECALL = 0.98
_RECALL_SAMPLE = 256
"""Rows measured against all others."""


@dataclass(frozen=True)
class Cells:
    """Rows sorted by cell, and cells cut into blocks that tiles can take."""

    order: Tensor
    """(n,) row of the data at each sorted place"""
    blocks: list[int]
    """(blocks + 1,) first sorted place of each block"""
    centers: Tensor
    """(blocks, d) of the cell of each block"""


def nearest_centers(X: Tensor, centers: Tensor) -> Tensor:
    """Return the number of each row's nearest centre: (n,) int64."""
    # The op gives the same bits for any number of threads, which a matrix product need not.
    at_once = max(1, (1 << 25) // centers.shape[0])
    return torch.cat(
        [ops.pairwise_sq_distances(rows, centers).argmin(1) for rows in X.split(at_once)]
    )


def make_cells(X: Tensor, seed: int) -> Cells:
    """Cluster rows by Lloyd's k-means on a sample, then sort all rows by nearest centre.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
    seed : int

    Returns
    -------
    Cells
    """
    n, d = X.shape
    count = max(1, n // _ROWS_A_CELL)
    generator = torch.Generator("cpu").manual_seed(seed)
    chosen = torch.randperm(n, generator=generator, device="cpu")[: count * _SAMPLES_A_CENTER]
    chosen = chosen.to(X.device)
    sample = X[chosen.sort().values]
    centers = X[chosen[:count]].contiguous()
    for _ in range(_LLOYD_STEPS):
        cell = nearest_centers(sample, centers)
        members = torch.bincount(cell, minlength=count)
        # Sorted, and each segment summed in its order: the same bits for any threads.
        by_cell = sample[cell.argsort(stable=True)].double()
        sums = torch.segment_reduce(by_cell, "sum", lengths=members, axis=0, unsafe=True)
        means = (sums / members.clamp(min=1)[:, None]).float()
        centers = torch.where((members > 0)[:, None], means, centers).contiguous()
    cell = nearest_centers(X, centers)
    order = cell.argsort(stable=True)
    largest = min(LARGEST_BLOCK, block_rows(n, d))
    blocks, cell_of_block, place = [0], [], 0
    for number, members in enumerate(torch.bincount(cell, minlength=count).tolist()):
        parts = math.ceil(members / largest)
        for part in range(parts):
            blocks.append(place + members * (part + 1) // parts)
            cell_of_block.append(number)
        place += members
    return Cells(
        order, blocks, centers[torch.tensor(cell_of_block, dtype=torch.int64, device=X.device)]
    )


def disjoint_rounds(tiles: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Group tiles into rounds in which no block stands twice, each as early as it can."""
    busy: dict[int, int] = {}  # block -> bits of the rounds that hold it
    rounds: list[list[tuple[int, int]]] = []
    for a, b in tiles:
        taken = busy.get(a, 0) | busy.get(b, 0)
        free = (~taken & (taken + 1)).bit_length() - 1  # the lowest bit that is 0
        if free == len(rounds):
            rounds.append([])
        rounds[free].append((a, b))
        for block in {a, b}:
            busy[block] = busy.get(block, 0) | 1 << free
    return rounds


def _tiles_by_distance(centers: Tensor) -> Iterator[list[tuple[int, int]]]:
    """New tiles of each stage: every block with its 16, 20, 25 ... nearest, until all are done."""
    n_blocks = centers.shape[0]
    seen: set[tuple[int, int]] = set()
    probes = _FIRST_PROBES
    while len(seen) < n_blocks * (n_blocks + 1) // 2:
        stage = []
        # All of them again: blocks of one cell are equally far, and stand in any order.
        for block, others in enumerate(_nearest_blocks(centers, min(probes, n_blocks))):
            for other in others:
                tile = (min(block, other), max(block, other))
                if tile not in seen:
                    seen.add(tile)
                    stage.append(tile)
        yield stage
        probes = int(_MORE_PROBES * probes)


def _nearest_blocks(centers: Tensor, count: int) -> list[list[int]]:
    """Return for each block the blocks of the nearest centres, nearest first."""
    out = []
    for some in centers.split(1024):
        sq = ops.pairwise_sq_distances(some, centers)
        out += sq.topk(count, 1, largest=False, sorted=True).indices.tolist()
    return out


def cell_neighbors(
    X: Tensor,
    cells: Cells,
    k: int,
    seed: int,
    recall: float = RECALL,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Neighbors, float]:
    """Find most of the k nearest other rows of each row.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
        Sorted by cell (``X[cells.order]``), centred.
    cells : Cells
    k : int
    seed : int
        Of the sample that measures the recall.
    recall : float
        Share of the true neighbours to find, measured on a sample of rows.
    progress : callable, optional
        Called with (tiles done, tiles planned) after each round.

    Returns
    -------
    Neighbors
        Of the sorted rows, by sorted place.
    float
        The measured recall.
    """
    n = X.shape[0]
    candidates = Candidates.empty(X, keep_for(n, k))
    blocks = torch.tensor(cells.blocks, dtype=torch.int64, device="cpu")
    generator = torch.Generator("cpu").manual_seed(seed)
    sample = torch.randperm(n, generator=generator, device="cpu")[:_RECALL_SAMPLE].to(X.device)
    kth = measured_neighbors(X, sample, k).sq_distances[:, -1]
    found = 0.0
    done = 0
    for stage in _tiles_by_distance(cells.centers):
        planned = done + len(stage)
        for tiles in disjoint_rounds(stage):
            candidates.scan(X, blocks, tiles)
            done += len(tiles)
            if progress:
                progress(done, planned)
        found = _recall(X, candidates, sample, kth, k)
        # Far rows among small cells may not have met k others yet.
        if found >= recall and int(candidates.count.min()) >= k:
            break
    neighbors, _ = candidates.nearest(X, k)
    return neighbors, found


def _recall(X: Tensor, candidates: Candidates, sample: Tensor, kth: Tensor, k: int) -> float:
    """Share of the k nearest rows of each sampled row that are among its candidates."""
    indices = candidates.of(sample)
    sq = (X[sample, None] - X[indices.clamp(min=0)]).square().sum(2)
    # Another order of sums than that of kth.
    near = (indices >= 0) & (sq <= kth[:, None] * (1 + 1e-5))
    return int(near.sum(1).clamp(max=k).sum()) / (k * len(sample))
