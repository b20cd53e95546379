"""A callback that keeps copies of the map during a fit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor

__all__ = ["Snapshot", "Snapshots"]


class Snapshot(NamedTuple):
    """The map at one iteration of a fit."""

    iteration: int
    """Number of iterations done."""
    kl: float
    """KL(P || Q) in nats, without exaggeration."""
    embedding: np.ndarray
    """Map, shape (n, m), float32."""


class Snapshots(list[Snapshot]):
    """A list of snapshots that fills itself as the ``callback`` of :class:`fasttsne.TSNE`.

    >>> frames = Snapshots()
    >>> TSNE(callback=frames, callback_every=5).fit(X)  # doctest: +SKIP
    >>> fasttsne.animate(frames, "map.gif", labels)  # doctest: +SKIP
    """

    def __call__(self, iteration: int, kl: float, embedding: Tensor) -> None:
        """Append a copy of the map.

        Parameters
        ----------
        iteration : int
            Number of iterations done.
        kl : float
            KL(P || Q) in nats, without exaggeration.
        embedding : Tensor, shape (n, m)
            The map, on any device.
        """
        self.append(Snapshot(iteration, kl, embedding.detach().cpu().numpy().copy()))
