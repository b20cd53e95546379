"""The parameters of a fit: each checked before any work, and made into what the pipeline takes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec

import torch
from torch import Tensor

from .. import _validation
from ..affinities import Affinities, JointP, Perplexity, given_affinities, is_matrix
from ..descent.repulsion import METHODS, OBJECTIVES, Repulsion, choose_repulsion
from ..neighbors.search import Search
from ..schedule import Phase, check_learning_rate, check_schedule, default_schedule

INITS = ("pca", "random", "spectral")
ON_INTERRUPT = ("raise", "return")
_FARTHEST = 2.0**60
"""Largest coordinate of a start: squares of distances stay within float32."""
_WIDEST = 50.0
"""Standard deviation of a start, in units of n^(1/dims), which no map that was made here reaches
(those of few points, several dimensions and heavy tails come to 30): points so far apart hardly
feel each other, and stay where they are."""

_ELSEWHERE = {
    "affinities": ("load_affinities",),
    "affinities=fasttsne.affinities.Multiscale([...])": ("perplexity_list",),
    "angle": ("theta",),
    "callback": ("callbacks",),
    "callback_every": ("callbacks_every_iters",),
    "dof": ("df",),
    "early_exaggeration": ("early_exag_coeff",),
    "init": ("initialization",),
    "late_exaggeration": ("exaggeration", "late_exag_coeff"),
    "late_exaggeration_start": ("start_late_exag_iter",),
    "learning_rate": ("learning_rate_method",),
    "max_iter": ("n_iter",),
    "mesh_step": ("ints_in_interval", "intervals_per_integer", "min_num_intervals"),
    "method": ("negative_gradient_method", "fft_not_bh", "nbody_algo"),
    "n_components": ("no_dims",),
    "n_jobs": ("nthreads",),
    "neighbors, which takes arrays, a graph or a function": (
        *("knn_graph", "knn_index", "knn_kwargs", "precomputed_knn"),
    ),
    "nothing: distances are always squared": ("square_distances",),
    "nothing: no step is longer than 5": ("max_step_norm", "max_grad_norm"),
    "perplexity, of which three times as many neighbors are searched": ("n_neighbors",),
    "random_state": ("rand_seed", "random_seed", "seed"),
    "schedule=[fasttsne.Phase(...), ...], or max_iter for all phases together": (
        *("early_exaggeration_iter", "exaggeration_iter", "n_iter_early_exag"),
        *("stop_early_exag_iter", "initial_momentum", "final_momentum"),
        *("pre_momentum", "post_momentum", "mom_switch_iter"),
    ),
}
"""What to give here, and what other libraries, or scikit-learn once, call it."""
_CALLED = {theirs: ours for ours, names in _ELSEWHERE.items() for theirs in names}


@dataclass(frozen=True)
class Plan:
    """What a fit will do."""

    dims: int
    objective: str
    affinities: Affinities | JointP
    """How to make P, or P."""
    search: Search
    repulsion: Repulsion
    phases: list[Phase]
    patience: int
    min_grad_norm: float
    seed: int
    start: str | Tensor
    """One of :data:`INITS`, or the start itself (n, dims)."""
    callback_every: int
    checkpoint_every: int

    @classmethod
    def of(cls, given: Any, n: int, has_X: bool = True, P: JointP | None = None) -> Plan:
        """Check the parameters of an estimator for n samples.

        Parameters
        ----------
        given : TSNE
        n : int
        has_X : bool
            Whether there are data to start from.
        P : JointP, optional
            Of a fit that has begun: affinities and start do not matter any more.

        Raises
        ------
        TypeError, ValueError
            Naming the parameter, what it is, and what would be right.
        """
        if n < 2:
            raise ValueError(f"X must have 2 samples or more, got {n}")
        dims = _validation.integer("n_components", given.n_components, 1)
        affinities = P or _check_affinities(given.affinities, given.perplexity, n)
        objective = _validation.choice("objective", given.objective, OBJECTIVES)
        dof = _validation.number("dof", given.dof, above=0)
        if objective != "tsne" and dof != 1:
            raise ValueError(f"objective={objective!r} has no dof; got dof={dof:g}")
        if objective == "sne" and P is None and not isinstance(affinities, Affinities):
            raise ValueError(
                "objective='sne' needs conditional P, so affinities cannot be a matrix"
            )
        method = _validation.choice("method", given.method, METHODS)
        search = Search(given.neighbors, given.metric, given.metric_params, method == "exact")
        angle = _validation.number("angle", given.angle, least=0)
        if angle > 1:
            raise ValueError(f"angle must be in 0 .. 1, got {angle}")
        step = given.mesh_step
        if step is not None:
            step = _validation.number("mesh_step", step, above=0)
        _validation.choice("on_interrupt", given.on_interrupt, ON_INTERRUPT)
        _check_listeners(given)
        return cls(
            dims=dims,
            objective=objective,
            affinities=affinities,
            search=search,
            repulsion=choose_repulsion(method, n, dims, dof, angle, step, objective),
            phases=_check_phases(given, n, affinities),
            patience=_validation.integer(
                "n_iter_without_progress", given.n_iter_without_progress, -1
            ),
            min_grad_norm=_validation.number("min_grad_norm", given.min_grad_norm, least=0),
            seed=_validation.seed_of(given.random_state),
            start=_check_init(given, n, dims, has_X) if P is None else "random",
            callback_every=_validation.integer("callback_every", given.callback_every, 1),
            checkpoint_every=_validation.integer("checkpoint_every", given.checkpoint_every, 1),
        )


_Given = ParamSpec("_Given")


def name_unknown(init: Callable[_Given, None]) -> Callable[_Given, None]:
    """Let an ``__init__`` name ours where it is given a parameter of another library."""
    known = signature(init).parameters

    @wraps(init)  # which keeps the signature, by which scikit-learn knows the parameters
    def checked(*args: _Given.args, **given: _Given.kwargs) -> None:
        unknown = [
            f"{name!r}: use {_CALLED[name]}" if name in _CALLED else repr(name)
            for name in given
            if name not in known
        ]
        if unknown:
            raise TypeError(f"TSNE got an unexpected keyword argument {'; '.join(unknown)}")
        init(*args, **given)

    return checked


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


def _check_phases(given: Any, n: int, affinities: Affinities | JointP) -> list[Phase]:
    # Also where a schedule overrules them: a wrong value is a mistake.
    early = _validation.number("early_exaggeration", given.early_exaggeration, least=1)
    rate = check_learning_rate("learning_rate", given.learning_rate)
    late = _validation.number("late_exaggeration", given.late_exaggeration, above=0)
    late_start, most = given.late_exaggeration_start, given.max_iter
    if late_start is not None:
        late_start = _validation.integer("late_exaggeration_start", late_start, 0)
    if most is not None:
        most = _validation.integer("max_iter", most, 1)
    compression = _validation.number("early_compression", given.early_compression, least=0)
    if given.schedule is not None:
        return check_schedule(given.schedule, n)
    if isinstance(affinities, Affinities):
        neighbors = min(n - 1, affinities.neighbors_wanted())
    else:
        neighbors = len(affinities.indices) // n
    return default_schedule(
        *(n, early, rate, most, late, late_start, compression, max(1, neighbors))
    )


def _check_listeners(given: Any) -> None:
    callbacks = given.callback
    if callbacks is not None and not callable(callbacks):
        if not isinstance(callbacks, (list, tuple)) or not all(map(callable, callbacks)):
            raise TypeError(f"callback must be a function or a list of them, got {callbacks!r}")
    if given.progress is not None and not callable(given.progress):
        raise TypeError(f"progress must be a function, got {given.progress!r}")


def _check_init(given: Any, n: int, dims: int, has_X: bool) -> str | Tensor:
    init = given.init
    if init is not None and not isinstance(init, str):
        start = check_start(init, n, dims, "init")
        spread = float(start.double().std(0, correction=0).max())
        if spread > _WIDEST * n ** (1 / dims):
            warnings.warn(
                f"init is far larger than a map of {n} points (its standard deviation is "
                f"{spread:.3g}), and will hardly change; fasttsne.initialization.rescale brings it "
                "to the size of a start",
                stacklevel=2,
            )
        return start
    init = _validation.choice("init", init, INITS)
    if init == "pca" and given.metric == "precomputed":
        raise ValueError('The parameter init="pca" cannot be used with metric="precomputed".')
    if init == "pca" and not has_X:
        raise ValueError("init='pca' needs X; without it use 'spectral', 'random' or an array")
    return init


def check_start(start: Any, n: int, dims: int, name: str) -> Tensor:
    """Return a start of the right shape."""
    start = _validation.as_matrix(start, name)
    if tuple(start.shape) != (n, dims):
        raise ValueError(f"{name} must have shape ({n}, {dims}), got {tuple(start.shape)}")
    largest = float(start.abs().max())
    if largest > _FARTHEST:
        raise ValueError(
            f"{name} must lie within {_FARTHEST:.3g} of the origin, got {largest:.3g}; "
            "fasttsne.initialization.rescale brings a map to the size of a start"
        )
    return start.float().contiguous()


def check_device(device: Any, home: torch.device) -> torch.device:
    """Return where to compute, which is ``home`` unless another is asked for."""
    if device is None:
        return home
    try:
        wanted = torch.device(device)
    except (RuntimeError, TypeError):
        raise ValueError(f"device must be a torch device such as 'cuda', got {device!r}") from None
    if wanted.type not in ("cpu", "cuda"):
        raise ValueError(f"device must be the CPU or a CUDA device, got {device!r}")
    if wanted.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device must be one that torch can use, got {device!r} without a GPU")
    return wanted


def thread_count(n_jobs: int | None) -> int | None:
    """Return how many threads to use, no more than there are cores; None for torch's own number."""
    if n_jobs is None:
        return None
    n_jobs = _validation.integer("n_jobs", n_jobs, -1)
    if n_jobs == 0:
        raise ValueError("n_jobs must be None, -1 or a positive number, got 0")
    cores = os.cpu_count() or 1
    return min(n_jobs, cores) if n_jobs > 0 else cores
