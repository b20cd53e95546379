"""The grid of a particle mesh: points spread charges, an FFT convolves them, points read forces.

Let Phi(y) = sum_j q(y - y_j) be the potential of all points. Then, for every dof and any number of
dimensions,

    Z = sum_i Phi(y_i) - n    and    repulsive_i = -1/2 grad Phi(y_i),

where n is subtracted because each point adds q(0) = 1 to the potential at its own place. So one
grid of charges and one convolution are enough; FIt-SNE (Linderman et al. 2019) needs several.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .. import ops
from .._threads import in_chunks
from ..shards import ALONE, Part, Shards
from .bounds import Bounds
from .convolution import FreeConvolution, spectrum_of
from .repulsion import RepulsionFunction


@dataclass(eq=False)  # compared by identity: Replay uses it in a key
class ChargeGrid:
    """Sums the repulsion of maps that lie within its bounds; made by :func:`make_charge_grid`."""

    charges: Tensor
    """Half the padded sides, float32; overwritten by every call."""
    origin: Tensor
    """Coordinates of the first node, (m,) float32."""
    step: float
    """Distance between neighbouring nodes, in map units."""
    convolve: FreeConvolution
    """From charges to the potential at the nodes."""
    bounds: Bounds
    """Where points may lie, so that the 4 nodes that each uses along an axis are in the grid."""
    made_for: Bounds
    """The bounds that were asked for, from which the same grid can be made again."""
    fallback: RepulsionFunction
    """Takes over when the error of the mesh is large beside Z."""
    _is_accurate: bool | None = None
    """Whether the mesh was accurate at the last check; None before the first."""

    @property
    def nodes(self) -> int:
        """Number of nodes of the padded grid."""
        return math.prod(self.convolve.padded)

    def potential_of(self, Y: Tensor, shards: Shards = ALONE) -> Tensor:
        """Return the potential of all points at the nodes."""
        ops.mesh_spread_(Y, self.charges, self.origin, self.step)
        return self.convolve(self.charges, shards)

    def __call__(self, Y: Tensor, part: Part | None = None) -> tuple[Tensor, Tensor]:
        """Return forces (n, m), not divided by Z, and Z (float64 scalar).

        Of a part only its forces, (l, m).
        """
        if self._is_accurate is False and Y.is_cuda:
            return self.fallback(Y, part)
        mine, shards = (Y, ALONE) if part is None else (Y[part.rows], part.shards)
        potential = self.potential_of(Y, shards)
        forces, _, total = ops.mesh_gather(mine, potential, self.origin, self.step)
        if part is not None:
            total = total.new_tensor(self._sum_over_points(potential))
        Z = total - Y.shape[0]
        # Reading Z from a GPU waits for its queue, and Z changes slowly: once per grid is enough.
        if self._is_accurate is None or not Y.is_cuda:
            # For few points far apart Z is a small difference of two numbers near n, and the error
            # of the potentials that points have at their own places is large beside it.
            self._is_accurate = bool(Z > 0.01 * Y.shape[0])
            if not self._is_accurate:
                return self.fallback(Y, part)
        return forces, Z

    def _sum_over_points(self, potential: Tensor) -> float:
        """Return the sum of the potential at all points, those of other ranks too.

        Points gather the potential with the weights with which they spread their charges. So it is
        the sum over the nodes, of which every rank has all. Chunks make it the same for any number
        of threads.
        """

        def of_rows(rows: slice) -> float:
            return float((self.charges[rows] * potential[rows]).sum(dtype=torch.float64))

        return math.fsum(in_chunks(of_rows, self.charges))


@dataclass(frozen=True)
class FixedPotential:
    """The potential Phi of a map that does not move, interpolated at other points."""

    nodes: Tensor
    """Phi at the nodes."""
    origin: Tensor
    step: float
    bounds: Bounds
    """Points outside are moved to the nearest place inside."""

    def __call__(self, Y: Tensor) -> tuple[Tensor, Tensor]:
        """Return forces -1/2 grad Phi, shape (l, m), and Phi, shape (l,), at l points."""
        low, high = (Y.new_tensor(bound) for bound in self.bounds)
        inside = torch.minimum(torch.maximum(Y, low), high)
        forces, values, _ = ops.mesh_gather(inside, self.nodes, self.origin, self.step)
        return forces, values


def make_charge_grid(
    Y: Tensor,
    dof: float,
    step: float,
    padded: list[int],
    bounds: Bounds,
    fallback: RepulsionFunction,
) -> ChargeGrid:
    """Make a grid centred on the middle of a box.

    Parameters
    ----------
    Y : Tensor
        Gives dtype and device.
    dof : float
    step : float
        Distance between nodes, in map units.
    padded : list of int
        Sides of the padded grid, even; the grid of charges has half of each.
    bounds : (list of float, list of float)
        The box.
    fallback : callable
        See :attr:`ChargeGrid.fallback`.
    """
    shape = [size // 2 for size in padded]
    centre = [(a + b) / 2 for a, b in zip(*bounds, strict=True)]
    origin = [c - (n - 1) / 2 * step for c, n in zip(centre, shape, strict=True)]
    return ChargeGrid(
        charges=Y.new_empty(shape),
        origin=Y.new_tensor(origin),
        step=step,
        convolve=FreeConvolution(padded, _influence(padded, step, dof, Y.device)),
        # A point between the nodes i and i + 1 uses the nodes i - 1 to i + 2.
        bounds=(
            [o + step for o in origin],
            [o + (n - 3) * step for o, n in zip(origin, shape, strict=True)],
        ),
        made_for=bounds,
        fallback=fallback,
    )


def _influence(padded: list[int], step: float, dof: float, device: torch.device) -> Tensor:
    """Return the spectrum of q on the padded grid, divided by the squared spectrum of the window.

    The window is the cubic B-spline. It acts twice, in spreading and in gathering; the division
    makes an interpolation of both (smooth particle mesh Ewald: Essmann et al. 1995).
    """
    # In place: a newly allocated tensor of this size would cost page faults.
    kernel = torch.ones(padded, dtype=torch.float64, device=device)
    windows = []
    for axis, size in enumerate(padded):
        along_axis = [-1 if a == axis else 1 for a in range(len(padded))]
        number = torch.arange(size, dtype=torch.float64, device=device)
        distance = torch.minimum(number, size - number) * step
        kernel += (distance.square() / dof).view(along_axis)
        # At the nodes the cubic B-spline is 1/6, 4/6, 1/6; this is its Fourier series.
        windows.append(((4 + 2 * torch.cos(2 * math.pi / size * number)) / 6).view(along_axis))
    # torch's vectorised pow and the scalar one for what is left over round differently. Chunks
    # that do not depend on the number of threads keep the result independent of it.
    in_chunks(lambda part: kernel[part].pow_(-dof), kernel)
    influence = spectrum_of(kernel)
    for window in windows:
        influence /= window[..., : influence.shape[-1]].square()
    return influence.float()
