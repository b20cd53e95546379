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


FEW_POINTS = 1000
"""Below, the customary schedule: its many small steps cost nothing there, and momentum overshoots.
"""
CUSTOMARY = ((250, 0.5), (500, 0.8))
"""Iterations and momentum of the early and the late phase."""
SHORT = ((100, 0.8), (300, 0.9))
"""More momentum reaches the same KL divergence in about half the iterations;
bench/schedules.py prints the comparison."""


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
    """Two phases: attraction exaggerated while clusters form, then the plain objective.

    Parameters
    ----------
    n : int
        Number of points.
    early_exaggeration : float
    learning_rate : float, optional
        Of both phases. Default: n / (4 exaggeration) of each phase (Belkina et al. 2019; the 4 is
        in the gradient), also for small n, where scikit-learn's floor of 50 overshoots.
    max_iter : int, optional
        Iterations in all, the early phase taking at most half.

    Returns
    -------
    list of Phase
    """
    (early, early_momentum), (late, late_momentum) = CUSTOMARY if n < FEW_POINTS else SHORT
    total = max_iter or early + late
    early = min(early, total // 2)

    def rate(exaggeration: float) -> float:
        return n / exaggeration / 4 if learning_rate is None else learning_rate

    return [
        Phase(early, early_exaggeration, rate(early_exaggeration), early_momentum),
        Phase(total - early, 1.0, rate(1.0), late_momentum),
    ]


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
        for iteration in range(1, phase.iterations + 1):
            check = iteration % CHECK_EVERY == 0
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
                if done - best_at > n_iter_without_progress or sq_gradient <= min_grad_norm**2:
                    break
    kl = forces(True)[3]
    assert kl is not None
    if progress:
        progress(total, total, kl)
    return Optimum(Y, kl, done)
