"""Wrappers of the ops that sum attractive and repulsive forces over points or pairs of points."""

from __future__ import annotations

import torch
from torch import Tensor

from .checks import (
    check_contiguous,
    check_dof,
    check_embedding,
    check_integer,
    check_number,
    check_tensor,
)
from .table import torch_ops


def attractive_forces(
    indptr: Tensor,
    indices: Tensor,
    values: Tensor,
    Y: Tensor,
    dof: float = 1.0,
    with_cost: bool = False,
    first: int | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Sum the attraction of each point's neighbours: :math:`\sum_j P_{ij} w_{ij} (y_i - y_j)`.

    Parameters
    ----------
    indptr, indices, values : Tensor
        P as :func:`symmetrize` returns it, or some of its rows, l; contiguous.
    Y : Tensor, shape (n, m), float32
    dof : float
        Degrees of freedom of the Student kernel; ``math.inf`` for the Gaussian of SNE, w = 1 and
        q = exp(-d^2).
    with_cost : bool
        Also compute the cost; otherwise it is 0.
    first : int, optional
        Point of the first row of P, if P has some of the rows only.

    Returns
    -------
    forces : Tensor, shape (l, m), float32
    cost : Tensor, shape (), float64
        :math:`-\sum_{ij} P_{ij} \ln q_{ij}`, q not normalised: KL = sum P ln P + cost + ln Z.
    """
    check_embedding(Y)
    check_tensor("indptr", indptr, torch.int64, (Y.shape[0] + 1 if first is None else None,))
    first = 0 if first is None else first
    check_integer("first", first)
    l = len(indptr) - 1
    if l < 0 or not 0 <= first <= Y.shape[0] - l:
        raise ValueError(
            f"first and indptr must tell rows of Y, which has {Y.shape[0]}, got first = {first} "
            f"and an indptr for {l} rows"
        )
    check_tensor("indices", indices, torch.int32, (None,))
    check_tensor("values", values, torch.float32, tuple(indices.shape))
    check_dof(dof)
    check_contiguous(indptr=indptr, indices=indices, values=values)
    return torch_ops.attractive_forces.default(
        indptr, indices, values, Y.contiguous(), float(dof), with_cost, first
    )


def repulsive_exact(Y: Tensor, dof: float = 1.0) -> tuple[Tensor, Tensor]:
    r"""Sum the repulsion of all other points: :math:`\sum_j q_{ij} w_{ij} (y_i - y_j)`, O(n^2).

    Parameters
    ----------
    Y : Tensor, shape (n, m), float32
    dof : float
        Degrees of freedom of the Student kernel; ``math.inf`` for the Gaussian. The Gaussian
        underflows in float32 beyond a distance of about 9: if no two points are nearer, forces and
        Z are 0. :func:`repulsive_sne` works at any distance.

    Returns
    -------
    forces : Tensor, shape (n, m), float32
        Not divided by Z.
    Z : Tensor, shape (), float64
        Sum of q over all pairs of different points.
    """
    check_embedding(Y)
    check_dof(dof)
    return torch_ops.repulsive_exact.default(Y.contiguous(), float(dof))


def repulsive_bh(Y: Tensor, theta: float = 0.5, dof: float = 1.0) -> tuple[Tensor, Tensor]:
    """Approximate :func:`repulsive_exact` with the tree of Barnes and Hut (1986), O(n log n).

    Parameters
    ----------
    Y : Tensor, shape (n, m), float32
        m in 1 .. 3.
    theta : float
        0 to 1. A cell of side s at distance r acts as one point if s < theta r; 0 is exact.
    dof : float
        Degrees of freedom of the Student kernel, as in :func:`repulsive_exact`.

    Returns
    -------
    forces, Z
        As :func:`repulsive_exact` returns them.
    """
    check_embedding(Y, max_dims=3)
    check_number("theta", theta)
    if not 0 <= theta <= 1:
        raise ValueError(f"theta must be in 0 .. 1, got {theta}")
    check_dof(dof)
    return torch_ops.repulsive_bh.default(Y.contiguous(), float(theta), float(dof))


def repulsive_sne(Y: Tensor, conditional: bool) -> tuple[Tensor, Tensor]:
    r"""Sum the repulsion of all other points under a Gaussian, divided by Z, O(n^2).

    The forces are :math:`\sum_j Q_{ij} (y_i - y_j)`. In SNE (Hinton and Roweis 2002)
    :math:`Q_{ij} = (q_{j|i} + q_{i|j}) / 2n` with :math:`q_{j|i} = e^{-d_{ij}^2} / Z_i`, as P is
    made from p. In symmetric SNE (van der Maaten and Hinton 2008)
    :math:`Q_{ij} = e^{-d_{ij}^2} / Z`. Each row's exponentials are taken relative to that of its
    nearest neighbour, so that they do not underflow at any distance.

    Parameters
    ----------
    Y : Tensor, shape (n, m), float32
        2 rows or more.
    conditional : bool
        True normalises row by row, as in SNE; False over all pairs, as in symmetric SNE.

    Returns
    -------
    forces : Tensor, shape (n, m), float32
        gradient = 4 (attractive - forces), with the attraction at ``dof=math.inf``. For SNE this is
        the gradient of the mean over the rows: the cost of Hinton and Roweis divided by n.
    log_Z : Tensor, shape (), float64
        ln Z, or the mean of ln Z_i: to be added to the cost of :func:`attractive_forces`.
    """
    check_embedding(Y)
    if Y.shape[0] < 2:
        raise ValueError(f"Y must have 2 rows or more, got {Y.shape[0]}")
    return torch_ops.repulsive_sne.default(Y.contiguous(), bool(conditional))
