"""The bounding box of a map: measured once, or tracked while the map moves."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

Bounds = tuple[list[float], list[float]]
"""Lowest and highest coordinate along each axis."""


def bounds_of(Y: Tensor) -> Bounds:
    """Return the bounding box of a map (n, m); on a GPU this waits for the queue."""
    return Y.amin(0).tolist(), Y.amax(0).tolist()


class TrackedBounds:
    """The bounding box of a moving map, without waiting for a GPU in every iteration.

    On a CPU the box is exact in every iteration. On a GPU it is enlarged by a margin on each side,
    and measured again before the map can have grown out of that margin, as far as its growth since
    the last measurement tells. The margin matters because the mesh clamps points beyond its edge.

    This decides when the box is measured. When a box needs a new grid is decided in
    :class:`fasttsne.descent.mesh.Mesh`, which is also used for maps that are not tracked.

    Parameters
    ----------
    Y : Tensor, shape (n, m)
        The map at the start.
    """

    MOST_WAIT = 10
    """Most iterations between two measurements."""
    ROOM = 0.02
    """Width of the margin on each side, as a fraction of the span of the map."""

    def __init__(self, Y: Tensor) -> None:
        self._waits = Y.is_cuda
        # A checkpoint holds the following attributes under these names.
        self._low, self._high = bounds_of(Y)
        self._room = 0.0
        self._since, self._wait = 0, 1

    def state(self) -> dict[str, Any]:
        """Return the attributes that a checkpoint keeps: all but the kind of device."""
        return {name: value for name, value in vars(self).items() if name != "_waits"}

    def restore(self, state: dict[str, Any]) -> None:
        """Set the attributes that :meth:`state` returned."""
        vars(self).update(state)

    def now(self) -> Bounds:
        """Return lowest and highest coordinates that the map can have in this iteration."""
        return [x - self._room for x in self._low], [x + self._room for x in self._high]

    def expect_change(self) -> None:
        """Measure the box after the next iteration, as the map may now move faster than before."""
        self._wait = 1

    def read(self, statistics: Tensor, now: bool) -> float | None:
        """Update the box from what :func:`fasttsne.ops.update_embedding_` returned.

        Parameters
        ----------
        statistics : Tensor, shape (1 + 2 m,)
            Squared norm of the gradient, lowest and highest coordinates; on the map's device.
        now : bool
            Whether to read it in any case. Otherwise it is read when a measurement is due.

        Returns
        -------
        float or None
            Squared norm of the gradient; None if nothing was read.
        """
        self._since += 1
        if not now and self._since < self._wait:
            return None
        sq_gradient, *box = statistics.tolist()
        low, high = box[: len(box) // 2], box[len(box) // 2 :]
        if self._waits and math.isfinite(sq_gradient):
            moved = max(abs(a - b) for a, b in zip(self._low + self._high, low + high, strict=True))
            growth = 2 * moved / self._since  # per iteration; momentum may double it
            room = self.ROOM * max(b - a for a, b in zip(low, high, strict=True))
            self._wait = min(self.MOST_WAIT, int(room / growth)) if growth > 0 else 1
            self._wait = max(1, self._wait)
            self._room = max(room, growth)
        self._low, self._high, self._since = low, high, 0
        return sq_gradient
