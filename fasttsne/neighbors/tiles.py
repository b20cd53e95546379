"""Which tiles of the distance matrix are computed at the same time.

The rows of the data are cut into blocks. A tile is a pair of blocks: the distances of all rows of
one block to all rows of the other. Distances are symmetric, so that a tile serves the rows of both.

Tiles are grouped into rounds in which no block occurs twice. The tiles of a round therefore run in
parallel without locks. Rounds follow one another in a fixed order, so that the result does not
depend on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

Tile = tuple[int, int]
"""The numbers of two blocks, the lower first; twice the same on the diagonal."""

LARGEST_BLOCK = 1024
"""Most rows of a block. Packing a block of this size takes little time beside multiplying it."""
_BLOCK_FLOATS = 1 << 20
"""Most numbers of a block, which limits its rows where they are long."""
_SMALLEST_BLOCK = 64
_BLOCKS_WANTED = 32
"""Blocks where n allows, so that each round has tiles for several threads."""


def choose_block_rows(n: int, d: int) -> int:
    """Return how many rows a block gets where there are n rows of d numbers."""
    fit = _BLOCK_FLOATS // d // 32 * 32
    return max(_SMALLEST_BLOCK, min(LARGEST_BLOCK, fit, math.ceil(n / _BLOCKS_WANTED)))


def tile_rounds(n_blocks: int) -> Iterator[list[Tile]]:
    """Yield all tiles, each once, in rounds of disjoint tiles.

    The first round holds the diagonal. The others are a round-robin tournament by the circle
    method: one player keeps its seat, and all others move on by one seat in each round.
    """
    yield [(b, b) for b in range(n_blocks)]
    # An odd number of blocks is filled up by a dummy in the last seat.
    circle = n_blocks - 1 + n_blocks % 2
    for turn in range(circle if n_blocks > 1 else 0):
        pairs = [(turn, circle)]
        pairs += [((turn + s) % circle, (turn - s) % circle) for s in range(1, circle // 2 + 1)]
        yield [(min(p), max(p)) for p in pairs if max(p) < n_blocks]


def disjoint_rounds(tiles: list[Tile]) -> list[list[Tile]]:
    """Group any tiles into rounds of disjoint tiles, greedily.

    Each tile goes into the first round in which both of its blocks are free.
    """
    busy: dict[int, int] = {}  # block -> bit r is set if round r holds the block
    rounds: list[list[Tile]] = []
    for a, b in tiles:
        taken = busy.get(a, 0) | busy.get(b, 0)
        free = (~taken & (taken + 1)).bit_length() - 1  # the lowest bit that is 0
        if free == len(rounds):
            rounds.append([])
        rounds[free].append((a, b))
        for block in {a, b}:
            busy[block] = busy.get(block, 0) | 1 << free
    return rounds
