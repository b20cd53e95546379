"""Gradient descent with momentum and gains over a schedule of phases."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .. import ops
from ..affinities import JointP
from ..schedule import Phase
from .replay import Replay
from .repulsion import SMALL_KL, Repulsion, Sum

CHECK_EVERY = 50
"""Iterations between looks at the stopping rules."""

MAX_STEP = 5.0
"""Longest step of a point, in map units: keeps a large learning rate from throwing points out."""


@dataclass(frozen=True)
class Watch:
    """Who is told what about a descent; none of it changes the map."""

    callback: Callable[[int, float, Tensor], object] | None = None
    """``callback(iteration, kl, embedding)``; a true result stops the descent. The embedding is the
    live tensor: copy it to keep it."""
    callback_every: int = CHECK_EVERY
    """Iterations. Each call costs an evaluation of the KL divergence."""
    progress: Callable[[int, int, float | None], None] | None = None
    """``progress(iteration, iterations, kl)`` after each iteration; kl is the last known."""
    say: Callable[[str], None] | None = None
    """Takes a line about each evaluation and the end of each phase, in scikit-learn's words."""
    save: Callable[[dict[str, Any]], None] | None = None
    """Takes the state of the descent, from which another goes on to the same bits."""
    save_every: int = CHECK_EVERY
    """Iterations."""
    return_on_interrupt: bool = False
    """Whether Ctrl-C ends the descent with a warning, and the map so far is the result."""

    @property
    def reports(self) -> bool:
        """Whether somebody is told the KL divergence every :data:`CHECK_EVERY` iterations."""
        return bool(self.progress or self.say)


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
    n_iter_without_progress: int = 300,
    min_grad_norm: float = 1e-7,
    watch: Watch | None = None,
    state: dict[str, Any] | None = None,
    constant: float | None = None,
) -> Optimum:
    """Minimise KL(P || Q) from a start.

    Parameters
    ----------
    P : JointP
    Y : Tensor, shape (n, m), float32
        The start; left alone.
    phases : list of Phase
    repulsion : Repulsion
        Also tells the degrees of freedom.
    n_iter_without_progress : int
        Stop the phase when the KL divergence has not fallen for so many iterations.
    min_grad_norm : float
        Stop the phase when the gradient's norm is below.
    watch : Watch, optional
    state : dict, optional
        What ``watch.save`` was given by another descent, to go on from there instead of Y.
    constant : float, optional
        What does not move of the KL divergence. Default: the sum of P ln P.

    Returns
    -------
    Optimum
    """
    watch = Watch() if watch is None else watch
    phases = [phase.for_points(Y.shape[0]) for phase in phases]
    descent = _Descent(P, Y, phases, repulsion, n_iter_without_progress, min_grad_norm, constant)
    if state is not None:
        descent.restore(state)
    try:
        descent.run(watch)
        kl = descent.kl_divergence()
    except KeyboardInterrupt:
        # Within a step the parts of the state do not belong together: the last file stays.
        if watch.save and not descent.is_stepping:
            watch.save(descent.state())
        if not watch.return_on_interrupt:
            raise
        warnings.warn(
            f"interrupted after {descent.done} of {descent.total} iterations; "
            "the map is what it was then",
            stacklevel=2,
        )
        kl = descent.kl_divergence()
    if watch.say:
        watch.say(f"Iteration {descent.done}: error = {kl:.7f}, the last")
        watch.say(f"KL divergence after {descent.done} iterations: {kl:f}")
    if watch.progress:
        watch.progress(descent.total, descent.total, kl)
    return Optimum(descent.Y, kl, descent.done)


