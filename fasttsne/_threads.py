"""The number of threads to compute on, and work whose results must not depend on it.

The rounding of FFTs, matrix products and sums over whole tensors depends on how many threads torch
computes them on. Such work is cut into parts in a way that does not depend on the number of
threads, and goes to a thread pool whose threads compute on one thread each: see :func:`share` and
:func:`alone`.

torch keeps a number of threads for each Python thread, and a default for Python threads that are
yet to be started. ``torch.set_num_threads`` sets both. The functions here restore the default, so
that concurrent fits leave no trace in the process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import reduce
from queue import SimpleQueue
from typing import Any, TypeVar

import torch
from torch import Tensor

CHUNK_BYTES = 1 << 19
"""Size of a chunk of float64 or complex64; a few chunks fit into the cache of a core."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class _ThreadPool:
    """A pool whose threads each run torch on one thread. It grows as needed and never shrinks."""

    def __init__(self, is_forked: bool = False) -> None:
        self.is_forked = is_forked
        self.lock = threading.Lock()
        self._tasks: SimpleQueue[tuple[Future[None], Callable[[], None]]] = SimpleQueue()
        self._size = 0

    def run(self, task: Callable[[], None], times: int) -> list[Future[None]]:
        """Put a task into the queue so many times, with a thread for each; return their futures."""
        with self.lock:
            started, self._size = self._size, max(self._size, times)
        for _ in range(started, times):
            threading.Thread(target=self._work, name="fasttsne", daemon=True).start()
        futures: list[Future[None]] = [Future() for _ in range(times)]
        for future in futures:
            self._tasks.put((future, task))
        return futures

    def _work(self) -> None:
        _set_own_number(1)
        while True:
            future, task = self._tasks.get()
            try:
                task()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(None)
            del future, task  # or they would keep their tensors alive until the next task


_pool = _ThreadPool()


def _after_fork() -> None:
    """Make a forked child compute on one thread.

    A fork copies only the thread that calls it. The child would wait for ever for the threads of
    its parent, those of torch and those of the pool.
    """
    global _pool
    _pool = _ThreadPool(is_forked=True)
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _in_new_thread(function: Callable[[], Any]) -> Any:
    future: Future[Any] = Future()
    threading.Thread(target=lambda: future.set_result(function()), daemon=True).start()
    return future.result()


def _set_own_number(number: int) -> None:
    """Set the number of threads of this Python thread, and restore the default of later ones."""
    torch.get_num_threads()  # the first call in a Python thread sets its number to the default
    with _pool.lock:
        default = _in_new_thread(torch.get_num_threads)
        try:
            torch.set_num_threads(number)
        finally:
            _in_new_thread(lambda: torch.set_num_threads(default))


@contextmanager
def threads(number: int | None) -> Iterator[None]:
    """Compute on this number of threads within a ``with`` block; None changes nothing.

    A forked child always computes on one thread.
    """
    before = torch.get_num_threads()
    if _pool.is_forked:
        number = 1
    if number is None or number == before:
        yield
        return
    _set_own_number(number)
    try:
        yield
    finally:
        _set_own_number(before)


def share(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """Map a function over items in parallel; each call computes on one thread.

    As many calls run at a time as torch has threads.

    Parameters
    ----------
    work : callable
        Takes an item. Runs without autograd, and in inference mode if the caller is in it.
    items : iterable
        Parts of the work, cut in a way that does not depend on the number of threads.

    Returns
    -------
    list
        What ``work`` returned, in the order of the items.
    """
    items = list(items)
    remaining = iter(enumerate(items))  # shared: each thread of the pool takes the next item
    results: dict[int, _Result] = {}
    inference = torch.is_inference_mode_enabled()

    def take() -> None:
        with torch.inference_mode(inference), torch.no_grad():
            for number, item in remaining:
                results[number] = work(item)

    at_once = min(torch.get_num_threads(), len(items))
    if torch.get_num_threads() == 1:
        take()
    else:
        futures = _pool.run(take, at_once)
        try:
            for future in futures:
                future.result()
        finally:  # after an error or Ctrl-C: start no further items, and wait for those that run
            for _ in remaining:
                pass
            wait(futures)
    return [results[number] for number in range(len(items))]


def in_chunks(work: Callable[[slice], _Result], t: Tensor) -> list[_Result]:
    """Map a function over slices of the first axis of a CPU tensor: chunks that fit the cache.

    A tensor on a GPU is one slice, in the caller's thread: another thread would use another stream.

    ``work`` should write its results into a tensor of the caller's, or return numbers. A small
    tensor that it returned would keep the memory around it, in which its temporary tensors were,
    from being used again.

    Returns
    -------
    list
        What ``work`` returned for each slice, in their order.
    """
    if not len(t):
        return []
    if t.device.type != "cpu":
        return [work(slice(None))]
    size = max(1, CHUNK_BYTES // (8 * t[0].numel()))
    return share(work, [slice(i, i + size) for i in range(0, t.shape[0], size)])


_PARTS, _NUMBERS_IN_PARTS = 64, 1 << 25
"""Parts into which rows are cut for a sum: enough for any number of threads to share. Fewer where
the sum is a large matrix, of which each part keeps one."""
_ROWS_OF_PRODUCT = 256
"""Least rows of a chunk where the result is a matrix, which takes time to add."""


def sum_over_rows(work: Callable[[Tensor], Tensor], X: Tensor, numbers: int = 1) -> Tensor:
    """Return the sum of work(chunk) over chunks of rows in float64.

    Chunks and the order of the sum do not depend on the number of threads, nor does the result.

    Parameters
    ----------
    work : callable
        Takes some rows of X in float64; returns a tensor of the same shape each time.
    X : Tensor, shape (n, d)
    numbers : int, default 1
        How many numbers a result holds, if they are more than d.
    """
    n, d = X.shape
    at_once = n
    if X.device.type == "cpu":
        at_once = max(CHUNK_BYTES // (8 * d), _ROWS_OF_PRODUCT if numbers > d else 1)
    parts = max(2, min(_PARTS, _NUMBERS_IN_PARTS // max(numbers, d)))

    def one_part(rows: Tensor) -> Tensor:
        return reduce(torch.add, (work(chunk.double()) for chunk in rows.split(at_once)))

    some = X.split(max(at_once, -(-n // parts)))
    if X.device.type != "cpu":
        return reduce(torch.add, map(one_part, some))
    return reduce(torch.add, share(one_part, some))


def alone(work: Callable[[], _Result], device: torch.device) -> _Result:
    """Call a function so that it computes on one thread of the CPU; for a GPU, call it as it is."""
    return share(lambda _: work(), [None])[0] if device.type == "cpu" else work()
