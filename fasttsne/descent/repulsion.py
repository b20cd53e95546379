"""Ways to sum the repulsion: exact, Barnes-Hut, particle mesh. All return forces and Z.

The particle mesh uses one potential: with Phi(y) the sum of q(y - y_j) over all points,
Z = sum of Phi(y_i) - n, and the repulsive force is -1/2 grad Phi, for every dof and every number
of dimensions. So one grid of charges, one convolution, and one grid to read.

SNE and symmetric SNE repel by :class:`Gaussian`; they attract as t-SNE does, with dof = infinity.
"""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Tensor

from .. import ops
from .._threads import in_chunks
from .convolution import FreeConvolution, spectrum_of

_EXACT_UP_TO = 1500
"""Points up to which the whole sum is about as fast as a tree."""
_NODES_A_POINT, _NODES_A_CALL = 40, 80_000
"""The padded mesh takes less time than the tree up to so many nodes per point, less what the fixed
cost of its calls is worth; bench/crossover.py times both."""
_NODES_WORTH_A_CALL, _NODES_WORTH_A_PAIR, _NODES_WORTH_A_POINT = 400_000, 2, 8000
"""With more nodes a mesh takes about a hundred times as long as an iteration with the whole sum
over the pairs of few points, or with the tree over many, at no better accuracy."""

SMALL_KL = 0.1
"""A KL divergence below which the error of a mesh or tree in ln Z, 1e-3 for most maps, would show:
it could even be negative. So Z is summed by :meth:`Repulsion.finest` there."""
_EXACT_Z_UP_TO = 20_000
"""Points up to which that is the whole sum."""


Sum = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Takes a map (n, m); returns forces (n, m), not divided by Z, and Z (float64 scalar)."""
Bounds = tuple[list[float], list[float]]
"""Lowest and highest coordinates."""


class Repulsion(ABC):
    """One way to compute repulsive forces; ``name`` is what the user calls the method."""

    name: str
    dof: float
    """Degrees of freedom; also of the attraction that belongs to it."""

    @abstractmethod
    def within(self, Y: Tensor, low: list[float], high: list[float]) -> Sum:
        """Return what sums the repulsion of maps within these bounds, which those of Y are.

        The same object as long as it serves, so that a caller may keep what was made with it.
        """

    def precise(self) -> Repulsion:
        """Return a way whose Z is good enough for a KL divergence to be told: 1 % of any KL."""
        return self

    def finest(self, n: int) -> Repulsion:
        """Return a way whose Z, for n points, is good enough where the KL divergence is small."""
        return self

    def grid_bounds(self) -> Bounds | None:
        """Return the bounds that a grid was made for which :meth:`within` may use again."""
        return None

    def make_grid(self, Y: Tensor, bounds: Bounds | None) -> None:
        """Make that grid, so that a descent goes on to the same bits."""
        return

    def __call__(self, Y: Tensor, low: list[float], high: list[float]) -> tuple[Tensor, Tensor]:
        """Forces (n, m), not divided by Z, and Z (float64 scalar), given the bounds of Y."""
        return self.within(Y, low, high)(Y)

    def with_log_Z(
        self, Y: Tensor, low: list[float], high: list[float]
    ) -> tuple[Tensor, Tensor, float]:
        """As a call; and ln Z, the repulsion's part of the KL divergence."""
        forces, Z = self(Y, low, high)
        return forces, Z, math.log(float(Z))


class _Approximate(Repulsion):
    """A tree or a mesh, or both."""

    def finest(self, n: int) -> Repulsion:
        """Return the whole sum, or for many points a fine tree."""
        return Exact(self.dof) if n <= _EXACT_Z_UP_TO else BarnesHut(self.dof, 0.1)


class Exact(Repulsion):
    """The whole sum over pairs."""

    name = "exact"

    def __init__(self, dof: float) -> None:
        self.dof = dof
        self._sum: Sum = partial(ops.repulsive_exact, dof=dof)

    def within(self, Y: Tensor, low: list[float], high: list[float]) -> Sum:
        """Return :func:`fasttsne.ops.repulsive_exact`."""
        return self._sum


