"""What a fit runs under: its number of threads, its device, and who is told about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from .._threads import threads
from ..progress import Progress, default_listener
from ..tables import check_writable
from .parameters import thread_count


def ignore(_: Progress) -> None:
    """Listen to nothing. With this listener the KL divergence is not computed on the way."""


@dataclass(frozen=True)
class Listeners:
    """Who is told about a fit, and where it is saved.

    It exists so that the pipeline knows neither the estimator nor where messages are printed.
    """

    report: Callable[[Progress], None] = ignore
    """Takes the progress of every phase."""
    say: Callable[[str], None] | None = None
    """Takes messages in scikit-learn's words."""
    callback: Callable[[int, float, Tensor], object] | None = None
    """``callback(iteration, kl, embedding)``; a true result stops the descent."""
    return_on_interrupt: bool = False
    """Whether Ctrl-C ends the descent with a warning, and the map so far is the result."""
    checkpoint: Any = None
    """Path of the file, if there is to be one."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What the estimator adds to the file."""


@contextmanager
def running(
    estimator: Any, device: torch.device, facts: dict[str, Any], is_first: bool = True
) -> Iterator[Listeners]:
    """Set up what a fit runs under, as the parameters of an estimator say.

    Parameters
    ----------
    estimator : TSNE
    device : torch.device
        Where to compute.
    facts : dict
        What the estimator adds to its checkpoint.
    is_first : bool
        Whether this is the rank that prints, if there are several.

    Yields
    ------
    Listeners

    Raises
    ------
    OSError
        The checkpoint cannot be written.
    """
    if estimator.checkpoint is not None:
        check_writable(estimator.checkpoint)
    with (
        torch.no_grad(),
        threads(thread_count(estimator.n_jobs)),
        torch.cuda.device(device) if device.type == "cuda" else nullcontext(),
        _progress_listener(estimator, is_first) as report,
    ):
        yield Listeners(
            report=report,
            say=_print_message if estimator.verbose > 1 and is_first else None,
            callback=_joined(estimator.callback),
            return_on_interrupt=estimator.on_interrupt == "return",
            checkpoint=estimator.checkpoint,
            facts=facts,
        )


@contextmanager
def _progress_listener(estimator: Any, is_first: bool) -> Iterator[Callable[[Progress], None]]:
    if estimator.progress is not None:
        yield estimator.progress
    elif estimator.verbose == 1 and is_first:
        with default_listener() as listener:
            yield listener
    else:
        yield ignore


def _print_message(message: str) -> None:
    """Print as scikit-learn's TSNE does."""
    print(f"[t-SNE] {message}")


def _joined(callbacks: Any) -> Callable[[int, float, Tensor], object] | None:
    """Return one callback that calls all, even if the first of them stops the fit."""
    if callbacks is None or callable(callbacks):
        return callbacks
    return lambda *seen: any([callback(*seen) for callback in callbacks])
