"""New rows join the map of a fitted estimator: their neighbours, their places, P of all rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from scipy import sparse
from torch import Tensor

from .._threads import threads
from ..affinities.supervised import UNKNOWN, Supervision, check_labels
from ..descent.bounds import TrackedBounds
from ..descent.constraints import Constraints
from ..descent.transform import ITERATIONS, FittedMap
from ..neighbors import Neighbors
from ..schedule import Phase, check_phase
from .going_on import go_on, plan_of_phase, state_of, with_P
from .kept import Kept
from .parameters import check_device, thread_count
from .samples import check_samples


def extend(estimator: Any, X: Any, y: Any, phase: Phase) -> None:
    """Let new rows join the map of a fitted estimator, and renew its attributes.

    Parameters
    ----------
    estimator : TSNE
    X : array, sparse matrix or Tensor, shape (l, d)
        The new rows.
    y : array of int, shape (l,), or None
        Their labels, which count if the fit was supervised.
    phase : Phase
        Not checked yet.

    Raises
    ------
    TypeError, ValueError
        Wrong arguments, or a fit that kept too little; raised before any work.
    """
    kept, fitted_map = _check_fit(estimator)
    new = check_samples(estimator, X, reset=False)
    if sparse.issparse(new) != sparse.issparse(fitted_map.X):
        kinds = ("dense", "sparse") if sparse.issparse(new) else ("sparse", "dense")
        raise ValueError(f"X must be {kinds[0]}, as in the fit, got a {kinds[1]} matrix")
    n = fitted_map.X.shape[0] + new.shape[0]
    phase = check_phase(phase, n, least=1)
    labels = None
    if kept.supervision is not None and y is not None:
        labels = check_labels(y, new.shape[0])
    plan = plan_of_phase(estimator, kept, phase, n)
    device = check_device(estimator.device, kept.P.values.device)
    with torch.no_grad(), threads(thread_count(estimator.n_jobs)):
        everything = _join(fitted_map.X, new)
        placed = fitted_map.place(new, "weighted", ITERATIONS, device)
        kept = replace(
            kept,
            state=_grown_state(kept.state, placed.cpu()),
            facts=_grown_facts(kept.facts, len(placed)),
            neighbors=_grown_neighbors(kept, fitted_map, new, everything, device),
            supervision=_grown_labels(kept.supervision, labels, len(placed)),
        )
        plan = replace(plan, supervision=kept.supervision)
        kept = with_P(kept, fitted_map.affinities, plan.objective, device)
    go_on(estimator, kept, plan, device, everything, fitted_map.affinities)


def _check_fit(estimator: Any) -> tuple[Kept, FittedMap]:
    """Return what is needed of a fit, or raise ValueError."""
    kept, fitted_map = state_of(estimator, "extend"), estimator._fitted_map
    if fitted_map is None or kept.neighbors is None:
        raise ValueError(
            "extend needs the data of the fit and their neighbours: not a fit without X, with a "
            "matrix as affinities, or resumed from a checkpoint"
        )
    if fitted_map.search.metric == "precomputed":
        raise ValueError("extend needs rows, not distances, got a fit with metric='precomputed'")
    if kept.facts["search"] == "given":
        raise ValueError(
            "extend finds neighbours itself, and the fit was given those of another library: fit "
            "with neighbors='auto', 'exact' or 'cells'"
        )
    return kept, fitted_map


def _join(X: Any, new: Any) -> Any:
    if sparse.issparse(X):
        return sparse.vstack([X, new], format="csr")
    return torch.cat([X, new.to(X.device)])


def _grown_state(state: dict[str, Any], placed: Tensor) -> dict[str, Any]:
    """Return the state of a descent with further points, which stand still."""
    Y = torch.cat([state["Y"], placed])
    return {
        **state,
        "Y": Y,
        "velocity": torch.cat([state["velocity"], torch.zeros_like(placed)]),
        "gains": torch.cat([state["gains"], torch.ones_like(placed)]),
        "bounds": TrackedBounds(Y).state(),
        "grid": None,
    }


def _grown_facts(facts: dict[str, Any], count: int) -> dict[str, Any]:
    """Return the facts of a fit with further points behind the others, without constraints."""
    order, constraints = facts["order"], facts["constraints"]
    if order is not None:
        n = len(order)
        behind = torch.arange(n, n + count, dtype=order.dtype, device=order.device)
        order = torch.cat([order, behind])
    if constraints is not None:
        constraints = Constraints(
            *(
                None if t is None else torch.cat([t, t.new_zeros(count, t.shape[1])])
                for t in Constraints(**constraints)
            )
        )._asdict()
    return {**facts, "order": order, "constraints": constraints}


def _grown_labels(
    supervision: Supervision | None, labels: Tensor | None, count: int
) -> Supervision | None:
    if supervision is None:
        return None
    known = supervision.labels
    more = known.new_full((count,), UNKNOWN) if labels is None else labels.to(known.device)
    return Supervision(torch.cat([known, more]), supervision.weight)


def _grown_neighbors(
    kept: Kept, fitted_map: FittedMap, new: Any, everything: Any, device: torch.device
) -> Neighbors:
    """Return the neighbours of all rows, given those of the old ones among themselves.

    The new rows are searched among all rows. A neighbour of an old row among all rows is one of its
    old neighbours, or one of the nearest new rows.
    """
    assert kept.neighbors is not None
    old = kept.neighbors
    l = new.shape[0]
    n = everything.shape[0] - l
    k = min(n + l - 1, max(old.indices.shape[1], fitted_map.affinities.neighbors_wanted()))
    order = kept.facts["order"]
    of_new = fitted_map.search.among(everything, new, min(k + 1, n + l), device)
    to_new = fitted_map.search.among(new, fitted_map.X, min(k, l), device)
    unit = max(old.unit, of_new.unit, to_new.unit)

    def in_unit(neighbors: Neighbors) -> Tensor:
        return neighbors.sq_distances.to(device) * (neighbors.unit / unit) ** 2

    itself = of_new.indices == torch.arange(n, n + l, device=device)[:, None]
    indices, sq_distances = _nearest(
        of_new.indices.long(), in_unit(of_new).masked_fill(itself, torch.inf), k
    )
    added, sq_added = to_new.indices.long() + n, in_unit(to_new)
    if order is not None:
        order = order.to(device)
        place = torch.cat([order.argsort(), torch.arange(n, n + l, device=device)])
        indices, added, sq_added = place[indices], added[order], sq_added[order]
    old_indices, old_sq_distances = _nearest(
        torch.cat([old.indices.to(device).long(), added], 1),
        torch.cat([in_unit(old), sq_added], 1),
        k,
    )
    return Neighbors(
        torch.cat([old_indices, indices]).int(), torch.cat([old_sq_distances, sq_distances]), unit
    )


def _nearest(indices: Tensor, sq_distances: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k nearest of each row, (n, k); of equally near ones those that come first."""
    sq_distances, order = sq_distances.sort(dim=1, stable=True)
    return indices.gather(1, order)[:, :k], sq_distances[:, :k].contiguous()
