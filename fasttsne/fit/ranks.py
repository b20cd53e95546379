"""What several ranks check together before a fit, so that all of them start it or none does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from torch import Tensor

from ..affinities import is_matrix
from ..neighbors.graphs import is_graph
from ..neighbors.search import KERNEL_METRICS
from ..neighbors.sphere import row_lengths
from ..shards import ALONE, Ranks, Shards
from .checkpoint import storable_parameters

_Result = TypeVar("_Result")


def shards_of(distributed: Any) -> Shards:
    """Return the processes that share the rows of a fit, as the parameter ``distributed`` says.

    Raises
    ------
    TypeError, ValueError
        Not a bool; True without a process group.
    """
    if not isinstance(distributed, bool):
        raise TypeError(f"distributed must be True or False, got {distributed!r}")
    if not distributed:
        return ALONE
    import torch.distributed as dist

    if not (dist.is_available() and dist.is_initialized()):
        raise ValueError(
            "distributed=True needs the process group of torch.distributed: call "
            "torch.distributed.init_process_group() first, in a script that torchrun starts"
        )
    return Ranks()


def agree(shards: Shards, check: Callable[[], _Result]) -> _Result:
    """Return what a check returns, or raise its error on all ranks if it fails on one.

    Parameters
    ----------
    shards : Shards
    check : callable
        Raises TypeError or ValueError. It must not speak with other ranks.

    Raises
    ------
    TypeError, ValueError
        On several ranks the message names the first rank that failed.
    """
    if shards.count == 1:
        return check()
    failed = None
    try:
        result = check()
    except (TypeError, ValueError) as error:
        failed = error
    told = None if failed is None else (isinstance(failed, TypeError), str(failed))
    for rank, problem in enumerate(shards.objects(told)):
        if problem:
            is_type, text = problem
            kind = TypeError if is_type else ValueError
            raise kind(f"rank {rank} of {shards.count}: {text}") from failed
    return result


def check_for_ranks(estimator: Any, X: Any) -> None:
    """Raise ValueError if several ranks cannot fit X, the checked data of this one, together."""
    if not isinstance(X, Tensor):
        raise ValueError(
            "X must be a dense array or Tensor with distributed=True, the rows of this rank; got "
            + ("None" if X is None else "a sparse matrix")
        )
    metric = estimator.metric
    if metric not in KERNEL_METRICS or estimator.metric_params:
        raise ValueError(
            f"metric must be {', '.join(KERNEL_METRICS)} with distributed=True, got {metric!r}"
        )
    if is_matrix(estimator.affinities):
        raise ValueError("affinities must not be a matrix with distributed=True")
    if is_graph(estimator.neighbors):
        raise ValueError(
            "neighbors must be 'auto', 'exact' or 'cells' with distributed=True, not those of "
            "another library"
        )
    if isinstance(estimator.init, str) and estimator.init == "spectral":
        raise ValueError("init must not be 'spectral' with distributed=True, got 'spectral'")
    for name in ("fixed", "anchors"):
        if getattr(estimator, name) is not None:
            raise ValueError(f"{name} must be None with distributed=True")
    if estimator.supervision:
        raise ValueError(
            f"supervision must be 0 with distributed=True, got {estimator.supervision!r}"
        )
    if metric != "euclidean" and len(X):
        lost = (row_lengths(X, metric)[:, 0] == 0).nonzero()
        if len(lost):
            raise ValueError(
                f"metric {metric!r} is not defined for a row without a direction, row "
                f"{int(lost[0])} of X"
            )


def facts_of_rank(estimator: Any, ignored: set[str]) -> dict[str, Any]:
    """Return the parameters of an estimator that must be the same on all ranks.

    Parameters
    ----------
    estimator : TSNE
    ignored : set of str
        Parameters that may differ.
    """
    facts = {
        name: value
        for name, value in storable_parameters(estimator.get_params()).items()
        if name not in ignored
    }
    checkpoint, init = estimator.checkpoint, estimator.init
    return facts | {
        "checkpoint": None if checkpoint is None else str(checkpoint),
        "schedule": repr(estimator.schedule),
        "init": init if init is None or isinstance(init, str) else "an array",
    }


def check_same(facts: dict[str, Any], shards: Shards) -> None:
    """Raise ValueError on all ranks if facts, by their names, are not the same on all of them."""
    first, *others = shards.objects(facts)
    for rank, theirs in enumerate(others, 1):
        for name in {**first, **theirs}:
            one, two = first.get(name), theirs.get(name)
            if one != two:
                raise ValueError(
                    f"{name} must be the same on all ranks, got {one!r} on rank 0 and {two!r} on "
                    f"rank {rank}"
                )


def seed_of_all(seed: int, shards: Shards) -> int:
    """Return the seed of rank 0, as those that were drawn at random differ."""
    return int(shards.objects(seed)[0])
