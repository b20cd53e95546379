"""Schedules: the phases of a descent, each with constant parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from . import _validation

EARLY_ITERATIONS, EARLY_MOMENTUM = 150, 0.5
"""Of the exaggerated phase, which decides which clusters lie beside which. More iterations decide
no better, and more momentum in fewer of them decides worse."""
LATE_ITERATIONS = 250
"""Of all later phases: enough, on nearly all data, for a KL divergence below that of openTSNE's 750
(docs/benchmarks.md)."""
FIRST_DAMPING, LEAST_DAMPING = 0.2, 1 / 60
"""Of the later phases: damping, 1 - m, is the share of its velocity that a point loses in an
iteration. 60 iterations of memory are about a phase."""
DAMPING_TIMES_WIDTH = 0.45
"""With half as much again, 5,000 frames do not reach the KL divergence of openTSNE's map
(bench/schedules.py, bench/peers.py)."""
STEPS = 3
"""From the first to the least."""


@dataclass(frozen=True)
class Phase:
    """A stretch of iterations with constant parameters.

    Parameters
    ----------
    iterations : int
        0 or more.
    exaggeration : float, default 1
        Factor on the attraction, above 0.
    momentum : float, default 0.8
        Share of its velocity that a point keeps, 0 to below 1.
    learning_rate : float or 'auto', default 'auto'
        'auto': n / (4 exaggeration), for n points (Belkina et al. 2019; the 4 is in the gradient).
    compression : float, default 0
        Weight of the sum of squared distances from the origin, a penalty that keeps points close
        together while they find their places (van der Maaten and Hinton 2008, section 3.4).
    """

    iterations: int
    exaggeration: float = 1.0
    momentum: float = 0.8
    learning_rate: float | str = "auto"
    compression: float = 0.0

    def for_points(self, n: int) -> Phase:
        """Return the phase with the learning rate as a number."""
        if self.learning_rate != "auto":
            return self
        return replace(self, learning_rate=n / self.exaggeration / 4)

    @property
    def rate(self) -> float:
        """The learning rate, once it is a number."""
        assert not isinstance(self.learning_rate, str)
        return self.learning_rate


def default_schedule(
    n: int,
    early_exaggeration: float = 12.0,
    learning_rate: float | str = "auto",
    max_iter: int | None = None,
    late_exaggeration: float = 1.0,
    late_exaggeration_start: int | None = None,
    early_compression: float = 0.0,
    neighbors: float = 90.0,
) -> list[Phase]:
    """Attraction exaggerated while clusters form, then the plain objective with growing momentum.

    Once the exaggeration ends, a map grows, to a width of about the root of n over the perplexity.
    With momentum m a steady force carries a point 1 / (1 - m) steps far, so more momentum takes it
    there in fewer iterations. Put on at once, it tears clusters while the KL divergence falls
    (docs/measures.md). So 1 - m falls from 0.2 in three equal ratios, to as little as the width
    asks for, which is not little for few points or many neighbours. The last of these four phases
    is half as long again; then half a phase at 0.9 lets the points settle.

    ``bench/schedules.py`` prints all measures of this rule and of others.

    Parameters
    ----------
    n : int
        Number of points.
    early_exaggeration : float
        Of the first phase.
    learning_rate : float or 'auto'
        Of all phases; 'auto' as in :class:`Phase`, also for small n, where scikit-learn's floor of
        50 overshoots.
    max_iter : int, optional
        Iterations in all; the phases share them in the proportion of the default.
    late_exaggeration : float
        Of the iterations from ``late_exaggeration_start`` on.
    late_exaggeration_start : int, optional
        At the earliest, and by default, the end of the early phase.
    early_compression : float
        Of the first phase.
    neighbors : float
        Neighbours of a point that P holds, 3 x perplexity by default.

    Returns
    -------
    list of Phase
    """
    shares: list[tuple[float, float]] = [(EARLY_ITERATIONS, EARLY_MOMENTUM)]
    shares += [
        (LATE_ITERATIONS * share, momentum) for share, momentum in _late_phases(n, neighbors)
    ]
    iterations = _rounded([count for count, _ in shares], max_iter)
    phases = [
        Phase(iterations[0], early_exaggeration, EARLY_MOMENTUM, learning_rate, early_compression)
    ]
    done = iterations[0]
    for count, (_, momentum) in zip(iterations[1:], shares[1:], strict=True):
        plain = min(count, max(0, (late_exaggeration_start or 0) - done))
        done += count
        for part, exaggeration in ((plain, 1.0), (count - plain, late_exaggeration)):
            if part:
                phases.append(Phase(part, exaggeration, momentum, learning_rate))
    return [phase.for_points(n) for phase in phases]


def _late_phases(n: int, neighbors: float) -> list[tuple[float, float]]:
    """Return share and momentum of each phase after the early one."""
    width = math.sqrt(max(1.0, 3 * n / neighbors))
    least = min(FIRST_DAMPING, max(LEAST_DAMPING, DAMPING_TIMES_WIDTH / width))
    momenta = [1 - FIRST_DAMPING * (least / FIRST_DAMPING) ** (i / STEPS) for i in range(STEPS + 1)]
    lengths = [*[2] * STEPS, 3, 1]
    return [
        (length / sum(lengths), momentum)
        for length, momentum in zip(lengths, [*momenta, 0.9], strict=True)
    ]


def _rounded(counts: list[float], total: int | None) -> list[int]:
    """Scale counts to a total, and round them so that they add up to it."""
    scale = 1.0 if total is None else total / sum(counts)
    ends = [round(scale * end) for end in accumulate(counts)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def check_schedule(schedule: Any, n: int) -> list[Phase]:
    """Return a user's phases with learning rates for n points.

    Raises
    ------
    TypeError, ValueError
        No phases, or numbers out of range.
    """
    if (
        not isinstance(schedule, Sequence)
        or not schedule
        or not all(isinstance(phase, Phase) for phase in schedule)
    ):
        raise TypeError(f"schedule must be a list of fasttsne.Phase, got {schedule!r}")
    for i, phase in enumerate(schedule):
        name = f"schedule[{i}]"
        _validation.integer(f"{name}.iterations", phase.iterations, 0)
        _validation.number(f"{name}.exaggeration", phase.exaggeration, above=0)
        if _validation.number(f"{name}.momentum", phase.momentum, least=0) >= 1:
            raise ValueError(f"{name}.momentum must be below 1, got {phase.momentum}")
        check_learning_rate(f"{name}.learning_rate", phase.learning_rate)
        _validation.number(f"{name}.compression", phase.compression, least=0)
    if not any(phase.iterations for phase in schedule):
        raise ValueError("schedule must hold 1 iteration or more, got 0")
    plain = [
        Phase(
            int(phase.iterations),
            float(phase.exaggeration),
            float(phase.momentum),
            phase.learning_rate if phase.learning_rate == "auto" else float(phase.learning_rate),
            float(phase.compression),
        )
        for phase in schedule
    ]
    return [phase.for_points(n) for phase in plain]


def check_learning_rate(name: str, rate: Any) -> float | str:
    """Return 'auto' or a number above 0."""
    if isinstance(rate, str):
        if rate != "auto":
            raise ValueError(f"{name} must be a number or 'auto', got {rate!r}")
        return rate
    return _validation.number(name, rate, above=0)
