"""Schedules: the phases of a descent, each with constant parameters.

A user's schedule is a list of :class:`Phase`; :func:`default_schedule` makes one for n points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from . import _validation

__all__ = ["Phase", "default_schedule"]

EARLY_ITERATIONS, EARLY_MOMENTUM = 150, 0.5
"""Length and momentum of the exaggerated phase, in which clusters find their places. More
iterations make these no better; fewer with more momentum make them worse."""
LATE_ITERATIONS = 250
"""Length of all later phases together: enough, on nearly all data, for a lower KL divergence than
openTSNE's after 750 (docs/benchmarks.md)."""
FIRST_DAMPING, LEAST_DAMPING = 0.2, 1 / 60
"""Damping of the first later phase, and the least that any may have. With momentum m, the damping
1 - m is the fraction of its velocity that a point loses in an iteration. With 1/60 a velocity lasts
for about 60 iterations, which is about the length of a phase."""
DAMPING_TIMES_WIDTH = 0.45
"""The least damping is this over the width of the map (see :func:`default_schedule`). With half as
much again, 5,000 frames do not reach the KL divergence of openTSNE's map (bench/schedules.py,
bench/peers.py)."""
STEPS = 3
"""Number of steps in which the damping falls from the first to the least."""


@dataclass(frozen=True)
class Phase:
    """Consecutive iterations with constant parameters.

    Parameters
    ----------
    iterations : int
        0 or more.
    exaggeration : float, default 1
        Factor of the attraction, above 0.
    momentum : float, default 0.8
        Fraction of its velocity that a point keeps in an iteration, in [0, 1).
    learning_rate : float or 'auto', default 'auto'
        'auto': n / (4 exaggeration), for n points. Belkina et al. (2019) use n / exaggeration, with
        the factor 4 of the gradient left out.
    compression : float, default 0
        Weight of a penalty, the sum of squared distances from the origin. It keeps points close
        together in early iterations, so that clusters can pass through one another (van der Maaten
        and Hinton 2008, section 3.4).
    """

    iterations: int
    exaggeration: float = 1.0
    momentum: float = 0.8
    learning_rate: float | str = "auto"
    compression: float = 0.0

    def for_points(self, n: int) -> Phase:
        """Return the phase with 'auto' replaced by the learning rate for n points.

        Parameters
        ----------
        n : int
            Number of points.

        Returns
        -------
        Phase
        """
        if self.learning_rate != "auto":
            return self
        return replace(self, learning_rate=n / self.exaggeration / 4)

    @property
    def rate(self) -> float:
        """The learning rate as a number.

        Raises
        ------
        ValueError
            If it is 'auto', which depends on the number of points: see :meth:`for_points`.
        """
        if isinstance(self.learning_rate, str):
            raise ValueError(
                f"learning_rate is {self.learning_rate!r}, which is a number only for a number of "
                "points: phase.for_points(n).rate"
            )
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
    """Return exaggerated attraction first, then the plain objective with growing momentum.

    After the early exaggeration a map grows to a width of about sqrt(n / perplexity). With momentum
    m a steady force moves a point by 1 / (1 - m) steps, so that more momentum takes it there in
    fewer iterations. But large momentum at once tears clusters apart, although the KL divergence
    falls (docs/measures.md).

    So the damping 1 - m falls in three steps of equal ratio, from 0.2 to 0.45 / width, limited to
    1/60 to 0.2, with width = sqrt(n / perplexity). With few points or many neighbours the map is
    narrow, and the damping stays near 0.2. The last of these four phases is half as long again as
    the others. At the end half a phase with m = 0.9 lets the points settle.

    ``bench/schedules.py`` prints all measures of this rule and of others.

    Parameters
    ----------
    n : int
        Number of points.
    early_exaggeration : float
        Exaggeration of the first phase.
    learning_rate : float or 'auto'
        Learning rate of all phases. 'auto' is that of :class:`Phase` for every n; scikit-learn's
        lower bound of 50 overshoots for small n.
    max_iter : int, optional
        Total number of iterations. All phases are scaled by the same factor. Default: 400.
    late_exaggeration : float
        Exaggeration of the iterations from ``late_exaggeration_start`` on.
    late_exaggeration_start : int, optional
        The end of the early phase is the earliest, and the default.
    early_compression : float
        Compression of the first phase.
    neighbors : float
        Number of neighbours of a point in P. Perplexity stands for a third of it above.

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
    """Return fraction of the iterations and momentum of each phase after the early one."""
    width = math.sqrt(max(1.0, 3 * n / neighbors))
    least = min(FIRST_DAMPING, max(LEAST_DAMPING, DAMPING_TIMES_WIDTH / width))
    momenta = [1 - FIRST_DAMPING * (least / FIRST_DAMPING) ** (i / STEPS) for i in range(STEPS + 1)]
    lengths = [*[2] * STEPS, 3, 1]
    return [
        (length / sum(lengths), momentum)
        for length, momentum in zip(lengths, [*momenta, 0.9], strict=True)
    ]


def _rounded(counts: list[float], total: int | None) -> list[int]:
    """Scale counts to a total, and round them so that they sum to it; None: do not scale."""
    scale = 1.0 if total is None else total / sum(counts)
    ends = [round(scale * end) for end in accumulate(counts)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def check_schedule(schedule: Any, n: int) -> list[Phase]:
    """Return a user's phases with plain Python numbers and learning rates for n points.

    Raises
    ------
    TypeError
        Not a list of :class:`Phase`, an empty one, or a field that is not a number.
    ValueError
        A number out of range, or no iterations at all.
    """
    if (
        not isinstance(schedule, Sequence)
        or not schedule
        or not all(isinstance(phase, Phase) for phase in schedule)
    ):
        raise TypeError(f"schedule must be a list of fasttsne.Phase, got {schedule!r}")
    phases = [check_phase(phase, n, f"schedule[{i}].") for i, phase in enumerate(schedule)]
    if not any(phase.iterations for phase in phases):
        raise ValueError("schedule must hold 1 iteration or more, got 0")
    return phases


def check_phase(phase: Phase, n: int, prefix: str = "", least: int = 0) -> Phase:
    """Return a phase with plain Python numbers and the learning rate for n points.

    Parameters
    ----------
    phase : Phase
    n : int
    prefix : str
        What error messages say before the name of a field.
    least : int
        Fewest iterations.

    Raises
    ------
    TypeError, ValueError
        A field that is not a number, or out of range.
    """
    iterations = _validation.integer(f"{prefix}iterations", phase.iterations, least)
    exaggeration = _validation.number(f"{prefix}exaggeration", phase.exaggeration, above=0)
    momentum = _validation.number(f"{prefix}momentum", phase.momentum, least=0)
    if momentum >= 1:
        raise ValueError(f"{prefix}momentum must be below 1, got {phase.momentum}")
    rate = check_learning_rate(f"{prefix}learning_rate", phase.learning_rate)
    compression = _validation.number(f"{prefix}compression", phase.compression, least=0)
    return Phase(iterations, exaggeration, momentum, rate, compression).for_points(n)


def check_learning_rate(name: str, rate: Any) -> float | str:
    """Return a learning rate that is 'auto' or a number above 0; raise TypeError or ValueError."""
    if isinstance(rate, str):
        if rate != "auto":
            raise ValueError(f"{name} must be a number or 'auto', got {rate!r}")
        return rate
    return _validation.number(name, rate, above=0)
