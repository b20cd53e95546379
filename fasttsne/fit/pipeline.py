"""The steps of a fit from the data to the map: neighbours, start, P, descent."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from .. import _library, initialization
from .._pages import forget
from ..affinities import Affinities, JointP, Perplexity, joint_P, negative_entropy
from ..affinities.in_parts import (
    conditional_P_of_consumed,
    joint_P_of_consumed,
    joint_P_of_ranks,
)
from ..descent.constraints import Constraints
from ..descent.optimize import Optimum, Watch, minimize_kl, state_for_next_phase
from ..neighbors import Neighbors
from ..neighbors.scaling import Scaling, divide_by_power, safe_exponent
from ..neighbors.search import Found
from ..progress import Progress
from ..shards import ALONE, Part, Shards
from .checkpoint import Checkpoint
from .context import Listeners, ignore
from .kept import Kept
from .parameters import Plan, neighbors_per_point

_FACTS = ("order", "d", "search", "search_recall", "constant", "constraints")
"""What the pipeline adds to a checkpoint."""


@dataclass(frozen=True)
class FitReport:
    """What a fit did: its sizes, its methods, and the seconds that each phase took."""

    n: int
    """Samples."""
    d: int
    """Columns of X; 0 if there was no X."""
    method: str
    """How the repulsive forces were summed."""
    seconds: dict[str, float]
    """Seconds of each phase, by the names in :data:`fasttsne.progress.PHASES`."""
    kernels: str
    """Which kernels computed: a SIMD level of the CPU, ``'cuda'`` or ``'reference'``."""
    iterations: int
    """Iterations done."""
    search: str
    """How neighbours were found: ``'exact'``, ``'cells'``, ``'scikit-learn'`` or ``'given'``. It is
    ``'given'`` also for a given P."""
    search_recall: float
    """Fraction of the true neighbours that the search found, measured on 512 rows; 1 if the search
    was exact, NaN if the neighbours were given."""
    ranks: int = 1
    """Processes that shared the samples."""
    bytes_per_iteration: int = 0
    """Bytes that this process sent to others in each iteration, on average."""


@dataclass(frozen=True)
class FitResult:
    """The map of a fit and how it came about.

    It exists so that the pipeline sets no attributes of the estimator.
    """

    embedding: Tensor
    """(n, dims) float32, in the order of the data."""
    kl_divergence: float
    report: FitReport
    kept: Kept | None = None
    """What a further phase needs, if the plan says so."""


class _Clock:
    """Measures the seconds that named blocks take."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[phase] = time.perf_counter() - start


