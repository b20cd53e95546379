"""Says how much memory a fit needs, where there is too little.

A GPU refuses memory that it does not have. Linux grants it to a process, and ends the process
without a word once it writes there. So the CPU's memory is compared with what a fit needs before it
starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from .._memory import free_memory
from ..affinities import Affinities
from ..affinities.in_parts import MANY_EDGES
from .parameters import Plan, neighbors_per_point


def check_memory(plan: Plan, n: int, numbers: int) -> None:
    """Raise if a fit on the CPU certainly needs more memory than there is.

    Parameters
    ----------
    plan : Plan
    n : int
        Samples.
    numbers : int
        Numbers in the scaled copy of X; 0 if the fit makes none.

    Raises
    ------
    MemoryError
        The message names what the fit needs, what there is, and what to change.
    """
    if not isinstance(plan.affinities, Affinities) or plan.search.is_given:
        return  # P exists already, or neighbours of any number
    k = neighbors_per_point(plan.affinities, n)
    # At first the scaled samples, and an index and a distance of each neighbour. Later an index and
    # a probability of each neighbour, and as much again for P, at least; or, of many, one of these.
    in_parts = n * k > MANY_EDGES
    needed = 8 * n * k + max(4 * numbers, 0 if in_parts else 8 * n * k)
    free = free_memory()
    if free is not None and needed > free:
        raise MemoryError(
            f"{n:,} samples with {k} neighbors need more than {needed / 1e9:.1f} GB of memory, "
            f"and {free / 1e9:.1f} GB are free; lower perplexity or embed fewer samples"
        )


@contextmanager
def explaining_lack_of_memory(plan: Plan, n: int, d: int, device: torch.device) -> Iterator[None]:
    """Reword a GPU's error about memory that is raised in the block.

    Parameters
    ----------
    plan : Plan
    n, d : int
        Samples, and features of each; 0 features if there is no X.
    device : torch.device
        Where the block computes.

    Raises
    ------
    torch.OutOfMemoryError
        The message names what the fit needs, what the GPU has, and what to change.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        if device.type != "cuda":
            raise
        raise torch.OutOfMemoryError(_message(plan, n, d, device)) from error


def _message(plan: Plan, n: int, d: int, device: torch.device) -> str:
    k = neighbors_per_point(plan.affinities, n)
    search = 4 * n * d * 3 + 8 * n * (k + k // 8 + 64)
    affinities = 4 * n * d + n * k * (4 * 3 + 8 * 2 + 2) + n * k * 10
    free, total = torch.cuda.mem_get_info(device)
    return (
        f"{device} ran out of memory: {n:,} samples of {d} features with {k} neighbors "
        f"need about {max(search, affinities) / 1e9:.1f} GB, and "
        f"{free / 1e9:.1f} of {total / 1e9:.1f} GB are free; lower perplexity, embed fewer "
        "samples, or compute on the CPU with device='cpu'"
    )
