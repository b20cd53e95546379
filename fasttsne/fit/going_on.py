"""Goes on with the map of a fitted estimator: further phases of its descent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from .._threads import threads
from ..affinities import Affinities, JointP, Perplexity, joint_P, negative_entropy
from ..neighbors import Neighbors
from ..schedule import Phase, check_phase
from . import pipeline
from .checkpoint import fingerprint
from .context import running
from .kept import Kept
from .parameters import Plan, check_device, thread_count
from .samples import columns_of


def optimize(estimator: Any, phase: Phase, perplexity: Any) -> None:
    """Run a further phase of the descent of a fitted estimator, and renew its attributes.

    Parameters
    ----------
    estimator : TSNE
    phase : Phase
        Not checked yet.
    perplexity : float or None
        That of a new P, made of the kept neighbours.

    Raises
    ------
    TypeError, ValueError
        Wrong arguments, or a fit that kept too little; raised before any work.
    """
    kept = state_of(estimator, "optimize")
    n = len(kept.state["Y"])
    phase = check_phase(phase, n, least=1)
    fitted_map = estimator._fitted_map
    affinities = None if fitted_map is None else fitted_map.affinities
    other = None if perplexity is None else _check_perplexity(perplexity, kept, n)
    plan = plan_of_phase(estimator, kept, phase, n)
    device = check_device(estimator.device, kept.P.values.device)
    if other is not None:
        affinities = other
        with torch.no_grad(), threads(thread_count(estimator.n_jobs)):
            kept = with_P(kept, other, plan.objective, device)
    go_on(estimator, kept, plan, device, None if fitted_map is None else fitted_map.X, affinities)


def state_of(estimator: Any, method: str) -> Kept:
    """Return what a fit kept; raise ValueError that tells how to keep it."""
    kept = estimator._kept
    if kept is None and estimator.distributed:
        raise ValueError(
            f"{method} needs a fit by one process, as several keep no state; this one was made "
            "with distributed=True"
        )
    if kept is None:
        raise ValueError(
            f"{method} needs what a fit with keep_state=True keeps, and this one, of "
            f"{estimator.report_.n:,} samples, was made with keep_state={estimator.keep_state!r}"
        )
    return kept


def _check_perplexity(perplexity: Any, kept: Kept, n: int) -> Perplexity:
    if kept.neighbors is None:
        raise ValueError(
            "perplexity must be None where no neighbours are kept: P was given as a matrix, or the "
            f"fit was resumed from a checkpoint; got {perplexity!r}"
        )
    affinities = Perplexity(perplexity)
    affinities.check(n)
    k = kept.neighbors.indices.shape[1]
    if affinities.neighbors_wanted() > k:
        raise ValueError(
            f"perplexity must be at most {k / 3:g}, a third of the {k} neighbours that are kept, "
            f"got {perplexity:g}; a new fit with perplexity={perplexity:g} searches more"
        )
    return affinities


def plan_of_phase(estimator: Any, kept: Kept, phase: Phase, n: int) -> Plan:
    """Return the plan of a further phase, from the parameters that the estimator has now."""
    plan = Plan.of(estimator, n, P=kept.P)
    dims = kept.state["Y"].shape[1]
    if plan.dims != dims:
        raise ValueError(f"n_components must be {dims}, as in the fit, got {plan.dims}")
    phases = [*kept.phases, phase]
    return replace(plan, phases=phases, keeps_state=True, supervision=kept.supervision)


def with_P(kept: Kept, affinities: Affinities, objective: str, device: torch.device) -> Kept:
    """Return the same with P made anew of the nearest neighbours that the affinities want."""
    assert kept.neighbors is not None
    indices, sq_distances, unit = kept.neighbors
    k = min(indices.shape[1], affinities.neighbors_wanted())
    indices = indices[:, :k].contiguous().to(device)
    sq_distances = sq_distances[:, :k].contiguous().to(device)
    conditional = affinities.conditional_P(Neighbors(indices, sq_distances, unit))
    supervision = kept.supervision
    if supervision is not None:
        supervision.arranged(None, device).apply_(conditional, indices)
    constant = negative_entropy(conditional) / len(indices) if objective == "sne" else None
    P: JointP = joint_P(indices, conditional)
    return replace(kept, P=P, facts={**kept.facts, "constant": constant})


def go_on(
    estimator: Any,
    kept: Kept,
    plan: Plan,
    device: torch.device,
    data: Any,
    affinities: Affinities | None,
) -> None:
    """Descend from a kept state, and renew the attributes of the estimator.

    Parameters
    ----------
    estimator : TSNE
        It stays as it is if the descent does not end well.
    kept : Kept
    plan : Plan
        Its last phase is the one to run.
    device : torch.device
    data : Tensor or CSR matrix or None
        All rows of the map.
    affinities : Affinities or None
        Those of P, by which ``transform`` places new points.
    """
    is_tensor = isinstance(estimator.embedding_, torch.Tensor)
    facts = {}
    if estimator.checkpoint is not None:
        hashed = None if data is None else fingerprint(data)
        facts = estimator._facts(columns_of(estimator), is_tensor, hashed, None)
    content = {**kept.facts, "P": kept.P, "state": kept.state, "ranks": None}
    with running(estimator, device, facts) as listeners:
        result = pipeline.resume(plan, content, device, listeners, neighbors=kept.neighbors)
    before = estimator._fitted_map
    search = None if before is None else before.search
    estimator._keep(result, plan, data, is_tensor, affinities=affinities, search=search)