def fit(
    plan: Plan,
    X: Any,
    original_X: Any,
    n: int,
    device: torch.device,
    listeners: Listeners,
    shards: Shards = ALONE,
) -> FitResult:
    """Embed data.

    Parameters
    ----------
    plan : Plan
    X : Tensor, CSR matrix or None
        Finite. None if neighbours or P are given.
    original_X : array, sparse matrix, Tensor or None
        X as the user passed it, for a user's function that finds neighbours.
    n : int
        Samples.
    device : torch.device
        Where to compute.
    listeners : Listeners
    shards : Shards
        Of the rows of X, if several ranks share them; n is the number of all.

    Returns
    -------
    FitResult
    """
    clock, report, say = _Clock(), listeners.report, listeners.say
    with clock("neighbors"):
        found = _find_neighbors(plan, X, original_X, n, device, listeners, shards)
    forget(original_X)  # P may need the memory; a start from principal components reads a copy
    report(Progress("neighbors", n, n))
    if say:
        say(f"Computed neighbors for {n} samples in {clock.seconds['neighbors']:.3f}s...")
    order, part = found.order if found else None, None
    if found and found.order is not None and found.sizes is not None:
        part = Part(shards, found.sizes)
        order = part.gather(found.order)
        found = replace(found, order=order)
    facts = {
        "order": None if order is None else order.cpu(),
        "d": 0 if X is None else X.shape[1],
        "search": found.name if found else "given",
        "search_recall": found.recall if found else math.nan,
        "constant": None,
        "constraints": None,
    }
    if plan.constraints is not None:
        held = plan.constraints.arranged(order, torch.device("cpu"))
        facts["constraints"] = held._asdict()
    Y = None
    if isinstance(plan.start, Tensor) or plan.start != "spectral":
        with clock("initialization"):
            Y = _start(plan, X, found, n, device, shards)
        report(Progress("initialization", n, n))
    supervision = plan.supervision
    if supervision is not None:
        supervision = supervision.arranged(order, device)
    neighbors = found.neighbors if found else None
    kept = neighbors if plan.keeps_state else None
    # The arrays of a user must stay as they are, and so must what is kept.
    may_consume = facts["search"] != "given" and kept is None
    del found, X  # the computation of P may need their memory
    with clock("affinities"):
        P = plan.affinities
        if isinstance(P, Affinities):
            assert neighbors is not None
            if say and isinstance(P, Perplexity):
                say(f"Computed conditional probabilities for sample {n} / {n}")
                say(f"Mean sigma: {float(P.sigma(neighbors).mean()):f}")
            indices = neighbors.indices
            if may_consume:
                conditional = conditional_P_of_consumed(P, neighbors)
            else:
                conditional = P.conditional_P(neighbors)
            if supervision is not None:
                supervision.apply_(conditional, indices)
            del neighbors  # symmetrize needs the memory of the distances
            if plan.objective == "sne":
                constant = torch.tensor(
                    negative_entropy(conditional), dtype=torch.float64, device="cpu"
                )
                facts["constant"] = float(shards.sum(constant)) / n
            if part is not None:
                P = joint_P_of_ranks(indices, conditional, part)
            else:
                P = (joint_P_of_consumed if may_consume else joint_P)(indices, conditional)
            del indices, conditional
        P = JointP(*(part.to(device) for part in P))
    report(Progress("affinities", n, n))
    if Y is None:
        # The spectral start is computed from P, and so comes after it.
        with clock("initialization"):
            Y = initialization.spectral(P.to_scipy(), plan.dims, plan.seed).to(device)
        report(Progress("initialization", n, n))
    plan = replace(plan, supervision=supervision)
    return _descend(plan, P, Y, facts, clock, listeners, part=part, neighbors=kept)


def resume(
    plan: Plan,
    content: dict[str, Any],
    device: torch.device,
    listeners: Listeners,
    part: Part | None = None,
    neighbors: Neighbors | None = None,
) -> FitResult:
    """Finish a fit from what :func:`fasttsne.fit.checkpoint.load` read, or go on with a kept one.

    On a CPU the map is the same, bit for bit, as without a stop.

    Parameters
    ----------
    plan : Plan
    content : dict
        P, the state of the descent, the facts of the fit, and which ranks wrote it.
    device : torch.device
        Where to compute.
    listeners : Listeners
    part : Part, optional
        The rows of this rank, if there are several ranks.
    neighbors : Neighbors, optional
        To be kept again.
    """
    P = JointP(*(part.to(device) for part in content["P"]))
    state = content["state"]
    facts = {name: content[name] for name in _FACTS}
    Y, saved = state["Y"].to(device), content["ranks"]
    clock = _Clock()
    return _descend(plan, P, Y, facts, clock, listeners, state, part, saved, neighbors)


def _find_neighbors(
    plan: Plan,
    X: Any,
    original_X: Any,
    n: int,
    device: torch.device,
    listeners: Listeners,
    shards: Shards,
) -> Found | None:
    """Find neighbours, unless P is given."""
    if not isinstance(plan.affinities, Affinities):
        return None
    k = neighbors_per_point(plan.affinities, n)
    if listeners.say:
        listeners.say(f"Computing {k} nearest neighbors...")

    def progress(done: int, total: int) -> None:
        listeners.report(Progress("neighbors", done, total))

    return plan.search(X, k, device, plan.seed, progress, original_X, n, shards)


