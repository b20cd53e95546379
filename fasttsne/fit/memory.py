"""Says how much memory a fit needs, if a GPU has too little."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from .parameters import Plan, neighbors_per_point


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
