"""Maps kept while a fit goes on: a callback that is also the list of what it saw."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor


class Snapshot(NamedTuple):
    """A map in the making."""

    iteration: int
    """Iterations done by then."""
    kl: float
    """KL(P || Q) in nats, without exaggeration."""
    embedding: np.ndarray
    """(n, m) float32"""


class Snapshots(list[Snapshot]):
    """A list to be given to :class:`fasttsne.TSNE` as its ``callback``.

    >>> frames = Snapshots()
    >>> TSNE(callback=frames, callback_every=5).fit(X)  # doctest: +SKIP
    >>> fasttsne.animate(frames, "map.gif", labels)  # doctest: +SKIP
    """

    def __call__(self, iteration: int, kl: float, embedding: Tensor) -> None:
        """Append a copy of the map."""
        self.append(Snapshot(iteration, kl, embedding.detach().cpu().numpy().copy()))
