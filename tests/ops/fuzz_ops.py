"""Calls ops with arguments that are right, nearly right or nonsense; run by test_fuzz.py.

``python fuzz_ops.py FIRST END`` tries the inputs of these seeds in this process and prints each
seed before its call, so that whoever started it knows what it died of. A call may return or raise
one of REFUSALS; anything else is printed as a failure. Each tensor ends where its memory does, or
begins there: a read or write beyond kills the process.
"""

from __future__ import annotations

import ctypes
import faulthandler
import math
import mmap
import random
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fasttsne import ops

SECONDS = 20
"""A call that takes longer hangs."""
REFUSALS = (RuntimeError, ValueError, TypeError)
"""What a call may raise."""
OF_TORCH = (*REFUSALS, IndexError, AttributeError, MemoryError)
"""The same where torch.ops is called without our wrapper: it hands None and sparse tensors to the
reference, which raises what torch and Python do, such as for a list of 2^40 numbers."""
_DTYPES = (
    torch.float32,
    torch.float64,
    torch.float16,
    torch.int32,
    torch.int64,
    torch.bool,
    torch.complex64,
)
_FLOATS = (0.0, -0.0, 1.0, -1.0, 1e-30, 1e30, 3e38, math.inf, -math.inf, math.nan)
_INTEGERS = (0, -1, 1, 7, 127, 10**8, 2**31 - 1, -(2**31))
_SCALARS = (0, -1, 1, 3, 2**31, 2**62, -(2**63), 0.5, 1e308, math.inf, -math.inf, math.nan, None)
_libc = ctypes.CDLL(None, use_errno=True)


def guarded(t: Tensor) -> Tensor:
    """Copy a tensor to memory that ends before, or begins after, a page that nobody may touch."""
    array = t.contiguous().numpy()
    page = mmap.PAGESIZE
    room = -(-array.nbytes // page) * page
    memory = mmap.mmap(-1, room + page)
    begin = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    at_end = random.random() < 0.8
    if _libc.mprotect(ctypes.c_void_p(begin + (room if at_end else 0)), page, 0):
        raise OSError(ctypes.get_errno(), "mprotect")
    start = room - array.nbytes if at_end else page
    copy = np.frombuffer(memory, array.dtype, array.size, start).reshape(array.shape)
    copy[...] = array
    return torch.from_numpy(copy)


def embedding(n: int, dims: int) -> Tensor:
    return torch.randn(n, dims) * random.choice((1e-4, 1.0, 100.0))


def data(n: int, d: int) -> Tensor:
    return random.choice((torch.randn(n, d), torch.randint(2, (n, d)).float()))


def neighbors(n: int, k: int) -> Tensor:
    others = torch.stack([torch.randperm(n - 1)[:k] for _ in range(n)])
    return (others + (others >= torch.arange(n)[:, None])).int()


def candidates(n: int, keep: int) -> tuple[Tensor, Tensor, Tensor, int]:
    room = keep + random.choice((1, 3, 64))
    count = torch.randint(room, (n,), dtype=torch.int32)
    keys = torch.randint(2**30, (n, room)) << 32 | torch.randint(n, (n, room))
    bound = torch.where(count < keep, math.inf, torch.rand(n))
    return keys, count, bound, keep


def scan_arguments() -> tuple[Any, ...]:
    n = random.choice((1, 2, 50, 131))
    X = data(n, random.choice((1, 3, 33)))
    ends = sorted(random.randint(0, n) for _ in range(random.randint(0, 5)))
    blocks = torch.tensor([0, *ends, n])
    order = torch.randperm(len(blocks) - 1).tolist()
    tiles = [(a, a) for a in order[::3]] + list(zip(order[1::3], order[2::3], strict=False))
    keys, count, bound, keep = candidates(n, random.choice((1, 5, 40)))
    tiles = torch.tensor(tiles, dtype=torch.int64).reshape(-1, 2)
    return X, X.square().sum(1), keys, count, bound, keep, blocks, tiles


def rerank_arguments() -> tuple[Any, ...]:
    n = random.choice((1, 2, 50, 131))
    keys, count, bound, keep = candidates(n, random.choice((1, 5, 40)))
    if random.random() < 0.7:
        count.fill_(keys.shape[1] - 1)
    return data(n, random.choice((1, 3, 33))), keys, count, bound, keep, random.randint(1, keep)


def cell_arguments() -> tuple[Any, ...]:
    n = random.choice((2, 50, 131))
    X = data(n, random.choice((1, 3, 33)))
    lead = X[:, : random.choice((1, 3))].contiguous()
    cells = torch.tensor([0, *sorted(random.randint(0, n) for _ in range(5)), n])
    ranges, probes = [], []
    for _ in range(random.randint(0, 4)):
        ranges.append(sorted((random.randint(0, n), random.randint(0, n))))
        # Mostly all cells, as few may hold too few rows.
        probes.append(torch.randperm(6)[: random.choice((6, 6, 6, 3))])
    starts = torch.tensor([0, *map(len, probes)]).cumsum(0)
    k = random.randint(1, n - 1)
    return (
        *(X, lead, lead.square().sum(1), cells),
        *(torch.tensor(ranges, dtype=torch.int64).reshape(-1, 2), starts),
        *(torch.cat([torch.zeros(0, dtype=torch.int64), *probes]), k + random.choice((0, 5)), k),
    )


def attractive_arguments() -> tuple[Any, ...]:
    n = random.choice((1, 2, 40, 600))
    lengths = torch.randint(random.choice((1, 3, 40)), (n,))
    indptr = torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])
    edges = int(indptr[-1])
    indices = torch.randint(n, (edges,), dtype=torch.int32)
    Y = embedding(n, random.choice((1, 2, 3, 5)))
    first = random.randint(0, n)
    some = random.random() < 0.5
    if some:
        indptr, indices = indptr[first:] - indptr[first], indices[int(indptr[first]) :]
    return (
        *(indptr, indices, torch.rand(len(indices)), Y, dof(), random.random() < 0.5),
        first if some else 0,
    )