def _start(
    plan: Plan, X: Any, found: Found | None, n: int, device: torch.device, shards: Shards
) -> Tensor:
    """Return the start (n, dims) in the order of the neighbours."""
    if isinstance(plan.start, Tensor):
        Y = shards.gather_rows(plan.start).to(device)
    elif plan.start == "random":
        return initialization.random(n, plan.dims, plan.seed).to(device)
    elif found and found.X is not None:
        return initialization.pca(found.X, plan.dims, plan.seed, shards).to(device)
    elif isinstance(X, Tensor):
        X = X.to(device)
        Y = initialization.pca(Scaling.of(X, shards)(X), plan.dims, plan.seed, shards)
    else:
        Y = _start_of_sparse(X, plan.dims, plan.seed).to(device)
    return Y if found is None or found.order is None else Y[found.order]


def _start_of_sparse(X: Any, dims: int, seed: int) -> Tensor:
    if (X.max(axis=0) != X.min(axis=0)).nnz == 0:  # all rows are equal
        return initialization.rescale(
            torch.zeros(X.shape[0], dims, dtype=torch.float32, device="cpu"), seed
        )
    # scikit-learn squares the entries, which must not overflow, and takes seeds below 2^32.
    return initialization.pca_of_sparse(divide_by_power(X, safe_exponent(X)), dims, seed % 2**32)


def _descend(
    plan: Plan,
    P: JointP,
    Y: Tensor,
    facts: dict[str, Any],
    clock: _Clock,
    listeners: Listeners,
    state: dict[str, Any] | None = None,
    part: Part | None = None,
    saved: dict[str, Any] | None = None,
    neighbors: Neighbors | None = None,
) -> FitResult:
    """Run the descent from a start, or from the state that a checkpoint holds."""
    n, order = Y.shape[0], facts["order"]
    sent_before = 0 if part is None else part.shards.sent
    if order is not None:
        order = order.to(Y.device)

    def in_order_of_data(Y: Tensor) -> Tensor:
        if order is None:
            return Y
        out = torch.empty_like(Y)
        out[order] = Y
        return out

    def progress(done: int, total: int, kl: float | None) -> None:
        listeners.report(Progress("optimization", done, total, kl))

    def callback(iteration: int, kl: float, Y: Tensor) -> object:
        assert listeners.callback is not None
        return listeners.callback(iteration, kl, in_order_of_data(Y))

    constraints = None
    if facts["constraints"] is not None:
        constraints = Constraints(**facts["constraints"]).arranged(None, Y.device)
    save = None
    if listeners.checkpoint is not None:
        everything = {**listeners.facts, **facts}
        save = Checkpoint(listeners.checkpoint, P, plan.phases, everything, part, saved).save
    watch = Watch(
        callback=None if listeners.callback is None else callback,
        callback_every=plan.callback_every,
        progress=None if listeners.report is ignore else progress,
        say=listeners.say,
        save=save,
        save_every=plan.checkpoint_every,
        return_on_interrupt=listeners.return_on_interrupt,
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
            part,
            constraints,
        )
    sent = 0 if part is None else part.shards.sent - sent_before
    report = FitReport(
        n=n,
        d=facts["d"],
        method=plan.repulsion.name,
        seconds=clock.seconds,
        kernels=_library.kernels_on(Y.device),
        iterations=best.n_iter,
        search=facts["search"],
        search_recall=facts["search_recall"],
        ranks=1 if part is None else part.shards.count,
        bytes_per_iteration=round(sent / max(1, best.n_iter)),
    )
    kept = None
    if plan.keeps_state:
        state = state_for_next_phase(best.state, len(plan.phases))
        kept = Kept(P, state, plan.phases, facts, neighbors, plan.supervision)
    return FitResult(in_order_of_data(best.embedding), best.kl_divergence, report, kept)
