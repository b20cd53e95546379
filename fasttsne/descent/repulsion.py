"""What a way to sum the repulsion is, and those that need no grid: exact, Gaussian, Barnes-Hut.

SNE and symmetric SNE repel by :class:`Gaussian`; they attract as t-SNE with dof = infinity does.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from .. import ops
from ..shards import Part
from .bounds import Bounds

MOST_POINTS_FOR_EXACT = 1500
"""Up to this many points the exact sum is about as fast as a tree."""

SMALL_KL = 0.1
"""A KL divergence below which the error of ln Z by mesh or tree would show, and could even make it
negative: the error is 1e-3 for most maps. Below it Z comes from :meth:`Repulsion.finest`."""
_MOST_POINTS_FOR_EXACT_Z = 20_000
"""Up to this many points that is the exact sum."""

RepulsionFunction = Callable[..., tuple[Tensor, Tensor]]
"""Takes a map (n, m), and on several ranks a :class:`fasttsne.shards.Part`. Returns forces (n, m),
not divided by Z, or those of the part (l, m); and Z (float64 scalar)."""


def rows_of(forces: Tensor, part: Part | None) -> Tensor:
    """Return the forces of a part, given those of all rows."""
    return forces if part is None else forces[part.rows]


def of_part(function: Callable[[Tensor], tuple[Tensor, Tensor]]) -> RepulsionFunction:
    """Return a function that sums the forces of all rows, and returns those of a part."""

    def of_rows(Y: Tensor, part: Part | None = None) -> tuple[Tensor, Tensor]:
        forces, Z = function(Y)
        return rows_of(forces, part), Z

    return of_rows


class Repulsion(ABC):
    """One way to compute repulsive forces."""

    name: str
    """What the user calls the method."""
    dof: float
    """Degrees of freedom of the kernel, for the attraction as well."""

    @abstractmethod
    def prepare(self, Y: Tensor, low: list[float], high: list[float]) -> RepulsionFunction:
        """Return the function that sums the repulsion of maps within these bounds.

        It is the same object in every call for which it is still valid, so that a caller can keep
        what it made with the function, such as a CUDA graph.

        Parameters
        ----------
        Y : Tensor, shape (n, m), float32
            Gives size and device.
        low, high : list of float
            Lowest and highest coordinates; those of Y lie between them.
        """

    def precise(self) -> Repulsion:
        """Return a method that computes ln Z to about 1 % of any KL divergence, to report it."""
        return self

    def finest(self, n: int) -> Repulsion:
        """Return a method that computes ln Z of n points well enough for a small KL divergence."""
        return self

    def grid_bounds(self) -> Bounds | None:
        """Return the bounds of the grid that :meth:`prepare` may use again; None without one."""
        return None

    def restore_grid(self, Y: Tensor, bounds: Bounds | None) -> None:
        """Make the grid that had these bounds, so that a resumed descent repeats to the bit."""
        return

    def __call__(
        self, Y: Tensor, low: list[float], high: list[float], part: Part | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return forces (n, m), not divided by Z, and Z (float64 scalar), given the bounds of Y.

        Of a part only its forces, (l, m).
        """
        return self.prepare(Y, low, high)(Y, part)

    def with_log_Z(
        self, Y: Tensor, low: list[float], high: list[float], part: Part | None = None
    ) -> tuple[Tensor, Tensor, float]:
        """Return forces and Z as a call does, and ln Z, the repulsive part of the KL divergence."""
        forces, Z = self(Y, low, high, part)
        return forces, Z, math.log(float(Z))


class Exact(Repulsion):
    """The sum over all pairs."""

    name = "exact"

    def __init__(self, dof: float) -> None:
        self.dof = dof
        self.function: RepulsionFunction = of_part(partial(ops.repulsive_exact, dof=dof))

    def prepare(self, Y: Tensor, low: list[float], high: list[float]) -> RepulsionFunction:
        """Return :func:`fasttsne.ops.repulsive_exact`."""
        return self.function


class Gaussian(Repulsion):
    """The sum over all pairs with the Gaussian of SNE; Z is 1, as the forces are divided already.

    Parameters
    ----------
    conditional : bool
        Whether q is normalised in each row (SNE) or over all pairs (symmetric SNE). The KL
        divergence of SNE is the mean over its rows; its constant is the sum of P ln P for the
        conditional P.
    """

    name = "exact"
    dof = math.inf

    def __init__(self, conditional: bool) -> None:
        self.conditional = conditional

    def prepare(self, Y: Tensor, low: list[float], high: list[float]) -> RepulsionFunction:
        """Return :func:`fasttsne.ops.repulsive_sne` with Z = 1."""
        return self._function

    def with_log_Z(
        self, Y: Tensor, low: list[float], high: list[float], part: Part | None = None
    ) -> tuple[Tensor, Tensor, float]:
        """Return forces, Z = 1, and ln Z before the division (SNE: the mean of ln Z_i)."""
        forces, log_Z = ops.repulsive_sne(Y, self.conditional)
        return rows_of(forces, part), torch.ones_like(log_Z), float(log_Z)

    def _function(self, Y: Tensor, part: Part | None = None) -> tuple[Tensor, Tensor]:
        forces, log_Z = ops.repulsive_sne(Y, self.conditional)
        return rows_of(forces, part), torch.ones_like(log_Z)


class Approximate(Repulsion):
    """A tree, a mesh, or both."""

    def finest(self, n: int) -> Repulsion:
        """Return the exact sum, or for many points a fine tree."""
        return Exact(self.dof) if n <= _MOST_POINTS_FOR_EXACT_Z else BarnesHut(self.dof, 0.1)


class BarnesHut(Approximate):
    """A tree, whose far cells act as one point each.

    Parameters
    ----------
    dof : float
    theta : float
        A cell of side s at distance r acts as one point where s < theta r.
    """

    name = "barnes_hut"

    def __init__(self, dof: float, theta: float) -> None:
        self.dof = dof
        self.theta = theta
        self.function: RepulsionFunction = of_part(partial(ops.repulsive_bh, theta=theta, dof=dof))

    def prepare(self, Y: Tensor, low: list[float], high: list[float]) -> RepulsionFunction:
        """Return :func:`fasttsne.ops.repulsive_bh`."""
        return self.function

    def precise(self) -> BarnesHut:
        """Return a tree of theta 0.2 or less; bench/mesh_accuracy.py prints the error of Z."""
        return BarnesHut(self.dof, min(self.theta, 0.2))