class _Descent:
    """The moving parts of a descent."""

    def __init__(
        self,
        P: JointP,
        Y: Tensor,
        phases: list[Phase],
        repulsion: Repulsion,
        patience: int,
        min_grad_norm: float,
        constant: float | None,
    ) -> None:
        self.P = P
        self.phases = phases
        self.repulsion = repulsion
        self.precise = repulsion.precise()
        self.dof = repulsion.dof
        self.patience = patience
        self.min_grad_norm = min_grad_norm
        self.total = sum(phase.iterations for phase in phases)
        self.constant = P.negative_entropy() if constant is None else constant

        self.Y = Y.clone()
        self.velocity, self.gains = torch.zeros_like(Y), torch.ones_like(Y)
        self.bounds = _Bounds(self.Y)
        self.replay = Replay(Y.device)
        self.done = 0
        self.kl: float | None = None
        self.phase = 0  # number of the present one, and what it began with
        self.began = 0
        self.best, self.best_at = math.inf, 0
        self.is_over = False
        self.is_stepping = False

    _NUMBERS = ("done", "kl", "phase", "began", "best", "best_at", "is_over")
    _TENSORS = ("Y", "velocity", "gains")

    def state(self) -> dict[str, Any]:
        """Return all that the next iterations depend on."""
        return {
            **{name: getattr(self, name) for name in self._NUMBERS},
            **{name: getattr(self, name).cpu() for name in self._TENSORS},
            "bounds": self.bounds.state(),
            "grid": self.repulsion.grid_bounds(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`state` returned."""
        for name in self._NUMBERS:
            setattr(self, name, state[name])
        for name in self._TENSORS:
            setattr(self, name, state[name].to(self.Y.device))
        vars(self.bounds).update(state["bounds"])
        self.repulsion.make_grid(self.Y, state["grid"])

    def run(self, watch: Watch) -> None:
        """Go through what is left of the phases."""
        while self.phase < len(self.phases):
            phase = self.phases[self.phase]
            if self.is_over or self.done >= self.began + phase.iterations:
                if watch.say and self.phase == 0 and phase.exaggeration > 1 and self.kl is not None:
                    watch.say(
                        f"KL divergence after {self.done} iterations with early exaggeration: "
                        f"{self.kl:f}"
                    )
                self.phase += 1
                self.began, self.is_over = self.done, False
                self.best, self.best_at = math.inf, self.done
                continue
            if self._iterate(phase, watch):
                return
            if watch.progress:
                watch.progress(self.done, self.total, self.kl)
            if watch.save and self.done % watch.save_every == 0:
                watch.save(self.state())

    def _iterate(self, phase: Phase, watch: Watch) -> bool:
        """Take a step, unless the callback wants to stop here: then return True."""
        check = (self.done + 1) % CHECK_EVERY == 0
        look = watch.callback is not None and (self.done + 1) % watch.callback_every == 0
        if look or (check and watch.reports):
            self.kl = self.kl_divergence()
        # Asked before the step, so that KL and embedding belong together.
        if look and watch.callback(self.done, self.kl, self.Y):  # type: ignore[misc, arg-type]
            return True
        self.is_stepping = True
        if check:
            # A step as any other. What it finds on the way tells whether the KL divergence falls,
            # and does so whether somebody is watching or not.
            attractive, cost = ops.attractive_forces(*self.P, self.Y, self.dof, True)
            repulsive, Z, log_Z = self.repulsion.with_log_Z(self.Y, *self.bounds.now())
            estimate = float(cost) + log_Z
            statistics = self._step(phase, attractive, repulsive, Z)
        else:
            push = self.repulsion.within(self.Y, *self.bounds.now())

            def iteration(phase: Phase = phase, push: Sum = push) -> Tensor:
                attractive, _ = ops.attractive_forces(*self.P, self.Y, self.dof)
                return self._step(phase, attractive, *push(self.Y))

            statistics = self.replay((phase, push), iteration)
        self.done += 1
        last = self.done == self.began + phase.iterations
        sq_gradient = self.bounds.read(statistics, now=check or last)
        if sq_gradient is not None and not math.isfinite(sq_gradient):
            raise FloatingPointError(
                f"the embedding diverged at iteration {self.done}: lower learning_rate "
                f"(now {phase.rate:g})"
            )
        if check:
            assert sq_gradient is not None
            self.is_over = self._has_settled(estimate, math.sqrt(sq_gradient), watch.say)
        self.is_stepping = False
        return False

    def _step(self, phase: Phase, attractive: Tensor, repulsive: Tensor, Z: Tensor) -> Tensor:
        if phase.compression:
            # The gradient of the penalty, 2 compression Y, in units of the attraction.
            attractive.add_(self.Y, alpha=phase.compression / (2 * phase.exaggeration))
        return ops.update_embedding_(
            *(self.Y, self.velocity, self.gains, attractive, repulsive, Z),
            *(phase.exaggeration, phase.rate, phase.momentum, MAX_STEP),
        )

    def _has_settled(self, estimate: float, norm: float, say: Callable[[str], None] | None) -> bool:
        """Whether the phase should end: no progress, or next to no gradient.

        ``estimate`` is the KL divergence, but for a constant and the error of the forces at hand.
        """
        why = None
        if say:
            say(f"Iteration {self.done}: error = {self.kl:.7f}, gradient norm = {norm:.7f}")
        if estimate < self.best:
            self.best, self.best_at = estimate, self.done
        elif self.done - self.best_at > self.patience:
            why = f"did not make any progress during the last {self.patience} episodes"
        if why is None and norm <= self.min_grad_norm:
            why = f"gradient norm {norm:f}"
        if say and why:
            say(f"Iteration {self.done}: {why}. Finished.")
        return why is not None

    def kl_divergence(self) -> float:
        """Return the KL divergence of the map as it is."""
        _, cost = ops.attractive_forces(*self.P, self.Y, self.dof, True)
        _, _, log_Z = self.precise.with_log_Z(self.Y, *self.bounds.now())
        return self._kl(cost, log_Z)

    def _kl(self, cost: Tensor, log_Z: float) -> float:
        fixed = self.constant + float(cost)
        finest = self.precise.finest(self.Y.shape[0])
        if fixed + log_Z < SMALL_KL and finest is not self.precise:
            log_Z = finest.with_log_Z(self.Y, *self.bounds.now())[2]
        return fixed + log_Z


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

    def state(self) -> dict[str, Any]:
        """Return what another map of the same place would have to know."""
        return {name: value for name, value in vars(self).items() if name != "_waits"}

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
