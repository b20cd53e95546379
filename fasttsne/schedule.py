"""Schedules: the phases of a descent, each with constant parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import _validation

MOMENTA = (
    (0, ((100, 0.5), (650, 0.8))),
    (1500, ((60, 0.8), (150, 0.97), (40, 0.9))),
    (5000, ((50, 0.8), (50, 0.98), (60, 0.99), (40, 0.9))),
)
"""From so many points on: iterations and momentum of the phases, the first exaggerated.

Below 1,500 points many small steps, which cost nothing there: more momentum overshoots. A map of
many points is, after the customary 750 iterations, still growing: momentum takes it there sooner,
and the last 40 let the points settle. bench/schedules.py prints the comparison.
"""


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
    light_tails: bool = False,
) -> list[Phase]:
    """Attraction exaggerated while clusters form, then the plain objective.

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
        Iterations in all: the early phase takes at most half, the others share the rest in the
        proportion of the default.
    late_exaggeration : float
        Of the iterations from ``late_exaggeration_start`` on.
    late_exaggeration_start : int, optional
        At the earliest, and by default, the end of the early phase.
    early_compression : float
        Of the first phase.
    light_tails : bool
        Whether the schedule is for SNE, or for a dof above 1: the attraction hardly weakens with
        the distance, and more momentum than that of few points makes maps swing.

    Returns
    -------
    list of Phase
    """
    _, momenta = MOMENTA[0] if light_tails else [rule for rule in MOMENTA if n >= rule[0]][-1]
    iterations = [count for count, _ in momenta]
    if max_iter is not None:
        early, late = min(iterations[0], max_iter // 2), sum(iterations[1:])
        left = max_iter - early
        shares = [left * count // late for count in iterations[2:]]
        iterations = [early, left - sum(shares), *shares]
    (_, momentum), *later = momenta
    phases = [Phase(iterations[0], early_exaggeration, momentum, learning_rate, early_compression)]
    done = iterations[0]
    for count, (_, momentum) in zip(iterations[1:], later, strict=True):
        plain = min(count, max(0, (late_exaggeration_start or 0) - done))
        done += count
        for part, exaggeration in ((plain, 1.0), (count - plain, late_exaggeration)):
            if part:
                phases.append(Phase(part, exaggeration, momentum, learning_rate))
    return [phase.for_points(n) for phase in phases]


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
