"""Checks the parameters of a fit before any work starts, and makes its plan of them."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .. import _validation
from ..affinities import Affinities, JointP, Perplexity, given_affinities, is_matrix
from ..affinities.supervised import Supervision, check_supervision
from ..descent.constraints import Constraints, check_constraints
from ..descent.methods import METHODS, OBJECTIVES, choose_repulsion
from ..descent.repulsion import Repulsion
from ..neighbors.search import Search
from ..schedule import Phase, check_learning_rate, check_schedule, default_schedule
from .kept import check_keep_state

INITS = ("pca", "random", "spectral")
ON_INTERRUPT = ("raise", "return")
_LARGEST_COORDINATE = 2.0**60
"""Of a start. The squared distances of its points are then within the range of float32."""
_LARGEST_SPREAD = 50.0
"""Standard deviation of a start, in units of n^(1/dims), above which the user is warned. Points so
far apart hardly act on each other, so that they stay where they are. No map made here is as wide:
those of few points in several dimensions with heavy tails come to 30."""


@dataclass(frozen=True)
class Plan:
    """The checked parameters of a fit, as the pipeline needs them.

    It exists so that all errors are raised before any work, and that no later step has to check or
    to complete a parameter of the estimator.
    """

    dims: int
    """Dimensions of the map."""
    objective: str
    affinities: Affinities | JointP
    """How to compute P, or P itself."""
    search: Search
    repulsion: Repulsion
    phases: list[Phase]
    patience: int
    """Iterations without progress after which a phase ends."""
    min_grad_norm: float
    seed: int
    start: str | Tensor
    """One of :data:`INITS`, or the coordinates (n, dims)."""
    callback_every: int
    checkpoint_every: int
    keeps_state: bool
    """Whether the map can go on after the fit."""
    constraints: Constraints | None
    """In the order of the data."""
    supervision: Supervision | None
    """Likewise."""

    @classmethod
    def of(
        cls,
        estimator: Any,
        n: int,
        has_X: bool = True,
        P: JointP | None = None,
        own: int | None = None,
        y: Any = None,
    ) -> Plan:
        """Check the parameters of an estimator for n samples.

        Parameters
        ----------
        estimator : TSNE
        n : int
        has_X : bool
            Whether there are data, which the start by PCA needs.
        P : JointP, optional
            P of a fit that is resumed. Its affinities, its start and its constraints are then not
            checked, as the file has what it needs of them.
        own : int, optional
            Samples of this rank, if there are several ranks. Default: n.
        y : array, optional
            Labels, which count with ``supervision`` alone.

        Raises
        ------
        TypeError, ValueError
            The message names the parameter, its value, and what is accepted.
        """
        if n < 2:
            raise ValueError(f"X must have 2 samples or more, got {n}")
        dims = _validation.integer("n_components", estimator.n_components, 1)
        affinities = P or _check_affinities(estimator.affinities, estimator.perplexity, n)
        objective = _validation.choice("objective", estimator.objective, OBJECTIVES)
        dof = _validation.number("dof", estimator.dof, above=0)
        if objective != "tsne" and dof != 1:
            raise ValueError(
                f"dof must be 1 for objective={objective!r}, whose kernel is a Gaussian; "
                f"got dof={dof:g}"
            )
        if objective == "sne" and P is None and not isinstance(affinities, Affinities):
            raise ValueError(
                "affinities must not be a matrix for objective='sne', which needs the conditional "
                "P of each row"
            )
        method = _validation.choice("method", estimator.method, METHODS)
        search = Search(
            estimator.neighbors, estimator.metric, estimator.metric_params, method == "exact"
        )
        angle = _validation.number("angle", estimator.angle, least=0)
        if angle > 1:
            raise ValueError(f"angle must be in 0 .. 1, got {angle}")
        step = estimator.mesh_step
        if step is not None:
            step = _validation.number("mesh_step", step, above=0)
        _validation.choice("on_interrupt", estimator.on_interrupt, ON_INTERRUPT)
        _check_listeners(estimator)
        constraints = supervision = None
        if P is None:
            supervision = check_supervision(y, estimator.supervision, n)
            if supervision is not None and not isinstance(affinities, Affinities):
                raise ValueError(
                    "affinities must not be a matrix with supervision above 0, which changes the "
                    "conditional P of each row"
                )
            has_start = not (estimator.init is None or isinstance(estimator.init, str))
            constraints = check_constraints(
                *(estimator.fixed, estimator.anchors, estimator.anchor_weight),
                *(n, dims, has_start),
            )
        return cls(
            dims=dims,
            objective=objective,
            affinities=affinities,
            search=search,
            repulsion=choose_repulsion(method, n, dims, dof, angle, step, objective),
            phases=_check_phases(estimator, n, affinities),
            patience=_validation.integer(
                "n_iter_without_progress", estimator.n_iter_without_progress, -1
            ),
            min_grad_norm=_validation.number("min_grad_norm", estimator.min_grad_norm, least=0),
            seed=_validation.seed_of(estimator.random_state),
            start=(
                "random" if P else _check_init(estimator, n if own is None else own, dims, has_X)
            ),
            callback_every=_validation.integer("callback_every", estimator.callback_every, 1),
            checkpoint_every=_validation.integer("checkpoint_every", estimator.checkpoint_every, 1),
            keeps_state=check_keep_state(estimator.keep_state, n, estimator.distributed),
            constraints=constraints,
            supervision=supervision,
        )


def neighbors_per_point(affinities: Affinities | JointP, n: int) -> int:
    """Return how many neighbours a point of n has in P: those to search for, or the mean."""
    if isinstance(affinities, Affinities):
        return min(n - 1, affinities.neighbors_wanted())
    return len(affinities.indices) // n


def _check_affinities(affinities: Any, perplexity: Any, n: int) -> Affinities | JointP:
    if affinities is None:
        affinities = Perplexity(perplexity)
    if isinstance(affinities, Affinities):
        affinities.check(n)
        return affinities
    if not is_matrix(affinities):
        raise TypeError(
            "affinities must be one of fasttsne.affinities (Perplexity, Multiscale, FixedSigma, "
            f"Uniform) or a matrix P, got {affinities!r}"
        )
    P = given_affinities(affinities, "affinities")
    if len(P.indptr) - 1 != n:
        raise ValueError(f"affinities must have shape ({n}, {n}), got {tuple(affinities.shape)}")
    return P


def _check_phases(estimator: Any, n: int, affinities: Affinities | JointP) -> list[Phase]:
    # All are checked, even if a schedule replaces them: a wrong value is a mistake in any case.
    early = _validation.number("early_exaggeration", estimator.early_exaggeration, least=1)
    rate = check_learning_rate("learning_rate", estimator.learning_rate)
    late = _validation.number("late_exaggeration", estimator.late_exaggeration, above=0)
    late_start, max_iter = estimator.late_exaggeration_start, estimator.max_iter
    if late_start is not None:
        late_start = _validation.integer("late_exaggeration_start", late_start, 0)
    if max_iter is not None:
        max_iter = _validation.integer("max_iter", max_iter, 1)
    compression = _validation.number("early_compression", estimator.early_compression, least=0)
    if estimator.schedule is not None:
        return check_schedule(estimator.schedule, n)
    neighbors = max(1, neighbors_per_point(affinities, n))
    return default_schedule(n, early, rate, max_iter, late, late_start, compression, neighbors)


def _check_listeners(estimator: Any) -> None:
    callbacks = estimator.callback
    if callbacks is not None and not callable(callbacks):
        if not isinstance(callbacks, (list, tuple)) or not all(map(callable, callbacks)):
            raise TypeError(f"callback must be a function or a list of them, got {callbacks!r}")
    if estimator.progress is not None and not callable(estimator.progress):
        raise TypeError(f"progress must be a function, got {estimator.progress!r}")


def _check_init(estimator: Any, n: int, dims: int, has_X: bool) -> str | Tensor:
    init = estimator.init
    if init is not None and not isinstance(init, str):
        start = check_start(init, n, dims, "init")
        spread = float(start.double().std(0, correction=0).max()) if n else 0.0
        if spread > _LARGEST_SPREAD * n ** (1 / dims):
            warnings.warn(
                f"init is far larger than a map of {n} points (its standard deviation is "
                f"{spread:.3g}), and will hardly change; fasttsne.initialization.rescale brings it "
                "to the size of a start",
                stacklevel=2,
            )
        return start
    init = _validation.choice("init", init, INITS)
    if init == "pca" and estimator.metric == "precomputed":
        raise ValueError('The parameter init="pca" cannot be used with metric="precomputed".')
    if init == "pca" and not has_X:
        raise ValueError("init='pca' needs X; without it use 'spectral', 'random' or an array")
    return init


def check_start(start: Any, n: int, dims: int, name: str) -> Tensor:
    """Return a user's start as a Tensor of shape (n, dims), float32.

    Raises
    ------
    TypeError, ValueError
        Not a finite matrix of this shape, or coordinates beyond 2^60.
    """
    start = _validation.as_matrix(start, name)
    if tuple(start.shape) != (n, dims):
        raise ValueError(f"{name} must have shape ({n}, {dims}), got {tuple(start.shape)}")
    largest = float(start.abs().max()) if len(start) else 0.0
    if largest > _LARGEST_COORDINATE:
        raise ValueError(
            f"{name} must lie within {_LARGEST_COORDINATE:.3g} of the origin, got {largest:.3g}; "
            "fasttsne.initialization.rescale brings a map to the size of a start"
        )
    return start.float().contiguous()


def check_device(device: Any, default: torch.device) -> torch.device:
    """Return the device to compute on: that of a user's parameter, or for None the default."""
    if device is None:
        return default
    try:
        wanted = torch.device(device)
    except (RuntimeError, TypeError):
        raise ValueError(f"device must be a torch device such as 'cuda', got {device!r}") from None
    if wanted.type not in ("cpu", "cuda"):
        raise ValueError(f"device must be the CPU or a CUDA device, got {device!r}")
    if wanted.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device must be 'cpu' where torch finds no GPU that it can use, got {device!r}"
        )
    return wanted


def thread_count(n_jobs: int | None) -> int | None:
    """Return how many threads to use, at most one per core; None means torch's own number."""
    if n_jobs is None:
        return None
    n_jobs = _validation.integer("n_jobs", n_jobs, -1)
    if n_jobs == 0:
        raise ValueError("n_jobs must be None, -1 or a positive number, got 0")
    cores = os.cpu_count() or 1
    return min(n_jobs, cores) if n_jobs > 0 else cores
