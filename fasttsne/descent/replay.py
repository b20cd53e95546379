"""CUDA graphs: repeat work on a GPU without launching each of its kernels from Python."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

import torch
from torch import Tensor

from .. import _library

_RUNS_BEFORE_CAPTURE = 2
"""The first run makes what must not be made during a capture, such as the plans of FFTs. A capture
takes longer than a run, and pays if the same grid lasts for some more iterations."""
_one_capture = threading.Lock()
"""torch captures one graph at a time."""


class Replay:
    """Runs a function without arguments; on a GPU, from a CUDA graph after the first few runs.

    A graph reads and writes the memory that it was captured with. So every tensor that the function
    uses must stay at its address, and everything else that may change must be part of the key.

    Parameters
    ----------
    device : torch.device
    is_alone : bool
        Whether no other process takes part, with which a graph would have to wait.
    """

    def __init__(self, device: torch.device, is_alone: bool = True) -> None:
        # The pure-torch reference reads sizes from the GPU, which cannot be captured.
        self._uses_graphs = is_alone and _library.kernels_on(device) == "cuda"
        self._stream = torch.cuda.Stream(device) if self._uses_graphs else None
        self._key: Hashable = None
        self._runs = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._result: Tensor | None = None

    def __call__(self, key: Hashable, run: Callable[[], Tensor]) -> Tensor:
        """Run the function or replay its graph; return its result.

        A later call with the same key may overwrite the result.

        Parameters
        ----------
        key : hashable
            A key other than the last one discards the graph.
        run : callable
        """
        if not self._uses_graphs:
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
