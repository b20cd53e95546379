"""What a fit keeps so that its map can go on: P, the neighbours, and the state of the descent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from ..affinities import JointP
from ..affinities.supervised import Supervision
from ..neighbors import Neighbors
from ..schedule import Phase

KEPT_UP_TO = 50_000
"""Most samples of which ``keep_state='auto'`` keeps the state: some 100 MB at perplexity 30."""


@dataclass(frozen=True)
class Kept:
    """What a further phase of a finished descent needs.

    All arrays are in the order of the descent, which is that of the data unless the search has
    sorted these. None of them changes: a further phase makes a new object.
    """

    P: JointP
    state: dict[str, Any]
    """The state in which a next phase begins."""
    phases: list[Phase]
    """The phases so far."""
    facts: dict[str, Any]
    """What the pipeline says of the fit: the order, the columns, the search."""
    neighbors: Neighbors | None
    """None if P was given as a matrix, or after a checkpoint, which holds no neighbours."""

    supervision: Supervision | None
    """The labels that P is made with; None as for the neighbours, or without labels."""

    def on(self, device: torch.device) -> Kept:
        """Return the same with the large arrays on a device."""
        neighbors = self.neighbors
        if neighbors is not None:
            neighbors = neighbors._replace(
                indices=neighbors.indices.to(device), sq_distances=neighbors.sq_distances.to(device)
            )
        P = JointP(*(part.to(device) for part in self.P))
        supervision = self.supervision and self.supervision.arranged(None, device)
        return replace(self, P=P, neighbors=neighbors, supervision=supervision)


def check_keep_state(keep_state: Any, n: int, distributed: bool) -> bool:
    """Return whether a fit of n samples keeps its state, as the parameter ``keep_state`` says.

    Raises
    ------
    TypeError, ValueError
        Neither a bool nor 'auto'; True with several ranks, which keep nothing.
    """
    if isinstance(keep_state, str):
        if keep_state != "auto":
            raise ValueError(f"keep_state must be True, False or 'auto', got {keep_state!r}")
        return n <= KEPT_UP_TO and not distributed
    if not isinstance(keep_state, bool):
        raise TypeError(f"keep_state must be True, False or 'auto', got {keep_state!r}")
    if keep_state and distributed:
        raise ValueError("keep_state must be False or 'auto' with distributed=True, got True")
    return keep_state
