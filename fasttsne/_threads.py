"""Threads: how many a Python thread uses, and work whose bits must not depend on that.

FFTs, products of matrices and sums of whole tensors round in another way for every number of
threads that torch gives them. So they go, in parts that do not depend on the threads either, to
workers that compute on one thread each: see :func:`share` and :func:`alone`.

torch has a number of threads for each thread of Python and one for those still to come, and sets
both at once. Here the second is always put back, so that two fits at a time leave no trace.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, TypeVar

import torch
from torch import Tensor

CHUNK_BYTES = 1 << 19
"""Of a chunk in float64 or complex64: some of it fit a core's cache."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class _Workers:
    """Threads that wait for tasks, and compute each on themselves alone."""

    def __init__(self, are_forked: bool = False) -> None:
        self.are_forked = are_forked
        self.lock = threading.Lock()
        self._tasks: SimpleQueue[tuple[Future[None], Callable[[], None]]] = SimpleQueue()
        self._count = 0

    def run(self, task: Callable[[], None], times: int) -> list[Future[None]]:
        """Let so many workers run a task, each once."""
        with self.lock:
            started, self._count = self._count, max(self._count, times)
        for _ in range(started, times):
            threading.Thread(target=self._work, name="fasttsne", daemon=True).start()
        results: list[Future[None]] = [Future() for _ in range(times)]
        for result in results:
            self._tasks.put((result, task))
        return results

    def _work(self) -> None:
        _set_here(1)
        while True:
            result, task = self._tasks.get()
            try:
                task()
            except BaseException as error:
                result.set_exception(error)
            else:
                result.set_result(None)
            del result, task  # whose tensors would otherwise stay until the next one


_workers = _Workers()


def _after_fork() -> None:
    """Let a forked child compute on one thread: it would wait for its parent's for ever."""
    global _workers
    _workers = _Workers(are_forked=True)
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _in_new_thread(function: Callable[[], Any]) -> Any:
    result: Future[Any] = Future()
    threading.Thread(target=lambda: result.set_result(function()), daemon=True).start()
    return result.result()


def _set_here(number: int) -> None:
    """Set the number of this thread of Python, and of no other, now or to come."""
    torch.get_num_threads()  # the first call in a thread sets the number to that of threads to come
    with _workers.lock:
        others = _in_new_thread(torch.get_num_threads)
        try:
            torch.set_num_threads(number)
        finally:
            _in_new_thread(lambda: torch.set_num_threads(others))


@contextmanager
def threads(number: int | None) -> Iterator[None]:
    """Compute on so many threads in a block; None leaves the number alone.

    In a forked child there is one, whatever is asked for.
    """
    before = torch.get_num_threads()
    if _workers.are_forked:
        number = 1
    if number is None or number == before:
        yield
        return
    _set_here(number)
    try:
        yield
    finally:
        _set_here(before)


def share(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """Work on each item on one thread, and on as many at a time as torch has threads.

    Parameters
    ----------
    work : callable
        Runs without autograd.
    items : iterable
        Parts of the work, cut in a way that does not depend on the threads.

    Returns
    -------
    list
        What ``work`` returned, in the order of the items.
    """
    items = list(items)
    left = iter(enumerate(items))  # from which every worker takes the next
    results: dict[int, _Result] = {}
    inference = torch.is_inference_mode_enabled()

    def take() -> None:
        with torch.inference_mode(inference), torch.no_grad():
            for number, item in left:
                results[number] = work(item)

    at_once = min(torch.get_num_threads(), len(items))
    if torch.get_num_threads() == 1:
        take()
    else:
        taking = _workers.run(take, at_once)
        try:
            for one in taking:
                one.result()
        finally:  # after an error or Ctrl-C nothing new begins, and nothing goes on unseen
            for _ in left:
                pass
            wait(taking)
    return [results[number] for number in range(len(items))]


def in_chunks(work: Callable[[slice], _Result], t: Tensor) -> list[_Result]:
    """Share out the first axis of a tensor in chunks; on a GPU, which has no such cache, whole.

    A GPU's work stays in this thread: others have streams of their own.
    """
    if t.device.type != "cpu":
        return [work(slice(None))]
    size = max(1, CHUNK_BYTES // (8 * t[0].numel()))
    return share(work, [slice(i, i + size) for i in range(0, t.shape[0], size)])


def alone(work: Callable[[], _Result], device: torch.device) -> _Result:
    """Work on one thread of the CPU, or for a GPU right here."""
    return share(lambda _: work(), [None])[0] if device.type == "cpu" else work()
