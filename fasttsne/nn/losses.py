"""KL(P || Q) of a map as a torch loss, and its parts: a map to train, pairs to draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Sampler, TensorDataset

from .. import _validation, initialization
from ..affinities import JointP
from ..descent.repulsion import METHODS
from . import objective

_INTEGERS = (torch.int64, torch.int32)
_HALVES = (torch.float16, torch.bfloat16)


class TSNELoss(nn.Module):
    r"""KL(P || Q) of a map in nats, by the compiled kernels: O(n log n) or O(n) a call.

    With an exaggeration e (van der Maaten and Hinton 2008) the loss is

    .. math:: e \sum_{ij} P_{ij} \ln (P_{ij} / q_{ij}) + \ln Z

    with q not normalised and :math:`Z = \sum_{i \ne j} q_{ij}`. For e = 1 that is KL(P || Q), and
    for every e its gradient is the forces of t-SNE, 4 (e attractive - repulsive / Z).

    Buffers hold P (not copied, and not in the ``state_dict``), so ``.to(device)`` moves it.
    Gradients of gradients are not to be had.

    Parameters
    ----------
    P : JointP
        Of n points; :func:`fasttsne.affinities.joint_affinities` makes one of data.
    dof : float, default 1
        Degrees of freedom of the Student kernel.
    method : {'auto', 'exact', 'barnes_hut', 'fft'}, default 'auto'
        How the repulsion is summed, as in :class:`fasttsne.TSNE`.
    angle : float, default 0.5
        Opening of Barnes-Hut, 0 (exact) to 1. It shows in the value more than in the gradient: ln Z
        counts in full.
    mesh_step : float, optional
        Distance of the mesh's nodes, as in :class:`fasttsne.TSNE`.
    exaggeration : float, default 1
        Factor e; an attribute, to be set between steps.

    Raises
    ------
    TypeError, ValueError
        P that is no JointP, does not sum to 1 or requires gradients, or a bad parameter.
    """

    indptr: Tensor
    indices: Tensor
    values: Tensor

    def __init__(
        self,
        P: JointP,
        dof: float = 1.0,
        method: str = "auto",
        angle: float = 0.5,
        mesh_step: float | None = None,
        exaggeration: float = 1.0,
    ) -> None:
        super().__init__()
        _check_P(P)
        if P.values.requires_grad:
            raise ValueError(
                "P must not require gradients, for the loss is differentiable in Y alone: "
                "give its values detached (TSNELoss.pairs is differentiable in pij, too)"
            )
        for name, part in zip(P._fields, P, strict=True):
            self.register_buffer(name, part, persistent=False)
        self.dof = _validation.number("dof", dof, above=0)
        self.method = _validation.choice("method", method, METHODS)
        self.angle = _validation.number("angle", angle, least=0)
        if self.angle > 1:
            raise ValueError(f"angle must be in 0 .. 1, got {angle}")
        if mesh_step is not None:
            mesh_step = _validation.number("mesh_step", mesh_step, above=0)
        self.mesh_step = mesh_step
        self.exaggeration = exaggeration
        self._lease = objective.Lease()
        self._negative_entropy = P.negative_entropy()
        self._total = float(P.values.sum(dtype=torch.float64))  # 1 but for rounding
        # Halvings that find a column among the most that a row has.
        self._halvings = int(P.indptr.diff().max()).bit_length()

    @property
    def exaggeration(self) -> float:
        """Factor on the attraction, above 0."""
        return self._exaggeration

    @exaggeration.setter
    def exaggeration(self, value: float) -> None:
        self._exaggeration = _validation.number("exaggeration", value, above=0)

    def forward(self, Y: Tensor) -> Tensor:
        """Compute the loss of a map.

        Parameters
        ----------
        Y : Tensor, shape (n, m), float32
            On the device of P. float64, for ``torch.autograd.gradcheck``, with ``method='exact'``.
            Under autocast also float16 or bfloat16, as a layer then puts out: taken to float32.

        Returns
        -------
        Tensor, shape (), float32, or float64 for such a Y
            A map with NaN or infinity has loss NaN.

        Raises
        ------
        TypeError, ValueError
            Y is of another dtype, shape or device.
        """
        Y = self._checked_map(Y)
        P = JointP(self.indptr, self.indices, self.values)
        cost = objective.attraction_cost(P, Y, self.dof)
        loss = self.exaggeration * (self._negative_entropy + cost) + self._total * self._ln_Z(Y)
        return loss.to(Y.dtype)

    def pairs(self, Y: Tensor, i: Tensor, j: Tensor, pij: Tensor | None = None) -> Tensor:
        r"""Compute the share of some pairs in the loss: :math:`\sum p_{ij} \ln (p_{ij} / q_{ij})`.

        Summed over all pairs of :func:`pairs_of` it is the loss. Z is that of the whole map, so the
        sum over a random batch, times batches, is an unbiased estimate of the loss and its
        gradient.

        Parameters
        ----------
        Y : Tensor, shape (n, m)
            As for the loss.
        i, j : Tensor, shape (b,), int64 or int32
            Points of each pair.
        pij : Tensor, shape (b,), optional
            P of each pair, if it is at hand. Default: looked up; 0 for a pair that is not stored.

        Returns
        -------
        Tensor, shape (), as for the loss

        Raises
        ------
        TypeError, ValueError
            As for the loss, or i, j and pij do not fit together.
        """
        Y = self._checked_map(Y)
        _check_pairs(i, j, pij)
        i, j = i.long(), j.long()
        p = (self._look_up(i, j) if pij is None else pij).to(Y.dtype)
        sq_distances = (Y.index_select(0, i) - Y.index_select(0, j)).square().sum(1)
        costs = torch.xlogy(p, p) + p * self.dof * torch.log1p(sq_distances / self.dof)
        total = self.exaggeration * costs.sum(dtype=torch.float64)
        return (total + p.sum(dtype=torch.float64) * self._ln_Z(Y)).to(Y.dtype)

    def extra_repr(self) -> str:
        """Say what sets this loss apart."""
        return (
            f"n={len(self.indptr) - 1}, dof={self.dof:g}, method={self.method!r}, "
            f"exaggeration={self.exaggeration:g}"
        )

    def _ln_Z(self, Y: Tensor) -> Tensor:
        return objective.partition(Y, self.method, self.angle, self.dof, self.mesh_step).log()

    def _look_up(self, i: Tensor, j: Tensor) -> Tensor:
        """P of pairs, by bisection of each pair's row; 0 where it has no such column."""
        low, end = self.indptr.index_select(0, i), self.indptr.index_select(0, i + 1)
        high, last = end, len(self.indices) - 1
        for _ in range(self._halvings):
            middle = (low + high) // 2
            below = self.indices[middle.clamp(max=last)] < j
            low, high = torch.where(below, middle + 1, low), torch.where(below, high, middle)
        at = low.clamp(max=last)
        return torch.where((low < end) & (self.indices[at] == j), self.values[at], 0)

    def _checked_map(self, Y: Tensor) -> Tensor:
        if not isinstance(Y, Tensor):
            raise TypeError(f"Y must be a torch.Tensor, got {type(Y).__name__}")
        if Y.dtype in _HALVES and torch.is_autocast_enabled(Y.device.type):
            Y = Y.float()
        if Y.dtype != torch.float32 and (Y.dtype != torch.float64 or self.method != "exact"):
            raise TypeError(
                f"Y must be torch.float32, or torch.float64 with method='exact', "
                f"got {Y.dtype} with method={self.method!r}: give Y.float()"
            )
        n = len(self.indptr) - 1
        if Y.dim() != 2 or Y.shape[0] != n or Y.shape[1] < 1:
            raise ValueError(f"Y must have shape ({n}, 1 or more), as P, got {tuple(Y.shape)}")
        if Y.shape[1] > 3 and self.method in ("barnes_hut", "fft"):
            raise ValueError(
                f"Y must have 1 to 3 columns for method={self.method!r}, got {Y.shape[1]}; "
                "method='exact' takes any number"
            )
        if Y.device != self.values.device:
            raise ValueError(
                f"Y must be where P is, on {self.values.device}, got {Y.device}: "
                "move one of them with .to()"
            )
        if self.values.dtype not in (torch.float32, torch.float64):
            raise TypeError(f"P must stay in torch.float32, but was moved to {self.values.dtype}")
        return Y


