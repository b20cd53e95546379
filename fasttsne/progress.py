"""Progress reports of a fit, and two ways to show them.

The estimator calls a listener with a `Progress` at each step. Phases come in the order of `PHASES`,
and the last report of each has ``done == total``. A listener is any callable: `ProgressBar` suits a
terminal, `ProgressLines` a log file, and `default_listener` chooses between them.
"""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TextIO

__all__ = [
    "PHASES",
    "Listener",
    "Progress",
    "ProgressBar",
    "ProgressLines",
    "default_listener",
]

PHASES = ("neighbors", "initialization", "affinities", "optimization")
"""Phases of a fit, in order."""

_WIDTH = max(map(len, PHASES))


@dataclass(frozen=True)
class Progress:
    """One report of how far a fit has come.

    Attributes
    ----------
    phase : str
        One of `PHASES`.
    done, total : int
        Steps done and total number of steps of this phase (rows or iterations).
    kl : float or None
        The latest KL divergence in nats, if one is known.
    """

    phase: str
    done: int
    total: int
    kl: float | None = None


class Listener(ABC):
    """A callable that shows progress. As a context manager it closes itself.

    Parameters
    ----------
    stream : file, optional
        Where to write. Default: the current ``sys.stderr``.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stderr if stream is None else stream

    @abstractmethod
    def __call__(self, progress: Progress) -> None:
        """Show one report."""

    def close(self) -> None:  # noqa: B027  not abstract: many listeners have nothing to close
        """End the display. It may be called more than once."""

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class ProgressBar(Listener):
    """A ``tqdm`` bar for each phase: steps, time elapsed, time left and KL divergence.

    Parameters
    ----------
    stream : file, optional
        Where to write. Default: the current ``sys.stderr``.
    """

    _FORMAT = (
        "{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
    )

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._phase: str | None = None
        self._bar: Any = None

    def __call__(self, progress: Progress) -> None:
        """Move the bar. A new phase begins a new bar, and the end of a phase closes it."""
        if progress.phase != self._phase:
            self._begin(progress)
        if self._bar is None:  # the end of this phase was already reported
            return
        if progress.kl is not None:
            self._bar.set_postfix_str(f"KL {progress.kl:.3f}", refresh=False)
        self._bar.total = progress.total  # a search may plan more while it runs
        self._bar.update(progress.done - self._bar.n)
        if progress.done >= progress.total:
            self.close()

    def _begin(self, progress: Progress) -> None:
        self.close()
        self._phase = progress.phase
        self._bar = _bar_type()(
            total=progress.total,
            desc=progress.phase.ljust(_WIDTH),
            bar_format=self._FORMAT,
            file=self.stream,
            dynamic_ncols=True,
        )

    def close(self) -> None:
        """End the line of the bar, which stays visible."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class ProgressLines(Listener):
    """A line of text at the end of each phase, and every few seconds during a long phase.

    Parameters
    ----------
    stream : file, optional
        Where to write. Default: the current ``sys.stderr``.
    every : float, default=2.0
        Minimum time between two lines of one phase, in seconds.
    clock : callable, default=time.perf_counter
        Returns the time in seconds.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        every: float = 2.0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(stream)
        self.every = every
        self._clock = clock
        self._phase: str | None = None
        self._finished = False
        self._began = self._written = clock()

    def __call__(self, progress: Progress) -> None:
        """Write a line if one is due."""
        now = self._clock()
        if progress.phase != self._phase:
            # The first report of a phase may be its last. The phase then began when the previous
            # one ended.
            self._phase, self._written, self._finished = progress.phase, now, False
            self._began = now if progress.done < progress.total else self._began
        finished = progress.done >= progress.total
        if self._finished or (not finished and now - self._written < self.every):
            return
        self._written = now
        kl = "" if progress.kl is None else f", KL {progress.kl:.3f}"
        print(
            f"{progress.phase:{_WIDTH}} {progress.done:,}/{progress.total:,}"
            f", {now - self._began:.1f} s{kl}",
            file=self.stream,
            flush=True,
        )
        if finished:
            self._began, self._finished = now, True


def is_notebook() -> bool:
    """Whether this code runs in a notebook of Jupyter."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def _bar_type() -> Any:
    """Return the class of bars: a widget in a notebook that has widgets, and text elsewhere."""
    if is_notebook():
        with suppress(ImportError):
            import ipywidgets  # noqa: F401  without it the bar would be an error
            from tqdm.notebook import tqdm as widget

            return widget
    from tqdm import tqdm

    return tqdm


def default_listener(stream: TextIO | None = None) -> Listener:
    """Choose the listener for a stream: a bar on a terminal and in a notebook, lines elsewhere.

    Parameters
    ----------
    stream : file, optional
        Where to write. Default: the current ``sys.stderr``.

    Returns
    -------
    ProgressBar or ProgressLines
    """
    stream = sys.stderr if stream is None else stream
    is_terminal = getattr(stream, "isatty", lambda: False)()
    return ProgressBar(stream) if is_terminal or is_notebook() else ProgressLines(stream)
