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
from ..shards import Part
from .bounds import TrackedBounds
from .constraints import Constraints
from .interrupts import noticing_interrupts
from .replay import Replay
from .repulsion import SMALL_KL, Repulsion, RepulsionFunction

CHECK_EVERY = 50
"""Iterations between two evaluations of the stopping rules."""

MAX_STEP = 5.0
"""Longest step of a point, in map units, so that a large learning rate throws no point out."""

# Attributes of a descent that its state, and so a checkpoint, holds under their names.
_NUMBERS = ("done", "kl", "phase", "began", "best", "best_at", "is_over")
_TENSORS = ("Y", "velocity", "gains")


@dataclass(frozen=True)
class Watch:
    """Functions that are told about a descent. Except for stopping it, none changes the map."""

    callback: Callable[[int, float, Tensor], object] | None = None
    """``callback(iteration, kl, embedding)``; a true result stops the descent. The embedding is the
    live tensor: copy it to keep it."""
    callback_every: int = CHECK_EVERY
    """Iterations between two calls. Each call costs an evaluation of the KL divergence."""
    progress: Callable[[int, int, float | None], None] | None = None
    """``progress(iteration, iterations, kl)`` after each iteration; kl is the last one known."""
    say: Callable[[str], None] | None = None
    """Takes a line about each evaluation and the end of each phase, in scikit-learn's words."""
    save: Callable[[dict[str, Any]], None] | None = None
    """Takes the state of the descent; one that is resumed from it repeats to the bit."""
    save_every: int = CHECK_EVERY
    """Iterations between two calls of ``save``."""
    return_on_interrupt: bool = False
    """Whether Ctrl-C ends the descent with a warning, and the map so far is the result."""

    @property
    def reports(self) -> bool:
        """Whether the KL divergence is reported every :data:`CHECK_EVERY` iterations."""
        return bool(self.progress or self.say)


@dataclass(frozen=True)
class Optimum:
    """The result of a descent."""

    embedding: Tensor
    """The map, (n, m) float32."""
    kl_divergence: float
    n_iter: int
    """Number of iterations done."""
    state: dict[str, Any]
    """What :func:`state_for_next_phase` takes for a further phase; tensors on the CPU."""


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
    part: Part | None = None,
    constraints: Constraints | None = None,
) -> Optimum:
    """Minimise KL(P || Q), starting from a given map.

    Parameters
    ----------
    P : JointP
        On several ranks the rows of this rank.
    Y : Tensor, shape (n, m), float32
        The start; it is not modified.
    phases : list of Phase
    repulsion : Repulsion
        Also sets the degrees of freedom.
    n_iter_without_progress : int
        A phase ends when the KL divergence has not fallen for more iterations than this.
    min_grad_norm : float
        A phase ends when the norm of the gradient is this or less.
    watch : Watch, optional
    state : dict, optional
        What another descent gave to ``watch.save``: resume there, and ignore the values of Y.
    constant : float, optional
        The part of the KL divergence that does not depend on the map. Default: sum of P ln P.
    part : Part, optional
        The rows of this rank, if there are several ranks.
    constraints : Constraints, optional
        On the device of Y; not with several ranks. The KL divergence that is told is without the
        penalty of anchors; the stopping rule is about both.

    Returns
    -------
    Optimum

    Raises
    ------
    FloatingPointError
        The map is no longer finite.
    """
    watch = Watch() if watch is None else watch
    phases = [phase.for_points(Y.shape[0]) for phase in phases]
    descent = _Optimizer(
        *(P, Y, phases, repulsion, n_iter_without_progress, min_grad_norm),
        *(constant, part, constraints),
    )
    if state is not None:
        descent.restore(state)
    try:
        with noticing_interrupts(part) as descent.has_interrupt:
            descent.run(watch)
            descent.agree_on_interrupts()
            kl = descent.kl_divergence()
    except KeyboardInterrupt:
        if part is not None and not descent.is_interrupted:
            raise  # on this rank alone, so that it can do nothing with the others
        # In the middle of a step the parts of the state are inconsistent: keep the last checkpoint.
        if watch.save and not descent.is_stepping:
            watch.save(descent.state())
        if not watch.return_on_interrupt:
            raise
        warnings.warn(
            f"interrupted after {descent.done} of {descent.total} iterations; "
            "the result is the map at that time",
            stacklevel=2,
        )
        kl = descent.kl_divergence()
    if watch.say:
        watch.say(f"Iteration {descent.done}: error = {kl:.7f}, the last")
        watch.say(f"KL divergence after {descent.done} iterations: {kl:f}")
    if watch.progress:
        watch.progress(descent.total, descent.total, kl)
    return Optimum(descent.Y, kl, descent.done, descent.state())