class EmbeddingMap(nn.Module):
    """A map whose points are free: the parameter that t-SNE trains.

    Parameters
    ----------
    n_points : int
    n_dim : int, default 2
    init : array or Tensor, shape (n_points, n_dim), optional
        Where points start; copied. Default: close together, by chance.
    seed : int, default 0
        Of the chance.

    Attributes
    ----------
    weight : Parameter, shape (n_points, n_dim), float32
    """

    def __init__(self, n_points: int, n_dim: int = 2, init: Any = None, seed: int = 0) -> None:
        super().__init__()
        n_points = _validation.integer("n_points", n_points, 1)
        n_dim = _validation.integer("n_dim", n_dim, 1)
        if init is None:
            start = initialization.random(n_points, n_dim, _validation.seed_of(seed))
        else:
            start = _validation.as_matrix(init, "init")
            if tuple(start.shape) != (n_points, n_dim):
                raise ValueError(
                    f"init must have shape ({n_points}, {n_dim}), got {tuple(start.shape)}"
                )
            start = start.to(torch.float32, copy=True)
        self.weight = nn.Parameter(start)

    def forward(self, i: Tensor | None = None) -> Tensor:
        """Return the points numbered ``i`` (b,), as (b, n_dim); by default all, in order."""
        return self.weight if i is None else self.weight[i]

    def extra_repr(self) -> str:
        """Say how large the map is."""
        return f"n_points={self.weight.shape[0]}, n_dim={self.weight.shape[1]}"


