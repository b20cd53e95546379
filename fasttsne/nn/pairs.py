"""The stored pairs of P, for a training loop that takes them in random batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler, TensorDataset

from .. import _validation
from ..affinities import JointP

_INDEX_DTYPES = (torch.int64, torch.int32)


class Pairs(NamedTuple):
    """The stored pairs of P, in the order that ``torch.utils.data.TensorDataset`` takes."""

    pij: Tensor
    """P of each pair: (edges,) float32"""
    i: Tensor
    """First point of each pair: (edges,) int64"""
    j: Tensor
    """Second point of each pair: (edges,) int64"""


def pairs_of(P: JointP) -> Pairs:
    """List the stored pairs of P, both (i, j) and (j, i), row by row.

    Parameters
    ----------
    P : JointP

    Returns
    -------
    Pairs
        Its ``pij`` shares the memory of P.
    """
    check_P(P)
    n = len(P.indptr) - 1
    i = torch.repeat_interleave(torch.arange(n, device=P.indptr.device), P.indptr.diff())
    return Pairs(P.values, i, P.indices.long())


def pair_loader(P: JointP, batch_size: int, seed: int = 0) -> DataLoader:
    """Make a loader of all stored pairs in batches ``(pij, i, j)``, reshuffled in each epoch.

    Parameters
    ----------
    P : JointP
    batch_size : int
        Pairs in a batch; the last batch of an epoch may have fewer.
    seed : int, default 0
        Seed of the shuffling.

    Returns
    -------
    torch.utils.data.DataLoader
    """
    batch_size = _validation.integer("batch_size", batch_size, 1)
    dataset = TensorDataset(*pairs_of(P))
    order = _ShuffledBatches(len(dataset), batch_size, _validation.seed_of(seed))
    return DataLoader(dataset, sampler=order, batch_size=None)


class _ShuffledBatches(Sampler[Tensor]):
    """Shuffled indices of pairs, a batch at a time.

    It exists because torch's own samplers yield single indices; to fetch pairs one by one would
    take longer than the training.
    """

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        self._count, self._batch_size = count, batch_size
        self._generator = torch.Generator("cpu").manual_seed(seed)

    def __iter__(self) -> Iterator[Tensor]:
        order = torch.randperm(self._count, generator=self._generator, device="cpu")
        return iter(order.split(self._batch_size))

    def __len__(self) -> int:
        return -(-self._count // self._batch_size)


def check_P(P: Any) -> None:
    """Raise TypeError unless P is a JointP, and ValueError unless it sums to 1."""
    if not isinstance(P, JointP):
        raise TypeError(
            "P must be a fasttsne.affinities.JointP (joint_affinities makes one of data), "
            f"got {type(P).__name__}"
        )
    total = float(P.values.detach().sum(dtype=torch.float64))
    if not abs(total - 1) < 1e-3:
        raise ValueError(f"P must sum to 1, got a sum of {total:g}")


def check_pairs(i: Tensor, j: Tensor, pij: Tensor | None) -> None:
    """Raise TypeError or ValueError unless pairs and their P have the right dtypes and shapes."""
    for name, t in (("i", i), ("j", j)):
        if not isinstance(t, Tensor) or t.dtype not in _INDEX_DTYPES:
            got = t.dtype if isinstance(t, Tensor) else type(t).__name__
            raise TypeError(f"{name} must be a tensor of torch.int64 or torch.int32, got {got}")
    if i.dim() != 1 or j.shape != i.shape:
        raise ValueError(
            f"i and j must both have shape (b,), got {tuple(i.shape)} and {tuple(j.shape)}"
        )
    if pij is not None:
        if not isinstance(pij, Tensor) or not pij.is_floating_point():
            got = pij.dtype if isinstance(pij, Tensor) else type(pij).__name__
            raise TypeError(f"pij must be a tensor of a floating-point dtype, got {got}")
        if pij.shape != i.shape:
            raise ValueError(
                f"pij must have the shape of i, {tuple(i.shape)}, got {tuple(pij.shape)}"
            )
