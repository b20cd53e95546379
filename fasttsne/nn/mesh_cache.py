"""Keeps the meshes of a training loop between its steps.

A mesh is expensive to make, and depends on the bounds of the map alone. A training loop passes a
new map of almost the same bounds in every step. The bounds are therefore rounded outward, so that
most steps find the mesh of an earlier one in the cache.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from typing import Any

import torch

from ..descent.methods import choose_repulsion
from ..descent.repulsion import RepulsionFunction

_MOST_FUNCTIONS = 4
"""Functions that are kept. A mesh serves until the span of the map has changed by about a tenth,
and a map whose edge moves back and forth may need two in turn."""
_MOST_NODES = 1 << 25
"""Nodes of all meshes that are kept, 0.3 GB; a single mesh may have more."""
_STEPS_PER_SPAN = 16
"""Bounds are rounded to multiples of the span, itself rounded up to a power of two, over this."""


def round_outward(
    low: list[float], high: list[float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Enlarge the bounds of a map to multiples of a length that depends on their span alone.

    The mesh is then a function of the map alone, and not of the maps that came before; yet it
    seldom changes from step to step.
    """
    span = max(b - a for a, b in zip(low, high, strict=True))
    size = math.ldexp(1.0, math.frexp(span)[1]) / _STEPS_PER_SPAN
    return (
        tuple(math.floor(x / size) * size for x in low),
        tuple(math.ceil(x / size) * size for x in high),
    )


class Lease:
    """Keeps the cache filled for as long as the object lives.

    It exists so that meshes do not stay in memory after the last loss: every loss holds a lease,
    and the cache is emptied when the last lease is deleted. A copy of a loss holds its own.
    """

    _held = 0
    _lock = threading.RLock()  # reentrant, as the garbage collector may delete a lease within it

    def __init__(self) -> None:
        with self._lock:
            Lease._held += 1

    def __del__(self) -> None:
        with self._lock:
            Lease._held -= 1
            if not Lease._held:
                meshes.clear()

    def __reduce__(self) -> tuple[Any, ...]:
        return Lease, ()  # copies and unpickled objects are counted, too


class MeshCache:
    """The functions that summed the repulsion last, by the arguments that they were made for.

    The least recently used one is dropped first. The attribute ``made`` counts how many were made.
    """

    def __init__(self) -> None:
        self._functions: OrderedDict[tuple[Any, ...], RepulsionFunction] = OrderedDict()
        self._lock = threading.RLock()
        self.made = 0

    def clear(self) -> None:
        """Drop all functions."""
        with self._lock:
            self._functions.clear()

    def __len__(self) -> int:
        return len(self._functions)

    def function_for(
        self,
        method: str,
        shape: tuple[int, ...],
        theta: float,
        dof: float,
        step: float | None,
        device: torch.device,
        low: tuple[float, ...],
        high: tuple[float, ...],
        place: tuple[int, int],
    ) -> RepulsionFunction:
        """Return the function that sums the repulsion, made now or earlier.

        Parameters
        ----------
        method, theta, dof, step
            See :func:`fasttsne.descent.methods.choose_repulsion`.
        shape : tuple of int
            Shape of the maps, (n, m).
        device : torch.device
        low, high : tuple of float
            Bounds of the maps; empty for a method that needs none.
        place : tuple of int
            Thread and CUDA stream that compute. A mesh also holds the memory that it works in, so
            each of them has its own.
        """
        key = (method, shape, theta, dof, step, device, low, high, place)
        with self._lock:
            if key in self._functions:
                self._functions.move_to_end(key)
                return self._functions[key]
        # Tensors that are made in inference mode could not be written to outside of it.
        with torch.inference_mode(False):
            like = torch.empty(shape, dtype=torch.float32, device=device)
            made = choose_repulsion(method, shape[0], shape[1], dof, theta, step).prepare(
                like, list(low), list(high)
            )
        with self._lock:
            self.made += 1
            self._functions[key] = made
            while len(self) > _MOST_FUNCTIONS or (len(self) > 1 and self.nodes() > _MOST_NODES):
                self._functions.popitem(last=False)
        return made

    def nodes(self) -> int:
        """Return the number of nodes of all meshes that are kept."""
        return sum(getattr(function, "nodes", 0) for function in self._functions.values())


meshes = MeshCache()