class Pairs(NamedTuple):
    """The stored pairs of P, in the order that ``torch.utils.data.TensorDataset`` takes."""

    pij: Tensor
    """(edges,) float32"""
    i: Tensor
    """(edges,) int64"""
    j: Tensor
    """(edges,) int64"""


def pairs_of(P: JointP) -> Pairs:
    """List the stored pairs of P, both (i, j) and (j, i), row by row.

    Parameters
    ----------
    P : JointP

    Returns
    -------
    Pairs
        pij, i, j; pij is not a copy.
    """
    _check_P(P)
    n = len(P.indptr) - 1
    i = torch.repeat_interleave(torch.arange(n, device=P.indptr.device), P.indptr.diff())
    return Pairs(P.values, i, P.indices.long())


def pair_loader(P: JointP, batch_size: int, seed: int = 0) -> DataLoader:
    """Make a loader of all stored pairs in batches ``(pij, i, j)``, shuffled anew in each epoch.

    Parameters
    ----------
    P : JointP
    batch_size : int
        Pairs of a batch; the last of an epoch may have fewer.
    seed : int, default 0
        Of the shuffling.

    Returns
    -------
    torch.utils.data.DataLoader
    """
    batch_size = _validation.integer("batch_size", batch_size, 1)
    dataset = TensorDataset(*pairs_of(P))
    order = _ShuffledBatches(len(dataset), batch_size, _validation.seed_of(seed))
    return DataLoader(dataset, sampler=order, batch_size=None)


class _ShuffledBatches(Sampler[Tensor]):
    """Batches of numbers as tensors: pair by pair would take longer than the training."""

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        self._count, self._batch_size = count, batch_size
        self._generator = torch.Generator("cpu").manual_seed(seed)

    def __iter__(self) -> Iterator[Tensor]:
        order = torch.randperm(self._count, generator=self._generator, device="cpu")
        return iter(order.split(self._batch_size))

    def __len__(self) -> int:
        return -(-self._count // self._batch_size)


def _check_P(P: Any) -> None:
    if not isinstance(P, JointP):
        raise TypeError(
            "P must be a fasttsne.affinities.JointP (joint_affinities makes one of data), "
            f"got {type(P).__name__}"
        )
    total = float(P.values.detach().sum(dtype=torch.float64))
    if not abs(total - 1) < 1e-3:
        raise ValueError(f"P must sum to 1, got a sum of {total:g}")


def _check_pairs(i: Tensor, j: Tensor, pij: Tensor | None) -> None:
    for name, t in (("i", i), ("j", j)):
        if not isinstance(t, Tensor) or t.dtype not in _INTEGERS:
            got = t.dtype if isinstance(t, Tensor) else type(t).__name__
            raise TypeError(f"{name} must be a tensor of torch.int64 or torch.int32, got {got}")
    if i.dim() != 1 or j.shape != i.shape:
        raise ValueError(
            f"i and j must have one shape (b,), got {tuple(i.shape)} and {tuple(j.shape)}"
        )
    if pij is not None:
        if not isinstance(pij, Tensor) or not pij.is_floating_point():
            got = pij.dtype if isinstance(pij, Tensor) else type(pij).__name__
            raise TypeError(f"pij must be a tensor of floating point, got {got}")
        if pij.shape != i.shape:
            raise ValueError(
                f"pij must have the shape of i, {tuple(i.shape)}, got {tuple(pij.shape)}"
            )