class Gaussian(Repulsion):
    """The whole sum for the Gaussian of SNE; its forces are already divided by Z, so that Z is 1.

    Parameters
    ----------
    conditional : bool
        Whether q is normalised row by row (SNE) or over all pairs (symmetric SNE). The KL
        divergence of SNE is the mean of its rows', and its sum P ln P that of the conditional P.
    """

    name = "exact"
    dof = math.inf

    def __init__(self, conditional: bool) -> None:
        self.conditional = conditional

    def within(self, Y: Tensor, low: list[float], high: list[float]) -> Sum:
        """Return :func:`fasttsne.ops.repulsive_sne` with Z = 1."""
        return self._sum

    def with_log_Z(
        self, Y: Tensor, low: list[float], high: list[float]
    ) -> tuple[Tensor, Tensor, float]:
        """As a call; and ln Z as it was before the division, or the mean over rows of ln Z_i."""
        forces, log_Z = ops.repulsive_sne(Y, self.conditional)
        return forces, torch.ones_like(log_Z), float(log_Z)

    def _sum(self, Y: Tensor) -> tuple[Tensor, Tensor]:
        forces, log_Z = ops.repulsive_sne(Y, self.conditional)
        return forces, torch.ones_like(log_Z)


class BarnesHut(_Approximate):
    """Far cells of a tree act as one point."""

    name = "barnes_hut"

    def __init__(self, dof: float, theta: float) -> None:
        self.dof = dof
        self.theta = theta
        self._sum: Sum = partial(ops.repulsive_bh, theta=theta, dof=dof)

    def within(self, Y: Tensor, low: list[float], high: list[float]) -> Sum:
        """Return :func:`fasttsne.ops.repulsive_bh`."""
        return self._sum

    def precise(self) -> BarnesHut:
        """Return a finer one: ln Z counts in full (bench/mesh_accuracy.py prints Z's error)."""
        return BarnesHut(self.dof, min(self.theta, 0.2))


