"""Candidate lists: the rows that tiles have found nearest to each row so far.

The distances of tiles are rounded, so that a list keeps more rows than neighbours are wanted. At
the end its rows are measured again by differences. A bound on the error of tiles then certifies
that the nearest rows are among them, for all rows but a few.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .. import ops
from .result import Neighbors
from .rounding import bound_tile_error, squared_norms
from .tiles import Tile

_MANY_ROWS = 1 << 18
"""Rows above which the lists are kept short to save memory."""


def choose_keep(n: int, k: int) -> int:
    """Return how many candidates to keep for k neighbours among n rows, itself one of them."""
    return min(n - 1, k + max(8, k // 8))


@dataclass(frozen=True)
class Candidates:
    """The candidate list of each row; see :func:`fasttsne.ops.knn_scan_`."""

    keys: Tensor
    """(n, capacity) int64: the bits of the tile's squared distance, then those of the index."""
    count: Tensor
    """(n,) int32: how many keys are in use."""
    bound: Tensor
    """(n,) float32: squared distance that a new candidate must be below, infinity at first."""
    sq_norms: Tensor
    """(n,) float32: squared norms of the rows."""
    keep: int
    """Candidates of a row that are never dropped for farther ones."""

    @classmethod
    def empty(cls, X: Tensor, keep: int) -> Candidates:
        """Return lists without candidates for the rows of X (n, d)."""
        n = X.shape[0]
        # A full list is cut back to `keep`. With a capacity of twice that, it happens once for
        # every `keep` new candidates. A GPU needs 64 free places for the candidates of a tile.
        capacity = max(2 * keep, keep + 64) if n <= _MANY_ROWS else keep + 64
        return cls(
            torch.empty(n, capacity, dtype=torch.int64, device=X.device),
            torch.zeros(n, dtype=torch.int32, device=X.device),
            torch.full((n,), math.inf, dtype=torch.float32, device=X.device),
            squared_norms(X),
            keep,
        )

    def scan(self, X: Tensor, blocks: Tensor, tiles: list[Tile]) -> None:
        """Compute tiles that share no block, and offer each row the rows that it meets there."""
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

    def head(self, rows: int) -> Candidates:
        """Return the lists of the first rows, without a copy."""
        return Candidates(
            self.keys[:rows],
            self.count[:rows],
            self.bound[:rows],
            self.sq_norms[:rows],
            self.keep,
        )

    def nearest(self, X: Tensor, k: int, ties: str = "any") -> tuple[Neighbors, Tensor]:
        """Return the k nearest candidates of each row, and the rows for which these may be wrong.

        A row that was offered but not measured has a squared distance of ``unmeasured`` or more by
        the tiles, and so truly of ``unmeasured - error`` or more. Where the k-th candidate is
        nearer than that, the k candidates are certainly the nearest rows.

        Parameters
        ----------
        X : Tensor, shape (n, d), float32
            The rows that were scanned.
        k : int
            At most ``keep``.
        ties : {'any', 'first', 'in order'}
            Which of equally near rows are wanted: any, or those of the lowest indices ('first').
            'in order' also means the lowest indices, for tiles that were scanned in the order of
            the rows. Of rows that a tile finds equally near, the lists then hold the first.

        Returns
        -------
        Neighbors
            Measured by differences, equally near ones in the order of their indices.
        Tensor, shape (doubtful,), int64
            Rows that may lack one of their nearest.
        """
        indices, sq_distances, unmeasured = ops.knn_rerank(
            X, self.keys, self.count, self.bound, self.keep, k
        )
        kth = sq_distances[:, -1]
        error = bound_tile_error(X, self.sq_norms, kth)
        nearest_lost = unmeasured - error
        if ties == "first":
            doubtful = nearest_lost <= kth
        else:
            doubtful = nearest_lost < kth
            if ties == "in order":
                doubtful |= (nearest_lost == kth) & (error > 0)
            # No row is nearer than 0. Rows at distance 0 are equal, and so equally near in every
            # tile.
            doubtful &= kth > 0
        return Neighbors(indices, sq_distances), doubtful.nonzero()[:, 0]

    def best_indices(self, rows: Tensor) -> Tensor:
        """Return the best ``keep`` candidates of some rows: (rows, keep) indices, -1 for none."""
        places = torch.arange(self.keys.shape[1], device=rows.device)
        nothing = torch.iinfo(torch.int64).max
        keys = torch.where(places < self.count[rows, None], self.keys[rows], nothing)
        best = keys.topk(self.keep, 1, largest=False).values
        return torch.where(best == nothing, -1, best & 0xFFFFFFFF)