def mesh_arguments() -> tuple[Any, ...]:
    dims = random.randint(1, 3)
    n = random.choice((1, 17, 300))
    shape = [random.choice((4, 5, 9, 30)) for _ in range(dims)]
    return embedding(n, dims), torch.randn(shape), -torch.rand(dims), random.choice((0.1, 0.5, 2))


def step_arguments() -> tuple[Any, ...]:
    shape = random.choice(((1, 1), (30, 2), (17, 3), (5000, 2), (9, 7)))
    tensors = [torch.randn(shape) for _ in range(5)]
    Z = torch.tensor(float(random.choice((1, 0, 1e9))), dtype=torch.float64)
    return (*tensors, Z, 12.0, 100.0, 0.8, random.choice((math.inf, 0.1)))


def dof() -> float:
    return random.choice((1.0, 0.5, 3.0, math.inf))


def map_of(most_dims: int) -> Tensor:
    return embedding(random.choice((2, 30, 300)), random.randint(1, most_dims))


def pair_of_data() -> tuple[Tensor, Tensor]:
    d = random.choice((1, 3, 49))
    return data(random.choice((1, 30)), d), data(random.choice((1, 70)), d)


def rows_of_neighbors() -> tuple[Any, ...]:
    n = random.choice((2, 9, 100))
    k = random.randint(1, n - 1)
    first, last = sorted(random.randint(0, n) for _ in range(2))
    if random.random() < 0.5:
        first, last = 0, n
    # Edges from rows before these and after them.
    others = [row for row in range(n) if not first <= row < last] if first < last else []
    from_rows = torch.tensor(others, dtype=torch.int32)
    to_rows = torch.randint(first, max(last, first + 1), from_rows.shape, dtype=torch.int32)
    indices = neighbors(n, k)[first:last]
    P = torch.rand(indices.shape), torch.rand(from_rows.shape)
    return indices, P[0], first, n, from_rows, to_rows, P[1]


def distances_and_perplexity() -> tuple[Tensor, float]:
    k = random.choice((1, 5, 33))
    return torch.rand(random.choice((1, 40)), k), random.choice((1.0, 1 + (k - 1) / 2, float(k)))


RIGHT: dict[str, Callable[[], tuple[Any, ...]]] = {
    "pairwise_sq_distances": pair_of_data,
    "knn_scan_": scan_arguments,
    "knn_rerank": rerank_arguments,
    "knn_cells": cell_arguments,
    "perplexity_search": distances_and_perplexity,
    "symmetrize": rows_of_neighbors,
    "attractive_forces": attractive_arguments,
    "repulsive_exact": lambda: (map_of(5), dof()),
    "repulsive_bh": lambda: (map_of(3), random.choice((0.0, 0.5, 1.0)), dof()),
    "repulsive_sne": lambda: (map_of(5), random.random() < 0.5),
    "mesh_spread_": mesh_arguments,
    "mesh_gather": mesh_arguments,
    "update_embedding_": step_arguments,
}
"""What makes right arguments of each op."""