class Mesh(_Approximate):
    """A grid that follows the span of the map.

    Parameters
    ----------
    dof : float
    step : float
        Distance of nodes in units of the kernel's width, min(1, sqrt(dof)): 0.25 to 0.5. A
        coarser grid is used where the map is too wide for :data:`LARGEST_GRID` nodes.
    step_on_gpu : float, optional
        The same for maps on a GPU; by default the same.
    """

    name = "fft"

    STEP, STEP_SPARSE = 0.35, 0.25
    """Late in the descent attraction and repulsion cancel to a percent, and what is left must
    outweigh the error of the forces: with a step of 0.5 it does not (bench/mesh_accuracy.py).
    The finer one where points are sparse, and no tree takes over from the mesh, as on a GPU."""
    CROWD = 20_000
    """Fewer points than these are taken for sparse."""
    FINEST = 0.4
    """Smallest fraction of the step. A narrow map gets finer nodes, for the window's error is
    largest near the kernel's top; finer still, and float32 would not resolve the slope."""
    NODES_ACROSS = 64
    """Nodes along the longest side that make the step finer, within the limit above."""
    LARGEST_GRID = 1 << 25
    """Nodes of the padded grid: 128 MiB in float32."""
    COARSEST = 1.5
    """Steps this many times the wanted one are left to Barnes-Hut."""
    SLACK = 1.1
    """Room to grow, so that the spectrum is made anew every tenth of the span, not every step."""

    def __init__(self, dof: float, step: float, step_on_gpu: float | None = None) -> None:
        self.dof = dof
        width = min(1.0, math.sqrt(dof))
        self.step_wanted = step * width
        self.step_on_gpu = (step if step_on_gpu is None else step_on_gpu) * width
        self._grid: _Grid | None = None
        self._has_warned = False
        self._exact: Sum = partial(ops.repulsive_exact, dof=dof)
        self._tree: Sum = partial(ops.repulsive_bh, theta=0.5, dof=dof)

    def within(self, Y: Tensor, low: list[float], high: list[float]) -> Sum:
        """Return a grid for these bounds, or another method where none in memory is fine enough."""
        step, shape = self._grid_for(low, high, Y.is_cuda)
        n = Y.shape[0]
        if self._is_coarse(step, Y.is_cuda):
            return self._without_mesh(n)
        if not Y.is_cuda and self._is_wasteful(math.prod(shape), n):
            return self._without_mesh(n)
        if not self._fits(shape, low, high):
            self._grid = self._make_grid(Y, step, shape, low, high)
        assert self._grid is not None
        return self._grid

    def grid_bounds(self) -> Bounds | None:
        """Return the bounds that the grid at hand was made for."""
        return self._grid.made_for if self._grid else None

    def make_grid(self, Y: Tensor, bounds: Bounds | None) -> None:
        """Make the grid for these bounds, whatever those of Y are."""
        self._grid = None
        if bounds:
            self._grid = self._make_grid(Y, *self._grid_for(*bounds, Y.is_cuda), *bounds)

    def nodes_for(self, low: list[float], high: list[float], on_gpu: bool = False) -> int:
        """Return how many nodes the padded grid for these bounds has."""
        return math.prod(self._grid_for(low, high, on_gpu)[1])

    def potential_of(self, Y: Tensor) -> Potential | None:
        """Return the potential of fixed points; None where no grid in memory is fine enough."""
        low, high = Y.amin(0).tolist(), Y.amax(0).tolist()
        step, shape = self._grid_for(low, high, Y.is_cuda)
        if self._is_coarse(step, Y.is_cuda):
            return None
        grid = self._make_grid(Y, step, shape, low, high)
        ops.mesh_spread_(Y, grid.charges, grid.origin, step)
        return Potential(grid.convolve(grid.charges), grid.origin, step, grid.bounds)

    def _is_coarse(self, step: float, on_gpu: bool) -> bool:
        """Whether the finest grid in memory is too coarse."""
        return step > self.COARSEST * (self.step_on_gpu if on_gpu else self.step_wanted)

    def _is_wasteful(self, nodes: int, n: int) -> bool:
        """Whether another method takes a hundredth of the time; the first time, say so."""
        pairs = n <= _EXACT_UP_TO
        worth = _NODES_WORTH_A_PAIR * n if pairs else _NODES_WORTH_A_POINT
        wasteful = nodes > _NODES_WORTH_A_CALL + worth * n
        if wasteful and not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"method='fft' would need a mesh of {nodes:,} nodes for {n:,} points, a hundred "
                f"times slower than {'exact' if pairs else 'barnes_hut'}, which takes its place "
                "where the map is so wide",
                stacklevel=2,
            )
        return wasteful

    def _without_mesh(self, n: int) -> Sum:
        return self._exact if n <= _EXACT_UP_TO else self._tree

    def _fits(self, shape: list[int], low: list[float], high: list[float]) -> bool:
        """Whether the grid at hand holds the bounds and is not much larger than a new one's."""
        if self._grid is None:
            return False
        inside = all(
            a <= x and y <= b for a, b, x, y in zip(*self._grid.bounds, low, high, strict=True)
        )
        # A map that shrank a lot (late in the early phase) deserves its small grid back.
        return inside and 2 * math.prod(shape) > math.prod(self._grid.convolve.padded)

    def _grid_for(
        self, low: list[float], high: list[float], on_gpu: bool
    ) -> tuple[float, list[int]]:
        """Step and padded shape of a grid for these bounds and some room to grow."""
        span = max(b - a for a, b in zip(low, high, strict=True))
        wanted = self.step_on_gpu if on_gpu else self.step_wanted
        step = wanted * min(1.0, max(self.FINEST, span / self.NODES_ACROSS / wanted))
        while True:
            # The window reaches a node below and two above. Half of the padded grid is for the
            # points, the other half keeps the periodic images apart; between them the kernel has a
            # kink, whose ringing dies by (2 - sqrt 3) a node: 8 nodes leave 3e-5 of it.
            spans = [self.SLACK * (b - a) for a, b in zip(low, high, strict=True)]
            nodes = [math.ceil(s / step) + 12 for s in spans]
            shape = [fast_length(2 * n) for n in nodes]
            if on_gpu:
                few = [few_lengths(2 * max(nodes))] * len(nodes)
                if math.prod(few) <= self.LARGEST_GRID:
                    return step, few
            if math.prod(shape) <= self.LARGEST_GRID:
                return step, shape
            step *= 1.1

    def _make_grid(
        self, Y: Tensor, step: float, shape: list[int], low: list[float], high: list[float]
    ) -> _Grid:
        half = [size // 2 for size in shape]
        middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
        origin = [c - (n - 1) / 2 * step for c, n in zip(middle, half, strict=True)]
        return _Grid(
            Y.new_empty(half),
            Y.new_tensor(origin),
            step,
            FreeConvolution(shape, self._influence_for(shape, step, Y.device)),
            (
                [o + step for o in origin],
                [o + (n - 3) * step for o, n in zip(origin, half, strict=True)],
            ),
            (low, high),
            self._without_mesh(Y.shape[0]),
        )

    def _influence_for(self, shape: list[int], step: float, device: torch.device) -> Tensor:
        """Spectrum of q on the padded grid over the squared spectrum of the window.

        The division makes spreading and gathering an interpolation (Essmann et al. 1995).
        """
        # In place: a pass that asks for fresh memory pays for its pages.
        kernel = torch.ones(shape, dtype=torch.float64, device=device)
        axes = []
        for axis, size in enumerate(shape):
            along = [-1 if a == axis else 1 for a in range(len(shape))]
            number = torch.arange(size, dtype=torch.float64, device=device)
            distance = torch.minimum(number, size - number) * step
            kernel += (distance.square() / self.dof).view(along)
            # The cubic B-spline at the nodes is 1/6, 4/6, 1/6.
            axes.append(((4 + 2 * torch.cos(2 * math.pi / size * number)) / 6).view(along))
        # On one thread each: torch's powers are others where vectors do not fill.
        in_chunks(lambda part: kernel[part].pow_(-self.dof), kernel)
        influence = spectrum_of(kernel)
        for window in axes:
            influence /= window[..., : influence.shape[-1]].square()
        return influence.float()


@dataclass(frozen=True)
class Potential:
    """Phi of points that stay where they are, to be read at others."""

    nodes: Tensor
    origin: Tensor
    step: float
    bounds: Bounds

    def __call__(self, Y: Tensor) -> tuple[Tensor, Tensor]:
        """Forces (l, m) on other points, -1/2 grad Phi, and Phi (l,); at the edge beyond it."""
        low, high = (Y.new_tensor(bound) for bound in self.bounds)
        inside = torch.minimum(torch.maximum(Y, low), high)
        forces, values, _ = ops.mesh_gather(inside, self.nodes, self.origin, self.step)
        return forces, values


@dataclass(eq=False)  # one is itself: a recording of its work hangs on it
class _Grid:
    """A mesh for maps within its bounds: spread, convolve, gather."""

    charges: Tensor
    origin: Tensor
    step: float
    convolve: FreeConvolution
    bounds: Bounds
    made_for: Bounds
    without: Sum
    """What to do where the mesh is no good."""
    _good: bool | None = None

    @property
    def nodes(self) -> int:
        """How many the padded grid has."""
        return math.prod(self.convolve.padded)

    def __call__(self, Y: Tensor) -> tuple[Tensor, Tensor]:
        if self._good is False and Y.is_cuda:
            return self.without(Y)
        ops.mesh_spread_(Y, self.charges, self.origin, self.step)
        potential = self.convolve(self.charges)
        forces, _, total = ops.mesh_gather(Y, potential, self.origin, self.step)
        Z = total - Y.shape[0]
        # To ask a GPU is to wait for it, so once a grid: Z changes slowly.
        if self._good is None or not Y.is_cuda:
            # Few and far apart: the error of a point's own potential is not small beside Z.
            self._good = bool(Z > 0.01 * Y.shape[0])
            if not self._good:
                return self.without(Y)
        return forces, Z


class Cheaper(_Approximate):
    """The mesh while the map is dense enough for it, the tree when it has spread.

    All maps start small, so that the early phase goes by mesh; how soon the tree takes over depends
    on how wide the points end up: late or never at 100,000 in the plane, at once for 2,000 far
    apart.
    """

    name = "fft, barnes_hut"

    def __init__(self, mesh: Mesh, tree: BarnesHut) -> None:
        self.mesh = mesh
        self.tree = tree
        self.dof = tree.dof

    def within(self, Y: Tensor, low: list[float], high: list[float]) -> Sum:
        """Ask the cheaper one."""
        # A GPU takes less time for any mesh that fits than for a tree of thousands of points.
        nodes = self.mesh.nodes_for(low, high)
        dense = Y.is_cuda or nodes <= _NODES_A_POINT * Y.shape[0] - _NODES_A_CALL
        return (self.mesh if dense else self.tree).within(Y, low, high)

    def grid_bounds(self) -> Bounds | None:
        """Return those of the mesh's grid."""
        return self.mesh.grid_bounds()

    def make_grid(self, Y: Tensor, bounds: Bounds | None) -> None:
        """Let the mesh make its grid."""
        self.mesh.make_grid(Y, bounds)

    def precise(self) -> Cheaper:
        """Return one of the two's precise ways."""
        return Cheaper(self.mesh, self.tree.precise())


METHODS = ("auto", "exact", "barnes_hut", "fft")
OBJECTIVES = ("tsne", "symmetric_sne", "sne")


def choose_repulsion(
    method: str,
    n: int,
    dims: int,
    dof: float,
    theta: float,
    step: float | None = None,
    objective: str = "tsne",
) -> Repulsion:
    """Make what sums the repulsion.

    Parameters
    ----------
    method : {'auto', 'exact', 'barnes_hut', 'fft'}
    n, dims : int
        Size of the embedding.
    dof, theta : float
        ``dof=math.inf`` makes symmetric SNE of t-SNE; the other objectives have no dof.
    step : float, optional
        Of :class:`Mesh`; by default one of its own.
    objective : {'tsne', 'symmetric_sne', 'sne'}
        The Gaussian ones are summed exactly.

    Raises
    ------
    ValueError
        More than 3 dims with a method that knows only 1 to 3; a Gaussian with one that cannot.
    """
    if objective != "tsne" or dof == math.inf:
        if method not in ("auto", "exact"):
            asked = "dof=inf" if objective == "tsne" else f"objective={objective!r}"
            raise ValueError(f"{asked} needs method='exact' (or 'auto'), got {method!r}")
        return Gaussian(conditional=objective == "sne")
    if method in ("barnes_hut", "fft") and dims > 3:
        raise ValueError(
            f"'n_components' should be 1 to 3 for method={method!r}, got {dims}; "
            "method='exact' takes any number"
        )
    if method == "auto":
        if dims > 3 or n <= _EXACT_UP_TO:
            method = "exact"
        elif dims == 1:  # far cells stand in line, the tree's error is largest, and grids are cheap
            method = "fft"
    if method == "exact" or (method == "barnes_hut" and theta == 0):
        return Exact(dof)  # no cell of a tree that opens all is ever taken as a whole
    tree = BarnesHut(dof, theta)
    step_on_gpu = step
    if step is None:
        step_on_gpu = Mesh.STEP_SPARSE if n < Mesh.CROWD else Mesh.STEP
        step = step_on_gpu if method == "fft" else Mesh.STEP
    mesh = Mesh(dof, step, step_on_gpu)
    if method == "auto":
        return Cheaper(mesh, tree)
    return tree if method == "barnes_hut" else mesh


@cache  # asked in every iteration, mostly for the same lengths
def fast_length(least: int) -> int:
    """Return the smallest even 2^a 3^b 5^c of at least ``least``: lengths that FFTs like."""
    best = 1 << max(1, (least - 1).bit_length())
    five = 1
    while five < best:
        three = five
        while three < best:
            two = 1 << max(1, (-(-least // three) - 1).bit_length())
            best = min(best, two * three) if two * three >= least else best
            three *= 3
        five *= 5
    return best


def few_lengths(least: int) -> int:
    """Return the smallest even 2^a or 3 2^a of at least ``least``.

    On a GPU the first FFT of each length takes as long as hundreds of others: its kernels are
    loaded, and its plan made. Grids of few lengths leave a growing map room, too, so that few grids
    are made and recorded.
    """
    power = 1 << max(1, (least - 1).bit_length())
    return power // 4 * 3 if power >= 8 and power // 4 * 3 >= least else power
