"""A fit from data to map: neighbours, start, P, descent, each timed and reported."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from .. import _library, initialization
from ..affinities import Affinities, JointP, Perplexity, negative_entropy
from ..descent.optimize import Optimum, Watch, minimize_kl
from ..neighbors.metric import divided, exponent_of
from ..neighbors.search import Found, Scaling
from ..progress import Progress
from .checkpoint import Checkpoint
from .parameters import Plan

_FACTS = ("order", "d", "search", "search_recall", "constant")
"""What the pipeline itself puts into a checkpoint."""


@dataclass(frozen=True)
class FitReport:
    """What a fit did, for people: sizes, method, search, seconds of each phase, kernels."""

    n: int
    d: int
    """Columns of X; 0 if there was none."""
    method: str
    seconds: dict[str, float]
    kernels: str
    """A SIMD level, ``'cuda'`` or ``'reference'``."""
    iterations: int
    search: str
    """How neighbours were found: ``'exact'``, ``'cells'``, ``'scikit-learn'`` or ``'given'``, as
    also if P was."""
    search_recall: float
    """Share of the true neighbours that the search found, measured on 256 rows; 1 if exact,
    NaN if they were given."""


def ignore(_: Progress) -> None:
    """Listen to nothing, for which the KL divergence need not be told on the way."""


@dataclass(frozen=True)
class Listeners:
    """Who is told about a fit, and where it is saved."""

    report: Callable[[Progress], None] = ignore
    say: Callable[[str], None] | None = None
    callback: Callable[[int, float, Tensor], object] | None = None
    return_on_interrupt: bool = False
    checkpoint: Any = None
    """Path of the file."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What the checkpoint is to hold besides."""


@dataclass(frozen=True)
class Fitted:
    """A map, in the order of the data, and how it came about."""

    embedding: Tensor
    kl_divergence: float
    report: FitReport


