"""New points into a map that stays as it is: each by its own neighbours, none by another new one.

A new point has its own distribution over the points of the map, p_{j|i} from the data and
q_{j|i} = q(y_i - y_j) / Phi(y_i) from the map, and moves to where KL(p || q) is least. The map does
not move, so its potential Phi is spread and convolved once; an iteration reads it where the new
points are.
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
from ..neighbors.exact import Neighbors
from ..neighbors.search import Search
from .repulsion import Mesh, Potential

STARTS = ("weighted", "median")
ITERATIONS = 200
_LEARNING_RATE, _MOMENTUM = 0.5, 0.8
_LONGEST_STEP = 1.0
"""Map units. The curvature of the attraction is 2 at most, so that these steps are stable."""
_MOST_DOF_BY_MESH = 1.0
"""With lighter tails Phi between clusters is below the rounding of its largest values."""
_SAME = 1e-12
"""Squared distance of equal rows, at most, over that of the farthest neighbour."""
_PAIRS_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class Reference:
    """A map and what it was made of, as they were at the fit."""

    X: Any
    """Tensor or CSR matrix (n, d), or distances (n, n); that of the fit itself, not a copy."""
    Y: Tensor
    """(n, m) float32"""
    affinities: Affinities
    search: Search
    dof: float

    def place(self, X: Any, start: str | Tensor, iterations: int, device: torch.device) -> Tensor:
        """Find the neighbours of new rows, and place them by these: (l, m) float32."""
        k = min(len(self.Y), self.affinities.neighbors_wanted())
        neighbors = self.search.among(self.X, X, k, device)
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
    """Place points beside those of a map.

    Parameters
    ----------
    neighbors : Neighbors
        Of each new point among those of the map, (l, k). A new point at distance 0 from one of the
        map is that point, and goes where it is; of several, where the first is.
    conditional_P : Tensor, shape (l, k), float32
        p_{j|i}; each row sums to 1.
    Y : Tensor, shape (n, m), float32
        The map.
    start : {'weighted', 'median'} or Tensor of shape (l, m)
        At the mean of the neighbours weighted by p, at their median, or there.
    iterations : int
        Steps; 0 leaves the points where they start.
    dof : float

    Returns
    -------
    Tensor, shape (l, m), float32
        A row depends on nothing but the map and its own neighbours.
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
    known = neighbors.sq_distances[:, :1] <= _SAME * neighbors.sq_distances[:, -1:]
    return torch.where(known, near[:, 0], placed)


def _descend(
    neighbors: Neighbors, P: Tensor, Y: Tensor, placed: Tensor, iterations: int, dof: float
) -> Tensor:
    l, k = neighbors.indices.shape
    # New points first, then the map, whose rows hold no edges.
    everything = torch.cat([placed, Y]).contiguous()
    placed = everything[:l]
    ends = torch.arange(0, l * k + 1, k, device=Y.device)
    indptr = torch.cat([ends, ends[-1:].expand(len(Y))])
    indices, values = (neighbors.indices + l).flatten(), P.flatten()
    repel = _repulsion(Y, dof)
    velocity = torch.zeros_like(placed)
    for _ in range(iterations):
        attractive, _ = ops.attractive_forces(indptr, indices, values, everything, dof)
        gradient = 2 * (attractive[:l] - repel(placed))
        velocity.mul_(_MOMENTUM).sub_(gradient, alpha=_LEARNING_RATE)
        length = velocity.norm(dim=1, keepdim=True)
        placed.add_(velocity.mul_((_LONGEST_STEP / length).clamp(max=1)))
    return placed.clone()


def _repulsion(Y: Tensor, dof: float) -> Callable[[Tensor], Tensor]:
    """Return what tells the push of all points of the map on others, over their Phi."""
    if Y.shape[1] <= 3 and dof <= _MOST_DOF_BY_MESH:
        potential = Mesh(dof, Mesh.STEP).potential_of(Y)
        if potential is not None:
            return partial(_by_potential, potential)
    return lambda placed: torch.cat(
        [_by_sum(some, Y, dof) for some in placed.split(max(1, _PAIRS_AT_ONCE // Y.numel()))]
    )


def _by_potential(potential: Potential, placed: Tensor) -> Tensor:
    push, phi = potential(placed)
    return push / phi[:, None]


def _by_sum(placed: Tensor, Y: Tensor, dof: float) -> Tensor:
    apart = placed[:, None] - Y
    sq = apart.square().sum(2)
    if dof == math.inf:
        return (torch.softmax(-sq, 1)[:, :, None] * apart).sum(1)
    sq /= dof
    q = torch.softmax(-dof * torch.log1p(sq), 1)
    return ((q / (1 + sq))[:, :, None] * apart).sum(1)
