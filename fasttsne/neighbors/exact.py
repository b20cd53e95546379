"""Exact nearest neighbours of all rows: a schedule of tiles over the symmetric distance matrix.

Rows are cut into blocks; a tile is a pair of blocks and serves the rows of both. Tiles are grouped
into rounds in which no block stands twice, so a round runs in parallel without locks, and the
order of work, hence the result, is the same for any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from .. import _library, ops

LARGEST_BLOCK = 1024
_BLOCK_FLOATS = 1 << 20
"""Most rows and numbers of a block: packing one is small beside multiplying it."""
_SMALLEST_BLOCK = 64
_DISTANCES_AT_ONCE = 1 << 26
"""Elements of the largest matrix of distances that is kept whole."""
_FEW_ROWS = 256
_ROWS_AT_ONCE = 1 << 16
"""Rows whose parts are kept beside the data."""
_ROWS_SEARCHED_AT_ONCE = 1 << 17
_BLOCKS_WANTED = 32
"""Blocks when n allows, so that each round has tiles for several threads."""


class Neighbors(NamedTuple):
    """The nearest other rows of each row, nearest first."""

    indices: Tensor
    """(n, k) int32"""
    sq_distances: Tensor
    """(n, k) float32"""
    unit: float = 1.0
    """What their roots are to be multiplied by to be distances of the data."""


def tile_rounds(n_blocks: int) -> Iterator[list[tuple[int, int]]]:
    """All unordered pairs of blocks, each once, in rounds of disjoint pairs.

    The first round holds the diagonal; the others are a round-robin tournament by the circle
    method: one player stays, the rest move one seat a round.
    """
    yield [(b, b) for b in range(n_blocks)]
    circle = n_blocks - 1 + n_blocks % 2  # an odd number plays against a ghost, the last seat
    for turn in range(circle if n_blocks > 1 else 0):
        pairs = [(turn, circle)]
        pairs += [((turn + s) % circle, (turn - s) % circle) for s in range(1, circle // 2 + 1)]
        yield [(min(p), max(p)) for p in pairs if max(p) < n_blocks]


def block_rows(n: int, d: int) -> int:
    """Rows of a block for n rows of d numbers."""
    fit = _BLOCK_FLOATS // d // 32 * 32
    return max(_SMALLEST_BLOCK, min(LARGEST_BLOCK, fit, math.ceil(n / _BLOCKS_WANTED)))


def keep_for(n: int, k: int) -> int:
    """Candidates to keep for k neighbours.

    A few more than k: tiles carry the rounding of an inner product, and the last step measures
    what they kept again.
    """
    return min(n - 1, k + max(8, k // 8))


@dataclass(frozen=True)
class Candidates:
    """The best rows so far for each row; see :func:`fasttsne.ops.knn_scan_`."""

    keys: Tensor
    count: Tensor
    bound: Tensor
    sq_norms: Tensor
    keep: int

    @classmethod
    def empty(cls, X: Tensor, keep: int) -> Candidates:
        """None yet, for the rows of X."""
        n = X.shape[0]
        # Room for as many again, so that a row is thinned out once for every `keep` newcomers; less
        # of it where memory counts. A GPU wants 64 places for a tile's.
        room = max(2 * keep, keep + 64) if n <= 1 << 18 else keep + 64
        return cls(
            torch.empty(n, room, dtype=torch.int64, device=X.device),
            torch.zeros(n, dtype=torch.int32, device=X.device),
            torch.full((n,), math.inf, dtype=torch.float32, device=X.device),
            _sq_norms(X),
            keep,
        )

    def scan(self, X: Tensor, blocks: Tensor, tiles: list[tuple[int, int]]) -> None:
        """Offer all pairs of rows of some tiles, which share no block."""
        ops.knn_scan_(
            X,
            self.sq_norms,
            self.keys,
            self.count,
            self.bound,
            self.keep,
            blocks,
            torch.tensor(tiles, dtype=torch.int64, device="cpu"),
        )

    def first(self, rows: int) -> Candidates:
        """Return those of the first rows."""
        return Candidates(
            self.keys[:rows],
            self.count[:rows],
            self.bound[:rows],
            self.sq_norms[:rows],
            self.keep,
        )

    def nearest(self, X: Tensor, k: int, ties: str = "any") -> tuple[Neighbors, Tensor]:
        """Return the k nearest of each row, measured exactly, and which rows may have lost one.

        Of equally near rows any will do, or those of the lowest indices: ``ties='first'``, or
        ``'in order'`` where tiles came in the order of rows, and so kept the first by themselves
        of rows that they find equally near.

        A row that the tiles dropped lies at ``unmeasured`` or farther by their reckoning, so no
        nearer than that less their error. Where the k-th neighbour is nearer still, the k are
        certainly the nearest.
        """
        indices, sq_distances, unmeasured = ops.knn_rerank(
            X, self.keys, self.count, self.bound, self.keep, k
        )
        kth = sq_distances[:, -1]
        error = _tile_error(X, self.sq_norms, kth)
        nearest_lost = unmeasured - error
        if ties == "first":
            doubtful = nearest_lost <= kth
        else:
            doubtful = nearest_lost < kth
            if ties == "in order":
                doubtful |= (nearest_lost == kth) & (error > 0)
            # Nothing is nearer than 0, and there rows are equal, in every tile.
            doubtful &= kth > 0
        return Neighbors(indices, sq_distances), doubtful.nonzero()[:, 0]

    def of(self, rows: Tensor) -> Tensor:
        """Return the indices (rows, keep) that :meth:`nearest` would measure; -1 for none."""
        room = torch.arange(self.keys.shape[1], device=rows.device)
        nothing = torch.iinfo(torch.int64).max
        keys = torch.where(room < self.count[rows, None], self.keys[rows], nothing)
        best = keys.topk(self.keep, 1, largest=False).values
        return torch.where(best == nothing, -1, best & 0xFFFFFFFF)


def _sq_norms(X: Tensor) -> Tensor:
    parts = [rows.square().sum(1, dtype=torch.float64) for rows in X.split(_ROWS_AT_ONCE)]
    return torch.cat(parts).float()


def sums_are_exact(X: Tensor, mean: Tensor | float = 0.0) -> bool:
    """Whether float32 holds all sums in the distances between rows of X - mean, in any order.

    So it is where all numbers are multiples of a power of two that is 2^-12 of the largest
    distance or more, as are zeros and ones: products are whole multiples of its square, and no sum
    of them has more digits than float32. Then equal distances are equal in every tile.
    """

    def holds(X: Tensor) -> bool:
        parts = [rows - mean for rows in X.split(_ROWS_AT_ONCE) if len(rows)]
        # A thousandth more than twice the largest norm, whose own sum may be rounded.
        largest = 2.002 * math.sqrt(
            max((float(_sq_norms(rows).max()) for rows in parts), default=0)
        )
        scale = math.ldexp(1.0, 12 - math.frexp(largest)[1])
        return all(torch.equal(scaled, scaled.round()) for scaled in (scale * r for r in parts))

    # The largest distance of few rows is no larger: what these rule out is ruled out.
    return holds(X[:_FEW_ROWS]) and holds(X)


def _tile_error(X: Tensor, sq_norms: Tensor, kth: Tensor) -> Tensor:
    """Bound the error of a tile's squared distance to whatever is within ``kth``, for each row.

    Tiles on a matrix unit split a number into two bf16, x = high + low + rest, and leave low low
    and all products of a rest out of a b. The norms of these parts of a row, taken exactly, bound
    what is left out (Cauchy and Schwarz); a row that was not measured has the largest of any row,
    and none above 2^-8 and 2^-16 of its norm, since bf16 rounds by up to 2^-8 of a number.
    """
    norm = sq_norms[: len(kth)].sqrt()
    other = norm + kth.sqrt()  # the largest norm of a row within the distance
    error = torch.zeros_like(kth)
    is_split = _library.kernels_on(X.device) in ("amx", "cuda")
    if not sums_are_exact(X):
        # A rounding a term, of at most |a| |b|, and a few for |a|^2 + |b|^2 - 2 a b. A matrix unit
        # adds three products in half as many steps each; tensor cores cut where others round.
        unit = 2.0**-23 if X.is_cuda else 2.0**-24
        error += (3 if is_split else 2) * (X.shape[1] + 8) * unit * other.square()
    if is_split:
        low, rest = _split_norms(X)
        error += (
            2.02
            * (  # a hundredth for low itself, which is rounded to bf16
                low[: len(kth)] * (2.0**-8 * other).clamp(max=low.max())
                + rest[: len(kth)] * other
                + norm * (2.0**-16 * other).clamp(max=rest.max())
            )
        )
    return error


def _split_norms(X: Tensor) -> tuple[Tensor, Tensor]:
    """Return the norms of what one bf16 and two leave of each row."""
    low, rest = [], []
    for rows in X.split(_ROWS_AT_ONCE):
        left = rows - rows.bfloat16().float()
        low.append(left.norm(dim=1))
        rest.append((left - left.bfloat16().float()).norm(dim=1))
    return torch.cat(low), torch.cat(rest)


def measured_neighbors(X: Tensor, rows: Tensor, k: int) -> Neighbors:
    """Find the k nearest other rows of some rows from all distances, without cancellation."""
    indices, sq_distances = [], []
    for some in rows.split(max(1, _DISTANCES_AT_ONCE // X.shape[0])):
        sq = ops.pairwise_sq_distances(X[some], X)
        sq[torch.arange(len(some), device=sq.device), some] = math.inf
        best = sq.topk(k, 1, largest=False)
        indices.append(best.indices.int())
        sq_distances.append(best.values)
    return Neighbors(torch.cat(indices), torch.cat(sq_distances))


def exact_neighbors(
    X: Tensor, k: int, progress: Callable[[int, int], None] | None = None
) -> Neighbors:
    """Find the k nearest other rows of each row by squared Euclidean distance.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
        Finite. Columns should be centred: tiles are inner products, whose error grows with the
        norms.
    k : int
        In 1 .. n - 1.
    progress : callable, optional
        Called with (rounds done, rounds in all) after each round, when Ctrl-C is also served.

    Returns
    -------
    Neighbors
    """
    n = X.shape[0]
    if not 1 <= k < n:
        raise ValueError(f"k must be in 1 .. n - 1 = {n - 1}, got {k}")
    X = X.contiguous()
    candidates = Candidates.empty(X, keep_for(n, k))
    starts = range(0, n, block_rows(n, X.shape[1]))
    blocks = torch.tensor([*starts, n], dtype=torch.int64, device="cpu")
    rounds = list(tile_rounds(len(blocks) - 1))
    for done, tiles in enumerate(rounds, 1):
        candidates.scan(X, blocks, tiles)
        if progress:
            progress(done, len(rounds))
    neighbors, doubtful = candidates.nearest(X, k)
    if len(doubtful):
        # Tight groups far from the centre, where inner products cancel: measure all their pairs.
        exact = measured_neighbors(X, doubtful, k)
        neighbors.indices[doubtful] = exact.indices
        neighbors.sq_distances[doubtful] = exact.sq_distances
    return neighbors


def neighbors_in(X: Tensor, queries: Tensor, k: int) -> Neighbors:
    """Find the k nearest rows of X of each query by squared Euclidean distance.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
        Finite, centred.
    queries : Tensor, shape (l, d), float32
        Finite, centred alike.
    k : int
        In 1 .. n.

    Returns
    -------
    Neighbors
        Of the queries; equally near rows stand in the order of their indices.
    """
    nearest = Neighbors(
        torch.empty(len(queries), 0, dtype=torch.int32, device=X.device),
        torch.empty(len(queries), 0, dtype=torch.float32, device=X.device),
    )
    # A few rows of X at a time: a candidate list for each of them is filled, too, for nothing.
    for start in range(0, X.shape[0], _ROWS_SEARCHED_AT_ONCE):
        part = X[start : start + _ROWS_SEARCHED_AT_ONCE]
        found = _neighbors_in_part(part, queries, min(k, len(part)))
        indices = torch.cat([nearest.indices, found.indices + start], 1)
        sq_distances = torch.cat([nearest.sq_distances, found.sq_distances], 1)
        sq_distances, order = sq_distances.sort(dim=1, stable=True)
        nearest = Neighbors(indices.gather(1, order)[:, :k], sq_distances[:, :k])
    return Neighbors(nearest.indices.contiguous(), nearest.sq_distances.contiguous())


def _neighbors_in_part(X: Tensor, queries: Tensor, k: int) -> Neighbors:
    l, n = len(queries), len(X)
    both = torch.cat([queries, X])
    candidates = Candidates.empty(both, keep_for(n + 1, k))
    size = block_rows(n, X.shape[1])
    theirs, mine = range(0, l, size), range(l, l + n, size)
    blocks = torch.tensor([*theirs, *mine, l + n], dtype=torch.int64, device="cpu")
    # Each block of queries meets those of X in their order, one round behind the block before it.
    a, b = len(theirs), len(mine)
    for last in range(a + b - 1):
        ours = range(max(0, last - b + 1), min(a, last + 1))
        candidates.scan(both, blocks, [(i, a + last - i) for i in ours])
    # So the CPU's kernels keep the first of equally near rows. A GPU's threads come in any order.
    in_order = _library.kernels_on(X.device) not in ("cuda", "reference")
    nearest, doubtful = candidates.first(l).nearest(both, k, "in order" if in_order else "first")
    indices, sq_distances = nearest.indices - l, nearest.sq_distances
    if len(doubtful):
        exact = _measured(X, queries[doubtful], k)
        indices[doubtful], sq_distances[doubtful] = exact.indices, exact.sq_distances
    return Neighbors(indices, sq_distances)


def _measured(X: Tensor, queries: Tensor, k: int) -> Neighbors:
    indices, sq_distances = [], []
    for some in queries.split(max(1, _DISTANCES_AT_ONCE // X.shape[0])):
        sq = ops.pairwise_sq_distances(some, X)
        # The bits of numbers of 0 or more are in their order; below them the index breaks ties.
        keys = sq.view(torch.int32).long()
        keys <<= 32
        keys |= torch.arange(len(X), device=sq.device)
        best = keys.topk(k, 1, largest=False).values & 0xFFFFFFFF
        indices.append(best.int())
        sq_distances.append(sq.gather(1, best))
    return Neighbors(torch.cat(indices), torch.cat(sq_distances))
