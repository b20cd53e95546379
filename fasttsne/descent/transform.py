"""New points are placed into a map that stays as it is, each independently of the other new ones.

A new point i has a distribution over the points j of the map: p_{j|i} from the data, and
q_{j|i} = q(y_i - y_j) / Phi(y_i) from the map, where Phi(y) = sum_j q(y - y_j). It moves to where
KL(p_i || q_i) is least. As the map is fixed, a mesh computes its potential Phi once, and every
iteration only reads Phi and its slope at the new points.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from .. import ops
from ..affinities import Affinities
from ..neighbors import Neighbors
from ..neighbors.search import Search
from ..shards import ALONE, Shards
from .mesh import Mesh
from .mesh_grid import FixedPotential

STARTS = ("weighted", "median")
ITERATIONS = 200
_LEARNING_RATE, _MOMENTUM = 0.5, 0.8
_LONGEST_STEP = 1.0
"""In map units. The curvature of the attraction is 2 at most, so that these steps are stable."""
_MOST_DOF_FOR_MESH = 1.0
"""Largest dof with which a mesh computes Phi. With lighter tails Phi between clusters is smaller
than the rounding error of its largest values."""
_SAME = 1e-12
"""A new point is the same as its nearest neighbour if their squared distance is at most this
fraction of that to its farthest neighbour."""
_PAIRS_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class FittedMap:
    """A map with the data and the settings of its fit, which later changes do not reach."""

    X: Any
    """Tensor or CSR matrix (n, d), or distances (n, n); the data of the fit, not a copy. Of several
    ranks those of this one."""
    Y: Tensor
    """(n, m) float32"""
    affinities: Affinities
    search: Search
    dof: float

    def place(
        self,
        X: Any,
        start: str | Tensor,
        iterations: int,
        device: torch.device,
        shards: Shards = ALONE,
    ) -> Tensor:
        """Find the neighbours of new rows in the data, and place the rows: (l, m) float32.

        Parameters
        ----------
        X : Tensor or CSR matrix (l, d), or distances (l, n)
            The new rows.
        start, iterations
            See :func:`place`.
        device : torch.device
            Where to compute, and where the result is.
        shards : Shards
            Of the rows of the data and of the new ones, if several ranks share them.
        """
        k = min(len(self.Y), self.affinities.neighbors_wanted())
        neighbors = self.search.among(self.X, X, k, device, shards)
        P = self.affinities.conditional_P(neighbors)
        return place(neighbors, P, self.Y.to(device), start, iterations, self.dof)


def place(
    neighbors: Neighbors,
    conditional_P: Tensor,
    Y: Tensor,
    start: str | Tensor = "weighted",
    iterations: int = ITERATIONS,
    dof: float = 1.0,
) -> Tensor:
    """Place new points into a map.

    Parameters
    ----------
    neighbors : Neighbors
        For each new point its k nearest in the map, (l, k). A new point at distance 0 from its
        nearest neighbour is placed on it; with several at distance 0, on the first.
    conditional_P : Tensor, shape (l, k), float32
        p_{j|i}; each row sums to 1.
    Y : Tensor, shape (n, m), float32
        The map.
    start : {'weighted', 'median'} or Tensor of shape (l, m)
        The mean of the neighbours weighted by p, their median, or given places.
    iterations : int
        Number of steps; 0 leaves the points where they start.
    dof : float

    Returns
    -------
    Tensor, shape (l, m), float32
        Each row depends only on the map and on its own neighbours.
    """
    near = Y[neighbors.indices.long()]
    if isinstance(start, Tensor):
        placed = start.to(Y)
    elif start == "median":
        placed = near.median(1).values
    else:
        placed = (conditional_P[:, :, None] * near).sum(1)
    placed = _descend(neighbors, conditional_P, Y, placed, iterations, dof)
    # Some metrics round: 1 - cosine of a float32 row with itself may be 6e-8.
    is_same = neighbors.sq_distances[:, :1] <= _SAME * neighbors.sq_distances[:, -1:]
    return torch.where(is_same, near[:, 0], placed)


def _descend(
    neighbors: Neighbors, P: Tensor, Y: Tensor, placed: Tensor, iterations: int, dof: float
) -> Tensor:
    """Move new points down the gradient of their KL divergences.

    This is not :func:`fasttsne.descent.optimize.minimize_kl`: that moves and centres all points to
    minimise one objective, while here the map is fixed and each new point has an objective of its
    own.
    """
    l, k = neighbors.indices.shape
    # One sparse matrix in CSR form for all: new points first, then the map, whose rows are empty.
    everything = torch.cat([placed, Y]).contiguous()
    placed = everything[:l]
    ends = torch.arange(0, l * k + 1, k, device=Y.device)
    indptr = torch.cat([ends, ends[-1:].expand(len(Y))])
    indices, values = (neighbors.indices + l).flatten(), P.flatten()
    repulsion = _repulsion_function(Y, dof)
    velocity = torch.zeros_like(placed)
    for _ in range(iterations):
        attractive, _ = ops.attractive_forces(indptr, indices, values, everything, dof)
        gradient = 2 * (attractive[:l] - repulsion(placed))
        velocity.mul_(_MOMENTUM).sub_(gradient, alpha=_LEARNING_RATE)
        length = velocity.norm(dim=1, keepdim=True)
        placed.add_(velocity.mul_((_LONGEST_STEP / length).clamp(max=1)))
    return placed.clone()


def _repulsion_function(Y: Tensor, dof: float) -> Callable[[Tensor], Tensor]:
    """Return the function y -> sum_j q(y - y_j) w(y - y_j) (y - y_j) / Phi(y), by mesh or sum."""
    if Y.shape[1] <= 3 and dof <= _MOST_DOF_FOR_MESH:
        potential = Mesh(dof, Mesh.STEP).potential_of(Y)
        if potential is not None:
            return partial(_repulsion_by_mesh, potential)
    return lambda placed: torch.cat(
        [
            _repulsion_by_sum(some, Y, dof)
            for some in placed.split(max(1, _PAIRS_AT_ONCE // Y.numel()))
        ]
    )


def _repulsion_by_mesh(potential: FixedPotential, placed: Tensor) -> Tensor:
    forces, phi = potential(placed)
    return forces / phi[:, None]


def _repulsion_by_sum(placed: Tensor, Y: Tensor, dof: float) -> Tensor:
    # q / Phi as a softmax of ln q, which does not underflow far from the map.
    difference = placed[:, None] - Y
    sq = difference.square().sum(2)
    if dof == math.inf:
        return (torch.softmax(-sq, 1)[:, :, None] * difference).sum(1)
    sq /= dof
    q = torch.softmax(-dof * torch.log1p(sq), 1)
    return ((q / (1 + sq))[:, :, None] * difference).sum(1)