def other_content(t: Tensor) -> Tensor:
    """Some numbers of a tensor, or all, become others."""
    t = t.clone()
    if t.numel() == 0 or t.dtype == torch.bool:
        return t
    choices = _FLOATS if t.dtype.is_floating_point or t.dtype.is_complex else _INTEGERS
    if t.dtype == torch.int64:
        choices = (*choices, 2**62, -(2**63), 2**63 - 1)
    flat = t.view(-1)
    places = torch.randint(len(flat), (random.choice((1, 1, 3, len(flat))),))
    if random.random() < 0.3 and len(flat) > 1:  # one that is right, in the wrong place
        flat[places] = flat[torch.randint(len(flat), (len(places),))]
    else:
        flat[places] = random.choice(choices)
    return t


def other_shape(t: Tensor) -> Tensor:
    axis = random.randrange(t.dim()) if t.dim() else 0
    ways = [
        lambda: t[None],
        lambda: t.reshape(-1),
        lambda: t.new_zeros(0),
        lambda: t.new_zeros([0] * t.dim()),
        lambda: t.new_zeros(()),
    ]
    if t.dim():
        length = t.shape[axis]
        huge = [*t.shape]
        huge[axis] = 2**40
        ways += [
            lambda: t.narrow(axis, 0, length // 2),
            lambda: t.narrow(axis, 0, max(0, length - 1)),
            lambda: torch.cat([t, t], axis),
            lambda: t.select(axis, 0) if length else t,
            lambda: t.transpose(0, -1),
            lambda: t.narrow(axis, 0, 0),
            # A length, and no memory behind it.
            lambda: t.narrow(axis, 0, 1).expand(huge) if length else t,
            lambda: t.new_zeros([2**40 if a == axis else 0 for a in range(max(2, t.dim()))]),
        ]
    return random.choice(ways)()


def other_kind(t: Tensor) -> Any:
    ways = [
        lambda: t.to(random.choice(_DTYPES)),
        lambda: t.to("meta"),
        lambda: t.to_sparse() if t.dim() else t,
        lambda: torch.stack([t, t], -1)[..., 0],
        lambda: torch._neg_view(t) if t.dtype != torch.bool else t,
        lambda: t.clone().requires_grad_() if t.dtype.is_floating_point else t,
        lambda: None,
        lambda: t.flatten()[:9].tolist(),
        lambda: t.numpy(),
    ]
    return random.choice(ways)()


def spoil(value: Any) -> Any:
    """Return something else in the place of an argument."""
    if isinstance(value, Tensor):
        if not plain(value):
            return value
        return random.choice((other_content, other_content, other_shape, other_kind))(value)
    return random.choice(_SCALARS)


def plain(value: Any) -> bool:
    """Whether a value is a tensor with nothing odd about it."""
    return (
        isinstance(value, Tensor)
        and value.device.type == "cpu"
        and value.layout == torch.strided
        and value.is_contiguous()
        and value.dtype in (torch.float32, torch.float64, torch.int32, torch.int64)
        and not (value.requires_grad or value.is_neg() or value.numel() > 1 << 22)
    )


def guard(value: Any) -> Any:
    return guarded(value) if plain(value) else value


def call(seed: int) -> str:
    """Try the input of a seed; return what came of it."""
    random.seed(seed)
    torch.manual_seed(seed)
    name = random.choice(sorted(RIGHT))
    arguments = [guard(value) for value in RIGHT[name]()]
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        place = random.randrange(len(arguments))
        if random.random() < 0.1:  # the memory of another
            arguments[place] = random.choice(arguments)
            if plain(arguments[place]) and random.random() < 0.5:
                arguments[place] = arguments[place].view(-1).view(torch.int32)
        else:
            arguments[place] = guard(spoil(arguments[place]))
    direct = random.random() < 0.5
    function = getattr(torch.ops.fasttsne, name) if direct else getattr(ops, name)
    refusals = OF_TORCH if direct else REFUSALS
    try:
        function(*arguments)
    except refusals as error:
        if "INTERNAL ASSERT" in str(error):  # of torch, about something that we did
            raise AssertionError(str(error)) from error
        return f"{name} refused"
    return f"{name} ran"


def main(first: int, end: int) -> None:
    """Print the seeds as they are tried, and what failed."""
    faulthandler.enable()
    warnings.simplefilter("ignore")
    torch.set_num_threads(2)
    for seed in range(first, end):
        print(seed, end=" ", flush=True)
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        try:
            print(call(seed), flush=True)
        except Exception as error:
            print(f"failed: {error!r}", flush=True)
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