def state_for_next_phase(state: dict[str, Any], phases: int) -> dict[str, Any]:
    """Return the state in which the next phase begins, whether or not the last one was completed.

    Parameters
    ----------
    state : dict
        That of an :class:`Optimum`. It stays as it is, as the tensors of the result are copies.
    phases : int
        How many phases the schedule has had so far.
    """
    return {
        **state,
        **{name: state[name].clone() for name in _TENSORS},
        **{"phase": phases, "is_over": False},
        **{"began": state["done"], "best": math.inf, "best_at": state["done"]},
        "bounds": {**state["bounds"], "_wait": 1},  # as TrackedBounds.expect_change does
    }


class _Optimizer:
    """A descent in progress: the map, its velocity and gains, and the place in the schedule.

    New points are placed by another descent, in :mod:`fasttsne.descent.transform`, as each of them
    has an objective of its own and the map stays fixed.
    """

    def __init__(
        self,
        P: JointP,
        Y: Tensor,
        phases: list[Phase],
        repulsion: Repulsion,
        patience: int,
        min_grad_norm: float,
        constant: float | None,
        part: Part | None,
        constraints: Constraints | None,
    ) -> None:
        self.P = P
        self.constraints = constraints
        self.part = part
        self.first = None if part is None else part.first
        self.phases = phases
        self.repulsion = repulsion
        self.precise = repulsion.precise()
        self.dof = repulsion.dof
        self.patience = patience
        self.min_grad_norm = min_grad_norm
        self.total = sum(phase.iterations for phase in phases)
        self.constant = self._sum(P.negative_entropy()) if constant is None else constant

        self.Y = Y.clone()
        self.velocity, self.gains = torch.zeros_like(Y), torch.ones_like(Y)
        self.bounds = TrackedBounds(self.Y)
        self.replay = Replay(Y.device, part is None)
        if part is not None:  # what takes the place of repulsion and Z, which the forces contain
            self.nothing = torch.zeros_like(Y)
            self.one = torch.ones((), dtype=torch.float64, device=Y.device)
        self.done = 0  # iterations
        self.kl: float | None = None  # the last one known
        self.phase = 0  # index of the present phase
        self.began = 0  # iteration at which it began
        self.best, self.best_at = math.inf, 0  # its lowest estimate of the KL divergence, and when
        self.is_over = False  # whether a stopping rule ended it
        self.is_stepping = False
        self.has_interrupt: Callable[[], bool] = lambda: False
        self.is_interrupted = False

    def state(self) -> dict[str, Any]:
        """Return everything that the next iterations depend on, tensors on the CPU."""
        return {
            **{name: getattr(self, name) for name in _NUMBERS},
            **{name: getattr(self, name).cpu() for name in _TENSORS},
            "bounds": self.bounds.state(),
            "grid": self.repulsion.grid_bounds(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what :meth:`state` returned."""
        for name in _NUMBERS:
            setattr(self, name, state[name])
        for name in _TENSORS:
            setattr(self, name, state[name].to(self.Y.device, copy=True))
        self.bounds.restore(state["bounds"])
        self.repulsion.restore_grid(self.Y, state["grid"])

    def run(self, watch: Watch) -> None:
        """Do the iterations that are left, until the callback stops them."""
        # What one rank is told about, all compute.
        self.reports = self._any(watch.reports)
        self.calls_back = self._any(watch.callback is not None)
        while self.phase < len(self.phases):
            phase = self.phases[self.phase]
            if self.is_over or self.done >= self.began + phase.iterations:
                if watch.say and self.phase == 0 and phase.exaggeration > 1 and self.kl is not None:
                    watch.say(
                        f"KL divergence after {self.done} iterations with early exaggeration: "
                        f"{self.kl:f}"
                    )
                self.phase += 1
                self.bounds.expect_change()
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
        """Do one iteration; or, if the callback stops the descent, none, and return True."""
        if self.is_interrupted:
            raise KeyboardInterrupt
        is_check = (self.done + 1) % CHECK_EVERY == 0
        calls_back = self.calls_back and (self.done + 1) % watch.callback_every == 0
        if calls_back or (is_check and self.reports):
            self.kl = self.kl_divergence()
        # Before the step, so that the callback gets a KL divergence and the map that has it.
        if calls_back:
            assert self.kl is not None
            stops = watch.callback is not None and watch.callback(self.done, self.kl, self.Y)
            if self._any(bool(stops)):
                return True
        self.is_stepping = True
        if is_check:
            # The step is the same as any other. The stopping rules use the KL divergence that its
            # own forces give, so that they do the same whether somebody is watching or not.
            attractive, cost = self._attract(with_cost=True)
            repulsive, Z, log_Z = self.repulsion.with_log_Z(self.Y, *self.bounds.now(), self.part)
            estimate = self._sum(float(cost)) + log_Z
            if self.constraints is not None:
                estimate += self.constraints.penalty(self.Y)
            statistics = self._update(phase, attractive, repulsive, Z)
        else:
            repulse = self.repulsion.prepare(self.Y, *self.bounds.now())

            def iteration(phase: Phase = phase, repulse: RepulsionFunction = repulse) -> Tensor:
                return self._update(phase, self._attract()[0], *repulse(self.Y, self.part))

            statistics = self.replay((phase, repulse), iteration)
        self.done += 1
        is_last = self.done == self.began + phase.iterations
        sq_gradient = self.bounds.read(statistics, now=is_check or is_last)
        if sq_gradient is not None and not math.isfinite(sq_gradient):
            raise FloatingPointError(
                f"the embedding diverged at iteration {self.done}: lower learning_rate "
                f"(now {phase.rate:g})"
            )
        if is_check:
            assert sq_gradient is not None
            self.is_over = self._has_settled(estimate, math.sqrt(sq_gradient), watch.say)
        self.is_stepping = False
        return False

    def _attract(self, with_cost: bool = False) -> tuple[Tensor, Tensor]:
        """Return the attraction of the rows of this rank, and their part of the cost."""
        return ops.attractive_forces(*self.P, self.Y, self.dof, with_cost, self.first)

    def agree_on_interrupts(self) -> None:
        """Raise KeyboardInterrupt on all ranks if Ctrl-C came to one."""
        if self._any(self.is_interrupted or self.has_interrupt()):
            self.is_interrupted = True
            raise KeyboardInterrupt

    def _any(self, value: bool) -> bool:
        """Whether a value is true on any rank."""
        return value if self.part is None else self.part.shards.any(value)

    def _sum(self, value: float) -> float:
        """Return the sum of a number over the ranks."""
        if self.part is None:
            return value
        return float(self.part.shards.sum(torch.tensor(value, dtype=torch.float64, device="cpu")))

    def _update(self, phase: Phase, attractive: Tensor, repulsive: Tensor, Z: Tensor) -> Tensor:
        exaggeration = phase.exaggeration
        if phase.compression:
            # The penalty compression * sum |y_i|^2 has the gradient 2 compression Y; the update
            # multiplies the attraction by 4 exaggeration.
            mine = self.Y if self.part is None else self.Y[self.part.rows]
            attractive.add_(mine, alpha=phase.compression / (2 * exaggeration))
        if self.constraints is not None:
            self.constraints.pull_(attractive, self.Y, exaggeration, phase.rate)
        if self.part is not None:
            # Every rank gets the forces of all points, and then does the same as the others: the
            # ranks cannot come to differ.
            force = attractive.mul_(exaggeration).sub_(repulsive / Z.float())
            attractive, self.is_interrupted = self.part.gather_and_tell(force, self.has_interrupt())
            exaggeration, repulsive, Z = 1.0, self.nothing, self.one
        step_ = ops.update_embedding_ if self.constraints is None else self.constraints.step_
        return step_(
            *(self.Y, self.velocity, self.gains, attractive, repulsive, Z),
            *(exaggeration, phase.rate, phase.momentum, MAX_STEP),
        )

    def _has_settled(self, estimate: float, norm: float, say: Callable[[str], None] | None) -> bool:
        """Return whether the phase should end: no progress, or hardly any gradient.

        ``estimate`` is the KL divergence and the penalty of anchors, except for a constant and the
        error of the forces.
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
        """Return the KL divergence of the present map."""
        _, cost = self._attract(with_cost=True)
        _, _, log_Z = self.precise.with_log_Z(self.Y, *self.bounds.now(), self.part)
        without_Z = self.constant + self._sum(float(cost))
        finest = self.precise.finest(self.Y.shape[0])
        if without_Z + log_Z < SMALL_KL and finest is not self.precise:
            log_Z = finest.with_log_Z(self.Y, *self.bounds.now(), self.part)[2]
        return without_Z + log_Z