class _Clock:
    """Seconds spent in named blocks."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[phase] = time.perf_counter() - start


def fit(
    plan: Plan, X: Any, given: Any, n: int, device: torch.device, listeners: Listeners
) -> Fitted:
    """Embed data.

    Parameters
    ----------
    plan : Plan
    X : Tensor, CSR matrix or None
        Finite; None where neighbours or P are given.
    given : array or Tensor
        X as the user gave it.
    n : int
        Samples.
    device : torch.device
        Where to compute.
    listeners : Listeners

    Returns
    -------
    Fitted
    """
    clock, report, say = _Clock(), listeners.report, listeners.say
    with clock("neighbors"):
        found = _find(plan, X, given, n, device, listeners)
    report(Progress("neighbors", n, n))
    if say:
        say(f"Computed neighbors for {n} samples in {clock.seconds['neighbors']:.3f}s...")
    order = found.order if found else None
    facts = {
        "order": None if order is None else order.cpu(),
        "d": 0 if X is None else X.shape[1],
        "search": found.name if found else "given",
        "search_recall": found.recall if found else math.nan,
        "constant": None,
    }
    Y = None
    if plan.start != "spectral" or isinstance(plan.start, Tensor):
        with clock("initialization"):
            Y = _start(plan, X, found, n, device)
        report(Progress("initialization", n, n))
    neighbors = found.neighbors if found else None
    del found, X  # at a million rows P needs the memory
    with clock("affinities"):
        P = plan.affinities
        if isinstance(P, Affinities):
            assert neighbors is not None
            if say and isinstance(P, Perplexity):
                say(f"Computed conditional probabilities for sample {n} / {n}")
                say(f"Mean sigma: {float(P.sigma(neighbors).mean()):f}")
            if plan.objective == "sne":
                facts["constant"] = negative_entropy(P.conditional_P(neighbors)) / n
            P = P.joint(neighbors)
        P = JointP(*(part.to(device) for part in P))
        del neighbors
    report(Progress("affinities", n, n))
    if Y is None:
        with clock("initialization"):
            Y = initialization.spectral(P.to_scipy(), plan.dims, plan.seed).to(device)
        report(Progress("initialization", n, n))
    return _descend(plan, P, Y, facts, clock, listeners)


def resume(
    plan: Plan, content: dict[str, Any], device: torch.device, listeners: Listeners
) -> Fitted:
    """Go on with a fit from what :func:`fasttsne.checkpoint.load` read, to the same bits."""
    P = JointP(*(part.to(device) for part in content["P"]))
    state = content["state"]
    facts = {name: content[name] for name in _FACTS}
    return _descend(plan, P, state["Y"].to(device), facts, _Clock(), listeners, state)


def _find(
    plan: Plan, X: Any, given: Any, n: int, device: torch.device, listeners: Listeners
) -> Found | None:
    """Find neighbours, unless P is given."""
    if not isinstance(plan.affinities, Affinities):
        return None
    k = min(n - 1, plan.affinities.neighbors_wanted())
    if listeners.say:
        listeners.say(f"Computing {k} nearest neighbors...")

    def progress(done: int, total: int) -> None:
        listeners.report(Progress("neighbors", done, total))

    return plan.search(X, k, device, plan.seed, progress, given, n)


def _start(plan: Plan, X: Any, found: Found | None, n: int, device: torch.device) -> Tensor:
    if isinstance(plan.start, Tensor):
        Y = plan.start.to(device)
    elif plan.start == "random":
        return initialization.random(n, plan.dims, plan.seed).to(device)
    elif found and found.X is not None:
        return initialization.pca(found.X, plan.dims, plan.seed)
    elif isinstance(X, Tensor):
        X = X.to(device)
        Y = initialization.pca(Scaling.of(X)(X), plan.dims, plan.seed)
    else:
        Y = _start_of_sparse(X, plan.dims, plan.seed).to(device)
    return Y if found is None or found.order is None else Y[found.order]


def _start_of_sparse(X: Any, dims: int, seed: int) -> Tensor:
    if (X.max(axis=0) != X.min(axis=0)).nnz == 0:
        return initialization.rescale(
            torch.zeros(X.shape[0], dims, dtype=torch.float32, device="cpu"), seed
        )
    # scikit-learn takes seeds of 32 bits, and numbers whose squares are such.
    return initialization.pca_of_sparse(divided(X, exponent_of(X)), dims, seed % 2**32)


def _descend(
    plan: Plan,
    P: JointP,
    Y: Tensor,
    facts: dict[str, Any],
    clock: _Clock,
    listeners: Listeners,
    state: dict[str, Any] | None = None,
) -> Fitted:
    n, order = Y.shape[0], facts["order"]
    if order is not None:
        order = order.to(Y.device)

    def in_callers_order(Y: Tensor) -> Tensor:
        if order is None:
            return Y
        out = torch.empty_like(Y)
        out[order] = Y
        return out

    def progress(done: int, total: int, kl: float | None) -> None:
        listeners.report(Progress("optimization", done, total, kl))

    callback = listeners.callback
    save = None
    if listeners.checkpoint is not None:
        everything = {**listeners.facts, **facts}
        save = Checkpoint(listeners.checkpoint, P, plan.phases, everything).save
    watch = Watch(
        None if callback is None else lambda i, kl, Y: callback(i, kl, in_callers_order(Y)),
        plan.callback_every,
        None if listeners.report is ignore else progress,
        listeners.say,
        save,
        plan.checkpoint_every,
        listeners.return_on_interrupt,
    )
    with clock("optimization"):
        best: Optimum = minimize_kl(
            P,
            Y,
            plan.phases,
            plan.repulsion,
            plan.patience,
            plan.min_grad_norm,
            watch,
            state,
            facts["constant"],
        )
    report = FitReport(
        n=n,
        d=facts["d"],
        method=plan.repulsion.name,
        seconds=clock.seconds,
        kernels=_library.kernels_on(Y.device),
        iterations=best.n_iter,
        search=facts["search"],
        search_recall=facts["search_recall"],
    )
    return Fitted(in_callers_order(best.embedding), best.kl_divergence, report)


def memory_wanted(plan: Plan, n: int, d: int, device: torch.device) -> str:
    """Say what a fit needs on a GPU, what there was, and what to lower."""
    if isinstance(plan.affinities, Affinities):
        k = min(n - 1, plan.affinities.neighbors_wanted())
    else:
        k = len(plan.affinities.indices) // n
    search = 4 * n * d * 3 + 8 * n * (k + k // 8 + 64)
    affinities = 4 * n * d + n * k * (4 * 3 + 8 * 2 + 2) + n * k * 10
    free, total = torch.cuda.mem_get_info(device)
    return (
        f"{device} ran out of memory: {n:,} samples of {d} features with {k} neighbors "
        f"need about {max(search, affinities) / 1e9:.1f} GB, and "
        f"{free / 1e9:.1f} of {total / 1e9:.1f} GB are free; lower perplexity, embed fewer "
        "samples, or compute on the CPU with device='cpu'"
    )
