"""Approximate nearest neighbours by tiles between large cells: on a GPU, and in spread-out data.

It is the same idea as in :mod:`fasttsne.neighbors.cells`, but tiles of the distance matrix are
computed between each cell and the nearest cells by the kernel of the exact search, whose tiles
serve the rows of both cells. The recall is measured between stages, each of which searches farther
cells, until it suffices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .. import ops
from .brute_force import brute_force_neighbors, measure
from .candidates import Candidates, choose_keep
from .kmeans import lloyd, nearest
from .leading import keep_by_components
from .recall import RECALL, SAMPLE, is_true, judge
from .result import Neighbors, SortedNeighbors
from .tiles import LARGEST_BLOCK, Tile, choose_block_rows, disjoint_rounds

_ROWS_PER_CELL = 512
"""Mean size of a cell, about that of a block: smaller cells fit the data better, but give smaller
tiles, for which the kernel is less efficient."""
_SAMPLES_PER_CENTER = 40
_LLOYD_STEPS = 8
"""Enough for cells of even size; better centres would not find more neighbours."""
_FIRST_PROBES = 16
"""Blocks that each block meets in the first stage."""
_PROBE_GROWTH = 1.25
"""Factor of the probes from one stage to the next. It is small, because measuring the recall takes
less time than tiles that are not needed."""


@dataclass(frozen=True)
class TileCells:
    """Rows sorted by cell, and cells cut into blocks for tiles."""

    order: Tensor
    """(n,) int64: row of the data at each sorted place."""
    starts: list[int]
    """(blocks + 1,): block i is the sorted rows ``starts[i]`` to ``starts[i + 1]``, half-open."""
    centers: Tensor
    """(blocks, d): centre of the cell that each block belongs to."""


def make_tile_cells(X: Tensor, seed: int) -> TileCells:
    """Cluster a sample of rows by Lloyd's k-means, then sort all rows by nearest centre.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
    seed : int
        Of the sample and the first centres.

    Returns
    -------
    TileCells
    """
    n, d = X.shape
    count = max(1, n // _ROWS_PER_CELL)
    generator = torch.Generator("cpu").manual_seed(seed)
    chosen = torch.randperm(n, generator=generator, device="cpu")[: count * _SAMPLES_PER_CENTER]
    chosen = chosen.to(X.device)
    centers = lloyd(X[chosen.sort().values], X[chosen[:count]], _LLOYD_STEPS)
    cell = nearest(X, centers)
    order = cell.argsort(stable=True)
    largest = min(LARGEST_BLOCK, choose_block_rows(n, d))
    blocks, cell_of_block, begin = [0], [], 0
    for number, members in enumerate(torch.bincount(cell, minlength=len(centers)).tolist()):
        parts = math.ceil(members / largest)
        for part in range(parts):
            blocks.append(begin + members * (part + 1) // parts)
            cell_of_block.append(number)
        begin += members
    return TileCells(
        order, blocks, centers[torch.tensor(cell_of_block, dtype=torch.int64, device=X.device)]
    )


def cell_tile_neighbors(
    X: Tensor,
    k: int,
    seed: int,
    recall: float = RECALL,
    progress: Callable[[int, int], None] | None = None,
    lead: Tensor | None = None,
    sample: tuple[Tensor, Tensor] | None = None,
) -> SortedNeighbors:
    """Find most of the k nearest other rows of each row.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
        Centred.
    k : int
        In 1 .. n - 1.
    seed : int
        Of the clustering, and of the sample that measures the recall.
    recall : float, default 0.98
        Share of the true neighbours of the sample to find.
    progress : callable, optional
        Called with (tiles done, tiles planned so far) after each round. More tiles are planned
        until the recall suffices; the last call has all of them done.
    lead : Tensor, shape (n, m), float32, optional
        What is compared to find candidates, such as leading principal components. Default: X.
    sample : (Tensor, Tensor), optional
        Rows that measure the recall, (l,) int64, and their squared distances to their true k-th
        neighbours, (l,) float32. Default: these are found.

    Returns
    -------
    SortedNeighbors
    """
    is_whole = lead is None or lead is X
    cells = make_tile_cells(X if lead is None else lead, seed)
    X = X[cells.order]
    lead = X if is_whole or lead is None else lead[cells.order]
    n = X.shape[0]
    keep = choose_keep(n, k) if is_whole else min(n - 1, keep_by_components(k))
    candidates = Candidates.empty(lead, keep)
    blocks = torch.tensor(cells.starts, dtype=torch.int64, device="cpu")
    if sample is None:
        generator = torch.Generator("cpu").manual_seed(seed)
        rows = torch.randperm(n, generator=generator, device="cpu")[:SAMPLE].to(X.device)
        kth = brute_force_neighbors(X, rows, k).sq_distances[:, -1]
    else:
        place = torch.empty_like(cells.order)
        place[cells.order] = torch.arange(n, device=X.device)
        rows, kth = place[sample[0]], sample[1]
    measured = 0.0
    done = 0
    for stage in _stages(cells.centers):
        planned = done + len(stage)
        for tiles in disjoint_rounds(stage):
            candidates.scan(lead, blocks, tiles)
            done += len(tiles)
            # Whether these are the last is not known before the recall is.
            if progress and done < planned:
                progress(done, planned)
        measured, suffices = judge(_recall_of_rows(X, candidates, rows, kth, k), recall)
        # Outliers among small cells may have fewer than k candidates yet.
        if suffices and int(candidates.count.min()) >= k:
            break
    if progress:
        progress(done, done)
    indices, sq_distances, _ = ops.knn_rerank(
        X, candidates.keys, candidates.count, candidates.bound, keep, k
    )
    return SortedNeighbors(Neighbors(indices, sq_distances), X, cells.order, measured)


def _stages(centers: Tensor) -> Iterator[list[Tile]]:
    """Yield the new tiles of each stage: every block with its 16, 20, 25 ... nearest, up to all."""
    n_blocks = centers.shape[0]
    seen: set[Tile] = set()
    probes = _FIRST_PROBES
    while len(seen) < n_blocks * (n_blocks + 1) // 2:
        stage = []
        # The nearest are not a continuation of those of the stage before: the blocks of one cell
        # have the same centre, and equal distances come in any order.
        for block, others in enumerate(_nearest_blocks(centers, min(probes, n_blocks))):
            for other in others:
                tile = (min(block, other), max(block, other))
                if tile not in seen:
                    seen.add(tile)
                    stage.append(tile)
        yield stage
        probes = int(_PROBE_GROWTH * probes)


def _nearest_blocks(centers: Tensor, count: int) -> list[list[int]]:
    """Return for each block the blocks of the nearest centres, nearest first."""
    out = []
    for some in centers.split(1024):
        sq = ops.pairwise_sq_distances(some, centers)
        out += sq.topk(count, 1, largest=False, sorted=True).indices.tolist()
    return out


def _recall_of_rows(
    X: Tensor, candidates: Candidates, sample: Tensor, kth: Tensor, k: int
) -> Tensor:
    """Return the share of the k nearest rows of each sampled row among its candidates: float64.

    Parameters
    ----------
    kth : Tensor, shape (sample,), float32
        Squared distance of each sampled row to its true k-th neighbour.
    """
    indices = candidates.best_indices(sample)
    sq = measure(X, sample, indices.clamp(min=0))
    near = (indices >= 0) & is_true(sq, kth)
    return near.sum(1).clamp(max=k).double() / k
