"""Wrappers of the two ops of the particle mesh; the convolution between them is an FFT of torch."""

from __future__ import annotations

import torch
from torch import Tensor

from .checks import MAX_INT32, check_contiguous, check_embedding, check_positive, check_tensor
from .table import torch_ops

_MIN_NODES = 4
"""Nodes that a cubic B-spline covers on each axis."""
_MAX_NODES = 1 << 24
"""Nodes of an axis: the largest number up to which float32 represents every integer."""


def _check_mesh(Y: Tensor, grid_name: str, grid: Tensor, origin: Tensor, step: float) -> None:
    check_embedding(Y, max_dims=3)
    check_tensor(grid_name, grid, torch.float32, (None,) * Y.shape[1])
    if min(grid.shape) < _MIN_NODES or max(grid.shape) > _MAX_NODES:
        raise ValueError(
            f"{grid_name} must have {_MIN_NODES} to 2^24 nodes along each axis, "
            f"got {tuple(grid.shape)}"
        )
    if grid.numel() > MAX_INT32:
        raise ValueError(f"{grid_name} must have 2^31 - 1 nodes or fewer, got {grid.numel():,}")
    check_tensor("origin", origin, torch.float32, (Y.shape[1],))
    check_positive("step", step)


def mesh_spread_(Y: Tensor, grid: Tensor, origin: Tensor, step: float) -> None:
    """Overwrite a grid with the unit charges of all points, each spread by a cubic B-spline.

    Parameters
    ----------
    Y : Tensor, shape (n, m), float32
        m in 1 .. 3. Points should lie between the second and the last but one node of each axis;
        others are moved to the edge of that range.
    grid : Tensor, m axes, float32
        4 to 2^24 nodes along each axis; contiguous; changed in place.
    origin : Tensor, shape (m,), float32
        Position of node 0; contiguous.
    step : float
        Distance between neighbouring nodes, the same for all axes.
    """
    _check_mesh(Y, "grid", grid, origin, step)
    check_contiguous(grid=grid, origin=origin)
    torch_ops.mesh_spread_.default(Y.contiguous(), grid, origin, float(step))


def mesh_gather(
    Y: Tensor, potential: Tensor, origin: Tensor, step: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Interpolate a potential on a grid, and its forces, at all points by the cubic B-spline.

    Parameters
    ----------
    Y : Tensor, shape (n, m), float32
        As in :func:`mesh_spread_`.
    potential : Tensor, m axes, float32
    origin, step
        As in :func:`mesh_spread_`.

    Returns
    -------
    forces : Tensor, shape (n, m), float32
        Minus half the gradient of the potential at each point, by the slopes of the spline.
    values : Tensor, shape (n,), float32
        The potential at each point.
    total : Tensor, shape (), float64
        Sum of the values.
    """
    _check_mesh(Y, "potential", potential, origin, step)
    check_contiguous(origin=origin)
    return torch_ops.mesh_gather.default(
        Y.contiguous(), potential.contiguous(), origin, float(step)
    )
