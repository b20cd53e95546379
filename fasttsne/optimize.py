"""Gradient descent with momentum and gains over a schedule of phases."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from . import ops
from .affinities import JointP
from .gradient import Repulsion

CHECK_EVERY = 50
"""Iterations between evaluations of the KL divergence, stopping rules and callbacks."""

MAX_STEP = 5.0
"""Longest step of a point, in map units: keeps a large learning rate from throwing points out."""


MOMENTA = (
    (0, ((250, 0.5), (500, 0.8))),
    (1500, ((60, 0.8), (150, 0.97), (40, 0.9))),
    (5000, ((60, 0.8), (60, 0.98), (60, 0.99), (40, 0.9))),
)
"""From so many points on: iterations and momentum of the phases, the first exaggerated.

Below 1,500 points the customary rule, whose many small steps cost nothing there and where momentum
overshoots. A map of many points is, after the customary 750 iterations, still growing: momentum
takes it there sooner, and the last 40 let the points settle. bench/schedules.py prints the
comparison.
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

    Returns
    -------
    Optimum
    """
    Y = Y.clone()
    velocity, gains = torch.zeros_like(Y), torch.ones_like(Y)
    constant = P.negative_entropy()
    precise = repulsion.precise()
    total = sum(phase.iterations for phase in phases)
    low, high = Y.amin(0).tolist(), Y.amax(0).tolist()

    def forces(with_cost: bool) -> tuple[Tensor, Tensor, Tensor, float | None]:
        attractive, cost = ops.attractive_forces(*P, Y, dof, with_cost)
        repulsive, Z = (precise if with_cost else repulsion)(Y, low, high)
        kl = constant + float(cost) + math.log(float(Z)) if with_cost else None
        return attractive, repulsive, Z, kl

    done, kl, stopped = 0, None, False
    for phase in phases:
        if stopped:
            break
        best, best_at = math.inf, done
        for _ in range(phase.iterations):
            check = (done + 1) % CHECK_EVERY == 0
            attractive, repulsive, Z, now = forces(check)
            if now is not None:
                kl = now
                # Asked before the step, so that KL and embedding belong together.
                stopped = bool(callback and callback(done, kl, Y))
                if stopped:
                    break
            statistics = ops.update_embedding_(
                Y,
                velocity,
                gains,
                attractive,
                repulsive,
                Z,
                phase.exaggeration,
                phase.learning_rate,
                phase.momentum,
                MAX_STEP,
            ).tolist()
            sq_gradient, low, high = (
                statistics[0],
                statistics[1 : 1 + Y.shape[1]],
                statistics[1 + Y.shape[1] :],
            )
            done += 1
            if not math.isfinite(sq_gradient):
                raise FloatingPointError(
                    f"the embedding diverged at iteration {done}: lower learning_rate "
                    f"(now {phase.learning_rate:g})"
                )
            if progress:
                progress(done, total, kl)
            if now is not None:
                if now < best:
                    best, best_at = now, done
                elif done - best_at > n_iter_without_progress:
                    break
                if sq_gradient <= min_grad_norm**2:
                    break
    kl = forces(True)[3]
    assert kl is not None
    if progress:
        progress(total, total, kl)
    return Optimum(Y, kl, done)
