"""Ctrl-C on several ranks: all stop after the same iteration.

Ctrl-C reaches the ranks at different times. If each stopped at once, the others would wait for it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..shards import Part


@contextmanager
def noticing_interrupts(part: Part | None) -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether Ctrl-C came to this one of several ranks.

    Without several ranks it never does, and Ctrl-C raises KeyboardInterrupt as always. A second
    Ctrl-C does so in any case.

    Parameters
    ----------
    part : Part or None
        The rows of this rank, if there are several ranks.
    """
    if part is None:
        yield lambda: False
        return
    came = False
    before = signal.getsignal(signal.SIGINT)

    def notice(number: int, frame: Any) -> None:
        nonlocal came
        if came and callable(before):
            before(number, frame)
        came = True

    # Only the main thread gets signals, and a process may ignore this one.
    listens = threading.current_thread() is threading.main_thread() and callable(before)
    if listens:
        signal.signal(signal.SIGINT, notice)
    try:
        yield lambda: came
    finally:
        if listens:
            signal.signal(signal.SIGINT, before)
