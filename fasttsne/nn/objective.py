r"""The t-SNE objective as two differentiable ops: the cost of the attraction, and Z.

KL(P || Q) = sum P ln P + cost + ln Z, with cost :math:`-\sum_{ij} P_{ij} \ln q_{ij}` (q not
normalised) and :math:`Z = \sum_{i \ne j} q_{ij}`. The gradients are forces that the kernels sum
anyway, for every dof:

=========  =============================
cost       4 attractive, for P symmetric
Z          -4 repulsive
=========  =============================

So each op returns its forces too, keeps them for the backward pass, and that is one product.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .. import ops, reference
from ..affinities import JointP
from ..descent.repulsion import Sum, choose_repulsion

_KEPT = 4
"""Meshes kept between steps: one lasts until the span of a map has changed by a tenth or so, and
a map whose edge trembles may go back and forth between two."""
_NODES_KEPT = 1 << 25
"""Of all of them, unless there is but one: 0.3 GB."""
_LATTICE = 16
"""The bounds of a map are taken outward to multiples of its span, as a power of two, over this."""


def attraction_cost(P: JointP, Y: Tensor, dof: float) -> Tensor:
    r"""Compute :math:`-\sum_{ij} P_{ij} \ln q_{ij}`, q not normalised; differentiable in Y.

    Parameters
    ----------
    P : JointP
    Y : Tensor, shape (n, m), float32 or float64
        float64 is computed by the reference.
    dof : float

    Returns
    -------
    Tensor, shape (), float64
    """
    return _attraction(*P, Y.contiguous(), dof)[1]


def partition(
    Y: Tensor, method: str, angle: float, dof: float, mesh_step: float | None = None
) -> Tensor:
    r"""Compute :math:`Z = \sum_{i \ne j} q_{ij}`; differentiable in Y.

    Parameters
    ----------
    Y : Tensor, shape (n, m), float32, or float64 for 'exact'
        float64 is computed by the reference. A map with NaN or infinity gives NaN.
    method, angle, dof, mesh_step
        As :class:`fasttsne.TSNE` takes them.

    Returns
    -------
    Tensor, shape (), float64
    """
    return _partition(Y.contiguous(), method, angle, dof, mesh_step)[1]


def _run_attraction(
    indptr: Tensor, indices: Tensor, values: Tensor, Y: Tensor, dof: float
) -> tuple[Tensor, Tensor]:
    values = values.to(Y.dtype)
    forces = reference if Y.dtype == torch.float64 else ops
    return forces.attractive_forces(indptr, indices, values, Y, dof, True)


def _run_partition(
    Y: Tensor, method: str, theta: float, dof: float, step: float | None
) -> tuple[Tensor, Tensor]:
    if Y.dtype == torch.float64:
        return reference.repulsive_exact(Y, dof)
    low, high = torch.stack(torch.aminmax(Y, dim=0)).tolist()
    if not all(math.isfinite(x) for x in low + high):
        return torch.full_like(Y, math.nan), Y.new_full((), math.nan, dtype=torch.float64)
    bounds = _outward(low, high) if method in ("auto", "fft") else ((), ())
    # A mesh is also the memory that it works in: each thread and stream has its own.
    stream = torch.cuda.current_stream(Y.device).cuda_stream if Y.is_cuda else 0
    place = (threading.get_ident(), stream)
    return meshes.sum_for(method, tuple(Y.shape), theta, dof, step, Y.device, *bounds, place)(Y)


def _outward(low: list[float], high: list[float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Take bounds outward to a lattice that the span gives.

    So the mesh is a function of the map alone, whatever maps came before, and yet seldom changes.
    """
    span = max(b - a for a, b in zip(low, high, strict=True))
    size = math.ldexp(1.0, math.frexp(span)[1]) / _LATTICE
    return (
        tuple(math.floor(x / size) * size for x in low),
        tuple(math.ceil(x / size) * size for x in high),
    )


class Lease:
    """Meshes are kept while someone holds one of these; the last to go takes them along."""

    _held = 0
    _lock = threading.RLock()  # what is collected in the middle of it may hold one, too

    def __init__(self) -> None:
        with self._lock:
            Lease._held += 1

    def __del__(self) -> None:
        with self._lock:
            Lease._held -= 1
            if not Lease._held:
                meshes.clear()

    def __reduce__(self) -> tuple[Any, ...]:
        return Lease, ()  # a copy holds one of its own


class _Meshes:
    """The latest sums, by what they were made for; those of large meshes are few."""

    def __init__(self) -> None:
        self._sums: OrderedDict[tuple[Any, ...], Sum] = OrderedDict()
        self._lock = threading.RLock()
        self.made = 0

    def clear(self) -> None:
        with self._lock:
            self._sums.clear()

    def __len__(self) -> int:
        return len(self._sums)

    def sum_for(
        self,
        method: str,
        shape: tuple[int, ...],
        theta: float,
        dof: float,
        step: float | None,
        device: torch.device,
        low: tuple[float, ...],
        high: tuple[float, ...],
        place: tuple[int, int],
    ) -> Sum:
        key = (method, shape, theta, dof, step, device, low, high, place)
        with self._lock:
            if key in self._sums:
                self._sums.move_to_end(key)
                return self._sums[key]
        with torch.inference_mode(False):  # what is made here is written to outside of it, too
            like = torch.empty(shape, dtype=torch.float32, device=device)
            made = choose_repulsion(method, shape[0], shape[1], dof, theta, step).within(
                like, list(low), list(high)
            )
        with self._lock:
            self.made += 1
            self._sums[key] = made
            while len(self._sums) > _KEPT or (len(self._sums) > 1 and self._nodes() > _NODES_KEPT):
                self._sums.popitem(last=False)
        return made

    def _nodes(self) -> int:
        return sum(getattr(kept, "nodes", 0) for kept in self._sums.values())


meshes = _Meshes()


def _fake(Y: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(Y), Y.new_empty((), dtype=torch.float64)


def _keep_forces(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.mark_non_differentiable(output[0])
    ctx.save_for_backward(output[0])


_attraction = ops.define(
    "attraction(Tensor indptr, Tensor indices, Tensor values, Tensor Y, float dof)"
    " -> (Tensor, Tensor)",
    _run_attraction,
    lambda indptr, indices, values, Y, dof: _fake(Y),
)
_partition = ops.define(
    "partition(Tensor Y, str method, float theta, float dof, float? step) -> (Tensor, Tensor)",
    _run_partition,
    lambda Y, method, theta, dof, step: _fake(Y),
    torch.Tag.cudagraph_unsafe,  # it reads the bounds, and makes memory that outlives a graph's
)


@once_differentiable  # the forces are constants to autograd
def _attraction_backward(ctx: Any, _: Any, by_cost: Tensor) -> tuple[Tensor | None, ...]:
    (attractive,) = ctx.saved_tensors
    return None, None, None, 4 * by_cost * attractive, None


@once_differentiable
def _partition_backward(ctx: Any, _: Any, by_Z: Tensor) -> tuple[Tensor | None, ...]:
    (repulsive,) = ctx.saved_tensors
    return -4 * by_Z * repulsive, None, None, None, None


ops.differentiate(_attraction, _attraction_backward, _keep_forces)
ops.differentiate(_partition, _partition_backward, _keep_forces)
