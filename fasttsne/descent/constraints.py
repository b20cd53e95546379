"""Points that keep their places, and places that points are drawn to, during a descent.

Anchors add a penalty to the KL divergence. With anchors a_i of the points i in A, and their mean a:

    weight / 2 * sum_A |y_i - a_i|^2 / sum_A |a_i - a|^2

The fraction is the mean squared distance of points from their anchors, in units of the mean squared
distance of anchors from their centre. It depends neither on their number nor on the scale of the
map, so that a weight means the same for all maps.

A map without constraints is centred after each step, as no force acts on its centre. One with
constraints is not, as these say where it lies.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .. import _validation, ops

_LARGEST_COORDINATE = 2.0**60
_MOST_OF_THE_WAY = 0.5
"""Largest part of the way to its anchor that a point goes in a step with a gain of 1. A heavier
weight would throw it beyond, again and again, and acts as the weight that this allows."""


class Constraints(NamedTuple):
    """The constraints of n points; None where there are none of a kind."""

    fixed: Tensor | None
    """(n, 1) bool: which points keep their places."""
    anchors: Tensor | None
    """(n, m) float32: places that points are drawn to; 0 where a point has none."""
    stiffness: Tensor | None
    """(n, 1) float32: weight / (4 sum |a_i - a|^2), 0 where a point has no anchor. The gradient of
    the penalty is 4 stiffness (y - a), as that of the KL divergence is 4 (attraction - ...)."""

    def arranged(self, order: Tensor | None, device: torch.device) -> Constraints:
        """Return those of the points in another order, on a device."""

        def move(t: Tensor | None) -> Tensor | None:
            if t is None:
                return None
            return (t if order is None else t[order.to(t.device)]).to(device)

        return Constraints(*map(move, self))

    def pull_(self, attractive: Tensor, Y: Tensor, exaggeration: float, rate: float) -> None:
        """Add the forces of the anchors to the attraction.

        Parameters
        ----------
        attractive, Y : Tensor, shape (n, m), float32
        exaggeration, rate : float
            What the attraction, and then the gradient, will be multiplied by.
        """
        if self.anchors is not None:
            assert self.stiffness is not None
            stiffness = self.stiffness.clamp(max=_MOST_OF_THE_WAY / (4 * rate))
            attractive.addcmul_(Y - self.anchors, stiffness, value=1 / exaggeration)

    def penalty(self, Y: Tensor) -> float:
        """Return what the anchors add to the KL divergence."""
        if self.anchors is None:
            return 0.0
        assert self.stiffness is not None
        return 2 * float((self.stiffness * (Y - self.anchors).square()).sum(dtype=torch.float64))

    def step_(
        self,
        Y: Tensor,
        velocity: Tensor,
        gains: Tensor,
        attractive: Tensor,
        repulsive: Tensor,
        *parameters: Any,
    ) -> Tensor:
        """Take the step of :func:`fasttsne.ops.update_embedding_` under the constraints, in place.

        Fixed points are not moved, and the map is not centred.

        Parameters
        ----------
        Y, velocity, gains, attractive, repulsive : Tensor, shape (n, m), float32
            All may be changed.
        *parameters
            The further arguments of the op.

        Returns
        -------
        Tensor, shape (1 + 2 m,), float64
            Squared norm of the gradient of the points that move, lowest and highest coordinates.
        """
        if self.fixed is not None:
            attractive = attractive.masked_fill(self.fixed, 0)
            repulsive = repulsive.masked_fill(self.fixed, 0)
        statistics = ops.update_embedding_(
            Y.clone(), velocity, gains, attractive, repulsive, *parameters
        )
        # The op has centred a copy; the map itself moves by the velocity alone.
        moved = Y + velocity
        Y.copy_(moved if self.fixed is None else torch.where(self.fixed, Y, moved))
        return torch.cat([statistics[:1], Y.amin(0).double(), Y.amax(0).double()])


def check_constraints(
    fixed: Any, anchors: Any, anchor_weight: Any, n: int, dims: int, has_start: bool
) -> Constraints | None:
    """Return the constraints that a user asks for; None if there are none.

    Parameters
    ----------
    fixed, anchors, anchor_weight
        See :class:`fasttsne.TSNE`.
    n, dims : int
        Shape of the map.
    has_start : bool
        Whether the user gives an array as start, which fixed points need.

    Raises
    ------
    TypeError, ValueError
        Wrong kinds, shapes or values; all points fixed; anchors without a weight, and the reverse.
    """
    is_fixed = _check_fixed(fixed, n, has_start)
    places, stiffness = _check_anchors(anchors, anchor_weight, n, dims)
    if is_fixed is None and places is None:
        return None
    return Constraints(is_fixed, places, stiffness)


def _check_fixed(fixed: Any, n: int, has_start: bool) -> Tensor | None:
    if fixed is None:
        return None
    _validation.check_unmasked("fixed", fixed)
    given = _validation.as_array(fixed)
    kinds = f"fixed must be a mask of {n} bools or a list of row numbers"
    if given.ndim != 1 or (given.size and given.dtype.kind not in "biu"):
        raise TypeError(f"{kinds}, got {given.dtype} of shape {given.shape}")
    is_fixed = np.zeros(n, dtype=bool)
    if given.dtype.kind == "b":
        if given.shape != (n,):
            raise ValueError(f"{kinds}, got {given.size} bools")
        is_fixed = given
    elif given.size:
        _validation.check_range("fixed", given, n)
        is_fixed[given] = True
    if not is_fixed.any():
        return None
    if is_fixed.all():
        raise ValueError(f"fixed must leave 1 point or more to move, got all {n}")
    if not has_start:
        raise ValueError("fixed needs init=array, in which these points have their places")
    return torch.from_numpy(is_fixed.copy())[:, None]


def _check_anchors(
    anchors: Any, weight: Any, n: int, dims: int
) -> tuple[Tensor | None, Tensor | None]:
    if anchors is None:
        if weight is not None:
            raise ValueError(f"anchor_weight needs anchors, got anchor_weight={weight!r} alone")
        return None, None
    if weight is None:
        raise ValueError("anchors need anchor_weight, a number above 0, got None")
    weight = _validation.number("anchor_weight", weight, above=0)
    _validation.check_unmasked("anchors", anchors)
    given = _validation.as_array(anchors)
    if given.dtype.kind not in "biuf":
        raise TypeError(f"anchors must be numbers, NaN for none, got dtype {given.dtype}")
    if given.shape != (n, dims):
        raise ValueError(f"anchors must have shape ({n}, {dims}), got {given.shape}")
    places = torch.from_numpy(given.astype(np.float64))
    lacks = places.isnan()
    torn = lacks.any(1) & ~lacks.all(1)
    if bool(torn.any()):
        row = int(torn.nonzero()[0])
        raise ValueError(
            f"anchors must be numbers or NaN in a whole row, got {places[row].tolist()} in row "
            f"{row}"
        )
    has_one = ~lacks[:, :1]
    places = places.where(has_one, 0)
    largest = float(places.abs().max())
    if largest > _LARGEST_COORDINATE:
        raise ValueError(
            f"anchors must lie within {_LARGEST_COORDINATE:.3g} of the origin, got {largest:.3g}"
        )
    some = places[has_one[:, 0]]
    spread = float((some - some.mean(0)).square().sum()) if len(some) else 0.0
    if spread == 0:
        raise ValueError(
            "anchors must hold 2 different places or more, as their spread is the unit of the "
            f"penalty; got {len(some)} anchors"
        )
    stiffness = has_one.float() * (weight / (4 * spread))
    return places.float(), stiffness
