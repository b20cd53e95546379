"""Commands that ``torchrun`` starts as several processes: each reads and gets its part of the rows.

``torchrun`` tells every process its rank and how many there are in variables of the environment.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..shards import even_bounds


def rank_and_count() -> tuple[int, int]:
    """Return the rank of this process and the number of all; 0 and 1 without ``torchrun``."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return 0, 1
    return int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])


def rows_of_this_rank(n: int) -> slice:
    """Return which of n rows this process has."""
    rank, count = rank_and_count()
    bounds = even_bounds(n, count)
    return slice(bounds[rank], bounds[rank + 1])


def start() -> bool:
    """Connect the processes; return whether there are several."""
    if rank_and_count()[1] == 1:
        return False
    import torch.distributed as dist

    dist.init_process_group()
    return True


def gather(Y: Any) -> np.ndarray:
    """Return the rows of all processes."""
    import torch

    from ..shards import Ranks

    shards = Ranks()
    with shards.together():
        return shards.gather_rows(torch.from_numpy(np.ascontiguousarray(Y))).numpy()
