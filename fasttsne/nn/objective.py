r"""The t-SNE objective as two differentiable ops: the cost of the attraction, and Z.

KL(P || Q) = sum P ln P + cost + ln Z, where the cost is :math:`-\sum_{ij} P_{ij} \ln q_{ij}` with
q not normalised, and :math:`Z = \sum_{i \ne j} q_{ij}`. Their gradients are, for every dof, the
forces of t-SNE:

=========  =============================
cost       4 attractive, for P symmetric
Z          -4 repulsive
=========  =============================

The kernels compute these forces together with cost and Z. Each op therefore returns its forces as a
second result and saves them, so that the backward pass is one product.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .. import ops, reference
from ..affinities import JointP
from ..ops.checks import check_no_tangents
from .mesh_cache import meshes, round_outward


def attraction_cost(P: JointP, Y: Tensor, dof: float) -> Tensor:
    r"""Compute :math:`-\sum_{ij} P_{ij} \ln q_{ij}`, q not normalised; differentiable in Y.

    Parameters
    ----------
    P : JointP
    Y : Tensor, shape (n, m), float32 or float64
        float64 is computed by the pure-torch reference.
    dof : float

    Returns
    -------
    Tensor, shape (), float64
    """
    if not torch.compiler.is_compiling():  # where it cannot be traced
        check_no_tangents(Y=Y)
    return _attraction(*P, Y.contiguous(), dof)[1]


def partition(
    Y: Tensor, method: str, angle: float, dof: float, mesh_step: float | None = None
) -> Tensor:
    r"""Compute :math:`Z = \sum_{i \ne j} q_{ij}`; differentiable in Y.

    Parameters
    ----------
    Y : Tensor, shape (n, m), float32; for 'exact' also float64
        float64 is computed by the pure-torch reference.
    method, angle, dof, mesh_step
        See :class:`fasttsne.TSNE`.

    Returns
    -------
    Tensor, shape (), float64
        NaN if Y contains NaN or infinity.
    """
    if not torch.compiler.is_compiling():  # where it cannot be traced
        check_no_tangents(Y=Y)
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
    bounds = round_outward(low, high) if method in ("auto", "fft") else ((), ())
    stream = torch.cuda.current_stream(Y.device).cuda_stream if Y.is_cuda else 0
    place = (threading.get_ident(), stream)
    shape = tuple(Y.shape)
    repulse = meshes.function_for(method, shape, theta, dof, step, Y.device, *bounds, place)
    return repulse(Y)


def _fake(Y: Tensor) -> tuple[Tensor, Tensor]:
    """Return empty results of the right shapes and dtypes, for ``torch.compile``."""
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
    # It copies the bounds to the CPU, and keeps memory for longer than a CUDA graph does.
    torch.Tag.cudagraph_unsafe,
)


@once_differentiable  # the forces that it multiplies with have no derivative
def _attraction_backward(ctx: Any, _: Any, by_cost: Tensor) -> tuple[Tensor | None, ...]:
    (attractive,) = ctx.saved_tensors
    return None, None, None, 4 * by_cost * attractive, None


@once_differentiable
def _partition_backward(ctx: Any, _: Any, by_Z: Tensor) -> tuple[Tensor | None, ...]:
    (repulsive,) = ctx.saved_tensors
    return -4 * by_Z * repulsive, None, None, None, None


ops.differentiate(_attraction, _attraction_backward, _keep_forces)
ops.differentiate(_partition, _partition_backward, _keep_forces)
