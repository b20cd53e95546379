"""Gradient descent with momentum and gains over a schedule of phases."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from . import ops
from ._replay import Replay
from .affinities import JointP
from .gradient import Repulsion, Sum

CHECK_EVERY = 50
"""Iterations between evaluations of the KL divergence, stopping rules and callbacks."""

MAX_STEP = 5.0
"""Longest step of a point, in map units: keeps a large learning rate from throwing points out."""


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
    """A stretch of iterations with constant parameters."""

    iterations: int
    exaggeration: float
    learning_rate: float
    momentum: float


def default_schedule(
    n: int, early_exaggeration: float, learning_rate: float | None, max_iter: int | None
) -> list[Phase]:
    """Attraction exaggerated while clusters form, then the plain objective.

    Parameters
    ----------
    n : int
        Number of points.
    early_exaggeration : float
        Of the first phase.
    learning_rate : float, optional
        Of all phases. Default: n / (4 exaggeration) of each phase (Belkina et al. 2019; the 4 is
        in the gradient), also for small n, where scikit-learn's floor of 50 overshoots.
    max_iter : int, optional
        Iterations in all: the early phase takes at most half, the others share the rest in the
        proportion of the default.

    Returns
    -------
    list of Phase
    """
    momenta = next(rule for least, rule in reversed(MOMENTA) if n >= least)
    iterations = [count for count, _ in momenta]
    if max_iter is not None:
        early, late = min(iterations[0], max_iter // 2), sum(iterations[1:])
        left = max_iter - early
        shares = [left * count // late for count in iterations[2:]]
        iterations = [early, left - sum(shares), *shares]
    phases = []
    for i, (count, (_, momentum)) in enumerate(zip(iterations, momenta, strict=True)):
        exaggeration = early_exaggeration if i == 0 else 1.0
        rate = n / exaggeration / 4 if learning_rate is None else learning_rate
        phases.append(Phase(count, exaggeration, rate, momentum))
    return phases


class _Bounds:
    """The box around a map that moves, without waiting for a GPU in every iteration.

    On a CPU the box is always that of the map. On a GPU it is read again when the map could have
    grown out of it, as far as the growth since the last reading tells, and handed out with that
    room: a point beyond the mesh would stick to its edge.
    """

    MOST_WAIT = 10
    """Iterations."""
    ROOM = 0.02
    """Share of the span that a map may grow, on each side, before it is looked at again."""

    def __init__(self, Y: Tensor) -> None:
        self._waits = Y.is_cuda
        self._low, self._high = Y.amin(0).tolist(), Y.amax(0).tolist()
        self._room = 0.0
        self._since, self._wait = 0, 1

    def now(self) -> tuple[list[float], list[float]]:
        """Return the lowest and highest coordinates that the map can have."""
        return [x - self._room for x in self._low], [x + self._room for x in self._high]

    def read(self, statistics: Tensor, now: bool) -> float | None:
        """Take in what an update returned; the squared gradient, unless it was left on the GPU."""
        self._since += 1
        if not now and self._since < self._wait:
            return None
        sq_gradient, *box = statistics.tolist()
        low, high = box[: len(box) // 2], box[len(box) // 2 :]
        if self._waits and math.isfinite(sq_gradient):
            moved = max(abs(a - b) for a, b in zip(self._low + self._high, low + high, strict=True))
            growth = 2 * moved / self._since  # momentum may double it
            room = self.ROOM * max(b - a for a, b in zip(low, high, strict=True))
            self._wait = min(self.MOST_WAIT, int(room / growth)) if growth > 0 else 1
            self._wait = max(1, self._wait)
            self._room = max(room, growth)
        self._low, self._high, self._since = low, high, 0
        return sq_gradient


@dataclass(frozen=True)
class Optimum:
    """What the descent ended with."""

    embedding: Tensor
    kl_divergence: float
    n_iter: int


def minimize_kl(
    P: JointP,
    Y: Tensor,
    phases: list[Phase],
    repulsion: Repulsion,
    dof: float = 1.0,
    n_iter_without_progress: int = 300,
    min_grad_norm: float = 1e-7,
    callback: Callable[[int, float, Tensor], object] | None = None,
    progress: Callable[[int, int, float | None], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Optimum:
    """Minimise KL(P || Q) from a start.

    Parameters
    ----------
    P : JointP
    Y : Tensor, shape (n, m), float32
        The start; left alone.
    phases : list of Phase
    repulsion : Repulsion
    dof : float
    n_iter_without_progress : int
        Stop the phase when the KL divergence has not fallen for so many iterations.
    min_grad_norm : float
        Stop the phase when the gradient's norm is below.
    callback : callable, optional
        ``callback(iteration, kl, embedding)`` every :data:`CHECK_EVERY` iterations; a true result
        stops the descent. The embedding is the live tensor: copy it to keep it.
    progress : callable, optional
        ``progress(iteration, iterations, kl)`` after each iteration; kl is the last known.
    say : callable, optional
        Takes a line about each evaluation and the end of each phase, in scikit-learn's words.

    Returns
    -------
    Optimum
    """
    Y = Y.clone()
    velocity, gains = torch.zeros_like(Y), torch.ones_like(Y)
    constant = P.negative_entropy()
    precise = repulsion.precise()
    total = sum(phase.iterations for phase in phases)
    bounds = _Bounds(Y)
    replay = Replay(Y.device)

    def kl_divergence(cost: Tensor, Z: Tensor) -> float:
        return constant + float(cost) + math.log(float(Z))

    def step(phase: Phase, attractive: Tensor, repulsive: Tensor, Z: Tensor) -> Tensor:
        return ops.update_embedding_(
            *(Y, velocity, gains, attractive, repulsive, Z),
            *(phase.exaggeration, phase.learning_rate, phase.momentum, MAX_STEP),
        )

    done, kl, stopped = 0, None, False
    for phase in phases:
        if stopped:
            break
        best, best_at, last = math.inf, done, done + phase.iterations
        while done < last:
            check = (done + 1) % CHECK_EVERY == 0
            if check:
                attractive, cost = ops.attractive_forces(*P, Y, dof, True)
                repulsive, Z = precise(Y, *bounds.now())
                kl = kl_divergence(cost, Z)
                # Asked before the step, so that KL and embedding belong together.
                stopped = bool(callback and callback(done, kl, Y))
                if stopped:
                    break
                statistics = step(phase, attractive, repulsive, Z)
            else:
                push = repulsion.within(Y, *bounds.now())

                def iteration(phase: Phase = phase, push: Sum = push) -> Tensor:
                    attractive, _ = ops.attractive_forces(*P, Y, dof)
                    return step(phase, attractive, *push(Y))

                statistics = replay((phase, push), iteration)
            done += 1
            if progress:
                progress(done, total, kl)
            sq_gradient = bounds.read(statistics, now=check or done == last)
            if sq_gradient is not None and not math.isfinite(sq_gradient):
                raise FloatingPointError(
                    f"the embedding diverged at iteration {done}: lower learning_rate "
                    f"(now {phase.learning_rate:g})"
                )
            if check:
                assert kl is not None and sq_gradient is not None
                norm = math.sqrt(sq_gradient)
                if say:
                    say(f"Iteration {done}: error = {kl:.7f}, gradient norm = {norm:.7f}")
                if kl < best:
                    best, best_at = kl, done
                elif done - best_at > n_iter_without_progress:
                    if say:
                        say(
                            f"Iteration {done}: did not make any progress during the last "
                            f"{n_iter_without_progress} episodes. Finished."
                        )
                    break
                if norm <= min_grad_norm:
                    if say:
                        say(f"Iteration {done}: gradient norm {norm:f}. Finished.")
                    break
        if say and phase.exaggeration > 1 and kl is not None:
            say(f"KL divergence after {done} iterations with early exaggeration: {kl:f}")
    _, cost = ops.attractive_forces(*P, Y, dof, True)
    kl = kl_divergence(cost, precise(Y, *bounds.now())[1])
    if say:
        say(f"Iteration {done}: error = {kl:.7f}, the last")
        say(f"KL divergence after {done} iterations: {kl:f}")
    if progress:
        progress(total, total, kl)
    return Optimum(Y, kl, done)
