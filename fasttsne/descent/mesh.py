"""Repulsion by particle mesh: how fine its grid is, when it is replaced, when it is not used.

The computation on one grid is in :mod:`fasttsne.descent.mesh_grid`.
"""

from __future__ import annotations

import math
import warnings

from torch import Tensor

from .bounds import Bounds, bounds_of
from .fft_lengths import next_fast_length, next_gpu_length
from .mesh_grid import ChargeGrid, FixedPotential, make_charge_grid
from .repulsion import MOST_POINTS_FOR_EXACT, Approximate, BarnesHut, Exact, RepulsionFunction

_NODES_IN_ANY_CASE, _NODES_PER_PAIR, _NODES_PER_POINT = 400_000, 2, 8000
"""On a CPU a mesh may have 400,000 nodes, and in addition 2 for each of the n^2 pairs where the
exact sum would take its place, or 8,000 for each point where the tree would. A larger mesh takes
about a hundred times as long as those, at no better accuracy."""
_MARGIN = 12
"""Nodes that a grid has along each axis in addition to those that the map spans."""


class Mesh(Approximate):
    """A grid that follows the bounds of the map, on which an FFT sums the repulsion.

    Where no grid of :data:`LARGEST_GRID` nodes is fine enough, or a mesh would be far slower, the
    exact sum (few points) or a tree with theta = 0.5 (many) takes its place.

    Parameters
    ----------
    dof : float
    step : float
        Distance between nodes in units of the kernel's width, min(1, sqrt(dof)): 0.25 to 0.5. A
        coarser grid is used where the map is too wide for :data:`LARGEST_GRID` nodes.
    step_on_gpu : float, optional
        The same for maps on a GPU. Default: ``step``.
    """

    name = "fft"

    STEP, STEP_SPARSE = 0.35, 0.25
    """Default steps. Late in the descent attraction and repulsion cancel to a percent, and the
    remaining gradient must be larger than the error of the forces: with a step of 0.5 it is not
    (bench/mesh_accuracy.py). The smaller step is for sparse maps on which no tree replaces the
    mesh, as on a GPU."""
    SPARSE_BELOW = 20_000
    """Maps of fewer points count as sparse."""
    FINEST = 0.4
    """Smallest step, as a fraction of the wanted one. A narrow map gets a smaller step, as the
    error of the window is largest near the peak of the kernel. With a still smaller one float32
    would not resolve the slope of the potential."""
    NODES_ACROSS = 64
    """Nodes along the longest side below which the step is reduced, as far as FINEST allows."""
    LARGEST_GRID = 1 << 25
    """Most nodes of the padded grid: 128 MiB in float32."""
    COARSEST = 1.5
    """Largest step, as a multiple of the wanted one. Beyond it another method is used."""
    SLACK = 1.1
    """Span of a new grid over that of the map, so that the grid is replaced each time the map has
    grown by a tenth, rather than in every iteration."""

    def __init__(self, dof: float, step: float, step_on_gpu: float | None = None) -> None:
        self.dof = dof
        width = min(1.0, math.sqrt(dof))
        self.step = step * width
        self.step_on_gpu = (step if step_on_gpu is None else step_on_gpu) * width
        self._exact, self._tree = Exact(dof), BarnesHut(dof, 0.5)
        self._grid: ChargeGrid | None = None
        self._has_warned = False

    def prepare(self, Y: Tensor, low: list[float], high: list[float]) -> RepulsionFunction:
        """Return a grid for these bounds, or the function of the method that replaces the mesh."""
        n = Y.shape[0]
        step, padded = self._step_and_sides(low, high, Y.is_cuda)
        if self._is_too_coarse(step, Y.is_cuda):
            return self._fallback_for(n)
        nodes = math.prod(padded)
        if not Y.is_cuda and nodes > _most_nodes(n):
            self._warn_of_fallback(nodes, n)
            return self._fallback_for(n)
        if not self._fits(nodes, low, high):
            self._grid = self._make_grid(Y, step, padded, low, high)
        assert self._grid is not None
        return self._grid

    def grid_bounds(self) -> Bounds | None:
        """Return the bounds for which the present grid was made; None without a grid."""
        return self._grid.made_for if self._grid else None

    def restore_grid(self, Y: Tensor, bounds: Bounds | None) -> None:
        """Make the grid for these bounds, whatever those of Y are; no grid for None."""
        self._grid = None
        if bounds:
            step, padded = self._step_and_sides(*bounds, Y.is_cuda)
            self._grid = self._make_grid(Y, step, padded, *bounds)

    def nodes_for(self, low: list[float], high: list[float], on_gpu: bool = False) -> int:
        """Return the number of nodes of the padded grid for these bounds."""
        return math.prod(self._step_and_sides(low, high, on_gpu)[1])

    def potential_of(self, Y: Tensor) -> FixedPotential | None:
        """Return the potential of a map that stays; None where no grid is fine enough."""
        low, high = bounds_of(Y)
        step, padded = self._step_and_sides(low, high, Y.is_cuda)
        if self._is_too_coarse(step, Y.is_cuda):
            return None
        grid = self._make_grid(Y, step, padded, low, high)
        return FixedPotential(grid.potential_of(Y), grid.origin, step, grid.bounds)

    def _wanted_step(self, on_gpu: bool) -> float:
        return self.step_on_gpu if on_gpu else self.step

    def _is_too_coarse(self, step: float, on_gpu: bool) -> bool:
        return step > self.COARSEST * self._wanted_step(on_gpu)

    def _fallback_for(self, n: int) -> RepulsionFunction:
        return (self._exact if n <= MOST_POINTS_FOR_EXACT else self._tree).function

    def _warn_of_fallback(self, nodes: int, n: int) -> None:
        """Warn that another method replaces the mesh; the first time only."""
        if self._has_warned:
            return
        self._has_warned = True
        other = (self._exact if n <= MOST_POINTS_FOR_EXACT else self._tree).name
        warnings.warn(
            f"method={other!r} is used while the map is this wide: with method='fft', {n:,} points "
            f"would need a mesh of {nodes:,} nodes, which takes about a hundred times as long",
            stacklevel=2,
        )

    def _fits(self, nodes: int, low: list[float], high: list[float]) -> bool:
        """Whether the present grid holds the bounds and has less than twice the nodes needed.

        The second condition replaces a grid after the map has shrunk, as late in the early phase.
        This rule compares a grid with bounds that are known;
        :class:`fasttsne.descent.bounds.TrackedBounds` decides when to measure them.
        """
        if self._grid is None:
            return False
        inside = all(
            a <= x and y <= b for a, b, x, y in zip(*self._grid.bounds, low, high, strict=True)
        )
        return inside and 2 * nodes > self._grid.nodes

    def _step_and_sides(
        self, low: list[float], high: list[float], on_gpu: bool
    ) -> tuple[float, list[int]]:
        """Return the step and the padded sides of a grid for these bounds and some growth."""
        span = max(b - a for a, b in zip(low, high, strict=True))
        wanted = self._wanted_step(on_gpu)
        step = wanted * min(1.0, max(self.FINEST, span / self.NODES_ACROSS / wanted))
        while True:
            # One half of each padded side holds the points, the other keeps the periodic images
            # apart. The kernel has a kink half-way between two images. Its ringing, which comes
            # from the division by the window's spectrum, decays by a factor of 2 - sqrt(3) per
            # node: 8 nodes leave 3e-5 of it. A point between the nodes i and i + 1 uses the nodes
            # i - 1 to i + 2.
            spans = [self.SLACK * (b - a) for a, b in zip(low, high, strict=True)]
            sides = [math.ceil(s / step) + _MARGIN for s in spans]
            padded = [next_fast_length(2 * side) for side in sides]
            if on_gpu:
                equal = [next_gpu_length(2 * max(sides))] * len(sides)
                if math.prod(equal) <= self.LARGEST_GRID:
                    return step, equal
            if math.prod(padded) <= self.LARGEST_GRID:
                return step, padded
            step *= 1.1

    def _make_grid(
        self, Y: Tensor, step: float, padded: list[int], low: list[float], high: list[float]
    ) -> ChargeGrid:
        return make_charge_grid(
            Y, self.dof, step, padded, (low, high), self._fallback_for(Y.shape[0])
        )


def _most_nodes(n: int) -> int:
    """Return how many nodes a mesh for n points may have on a CPU."""
    per_point = _NODES_PER_PAIR * n if n <= MOST_POINTS_FOR_EXACT else _NODES_PER_POINT
    return _NODES_IN_ANY_CASE + per_point * n
