"""Progress of a fit: what the estimator reports, and two ways to show it.

The estimator calls a listener with one `Progress` after another: the phases in the order of
`PHASES`, each ending with ``done == total``. Any callable will do; `ProgressBar` suits a
terminal, `ProgressLines` a log file, and `default_listener` picks the one that fits.
"""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TextIO

PHASES = ("neighbors", "initialization", "affinities", "optimization")
"""Of a fit, in their order."""

_WIDTH = max(map(len, PHASES))


@dataclass(frozen=True)
class Progress:
    """How far a fit has come.

    Attributes
    ----------
    phase : str
        One of `PHASES`.
    done, total : int
        Steps done and steps in all of this phase (rows, or iterations).
    kl : float or None
        The latest KL divergence in nats, where one is known.
    """

    phase: str
    done: int
    total: int
    kl: float | None = None


class Listener(ABC):
    """A callable that shows progress; also a context manager that closes itself.

    Parameters
    ----------
    stream : file, optional
        Where to write. Default: ``sys.stderr`` as it is now.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stderr if stream is None else stream

    @abstractmethod
    def __call__(self, progress: Progress) -> None:
        """Show one report."""

    def close(self) -> None:  # noqa: B027  a listener that holds nothing has nothing to close
        """End the display. Closing twice is harmless."""

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class ProgressBar(Listener):
    """One ``tqdm`` bar a phase: iteration, time left and KL."""

    _FORMAT = (
        "{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
    )

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._phase: str | None = None
        self._bar: Any = None

    def __call__(self, progress: Progress) -> None:
        """Move the bar; a new phase begins a new one, the end of a phase closes it."""
        if progress.phase != self._phase:
            self._begin(progress)
        if self._bar is None:  # the end was reported before
            return
        if progress.kl is not None:
            self._bar.set_postfix_str(f"KL {progress.kl:.3f}", refresh=False)
        self._bar.update(progress.done - self._bar.n)
        if progress.done >= progress.total:
            self.close()

    def _begin(self, progress: Progress) -> None:
        from tqdm import tqdm

        self.close()
        self._phase = progress.phase
        self._bar = tqdm(
            total=progress.total,
            desc=progress.phase.ljust(_WIDTH),
            bar_format=self._FORMAT,
            file=self.stream,
            dynamic_ncols=True,
        )

    def close(self) -> None:
        """Leave the bar as it is and end its line."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class ProgressLines(Listener):
    """A plain line at the end of each phase, and one every few seconds of a long phase.

    Parameters
    ----------
    stream : file, optional
        Where to write. Default: ``sys.stderr`` as it is now.
    every : float
        Least time between two lines of one phase, in seconds.
    clock : callable
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
            # The first report of a phase may come at its end: it began where the last one ended.
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


def default_listener(stream: TextIO | None = None) -> Listener:
    """Pick the display for a stream: a bar on a terminal, lines elsewhere.

    Parameters
    ----------
    stream : file, optional
        Where to write. Default: ``sys.stderr`` as it is now.

    Returns
    -------
    ProgressBar or ProgressLines
    """
    stream = sys.stderr if stream is None else stream
    is_terminal = getattr(stream, "isatty", lambda: False)()
    return ProgressBar(stream) if is_terminal else ProgressLines(stream)
