"""Repeating work on a GPU without asking Python for each kernel of it: CUDA graphs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

import torch
from torch import Tensor

from .. import _library

_RUNS_BEFORE_CAPTURE = 2
"""The first run makes what a recording must not, such as the plans of FFTs. A recording takes as
long as about three runs, and is worth it for a mesh that lasts some iterations."""
_one_capture = threading.Lock()
"""torch records one graph at a time."""


class Replay:
    """Runs a function of no arguments; on a GPU, from a recording once it has run a few times.

    Whatever the function reads that may change has to be a tensor that stays where it is, or be in
    the key.

    Parameters
    ----------
    device : torch.device
    """

    def __init__(self, device: torch.device) -> None:
        # The pure-torch reference asks the GPU for sizes, which cannot be recorded.
        self._on_gpu = _library.kernels_on(device) == "cuda"
        self._stream = torch.cuda.Stream(device) if self._on_gpu else None
        self._key: Hashable = None
        self._runs = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._result: Tensor | None = None

    def __call__(self, key: Hashable, run: Callable[[], Tensor]) -> Tensor:
        """Run once, or replay: the result is overwritten by the next call with the same key."""
        if not self._on_gpu:
            return run()
        if key != self._key:
            self._key, self._runs, self._graph = key, 0, None
        self._runs += 1
        if self._graph is None:
            if self._runs <= _RUNS_BEFORE_CAPTURE:
                return run()
            self._graph = torch.cuda.CUDAGraph()
            with (
                _one_capture,
                torch.cuda.graph(
                    self._graph, stream=self._stream, capture_error_mode="thread_local"
                ),
            ):
                self._result = run()
        self._graph.replay()
        assert self._result is not None
        return self._result
