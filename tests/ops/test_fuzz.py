"""No op reads or writes out of bounds, hangs or dies, whatever it is called with."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from fuzz_ops import RIGHT
from torch import Tensor
from torch.autograd import forward_ad

from fasttsne import _library, ops

WORKER = Path(__file__).with_name("fuzz_ops.py")
ENOUGH = 60
"""Seconds that a process may take beside a call that hangs, which ends itself."""


def outcomes(seeds: range, level: str | None = None) -> Counter[str]:
    """Try the inputs of some seeds in another process, and fail with the seeds that went wrong."""
    environment = dict(os.environ, PYTHONPATH=str(WORKER.parents[2]))
    if level:
        environment["FASTTSNE_SIMD"] = level
    done = subprocess.run(
        [sys.executable, str(WORKER), str(seeds.start), str(seeds.stop)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=ENOUGH * max(1, len(seeds) // 500),
        check=False,
    )
    *lines, last = done.stdout.splitlines()
    assert done.returncode == 0, f"died of seed {last}: {done.returncode}\n{done.stderr[-3000:]}"
    failed = [line for line in (*lines, last) if "failed" in line]
    assert not failed, failed
    assert int(last.split()[0]) == seeds.stop - 1
    return Counter(line.partition(" ")[2] for line in (*lines, last))


def in_parts(seeds: range, level: str | None = None) -> Counter[str]:
    half = len(seeds) // 2
    with ThreadPoolExecutor(2) as pool:
        parts = pool.map(lambda part: outcomes(part, level), (seeds[:half], seeds[half:]))
        return sum(parts, Counter())


def test_nothing_dies_of_3000_inputs():
    seen = in_parts(range(3000))
    # The fuzz means something: each op runs often, and refuses often.
    for name in RIGHT:
        assert seen[f"{name} ran"] > 20 and seen[f"{name} refused"] > 20, seen


@pytest.mark.deep
@pytest.mark.parametrize("level", _library.info["simd_built"].split(", ") if _library.info else [])
def test_nothing_dies_of_20000_inputs(level):
    in_parts(range(2000, 20_000), level)


def each_float(name):
    """Yield right arguments of an op, and the place and the name of each tensor of floats."""
    op = getattr(torch.ops.fasttsne, name).default
    random.seed(0)
    torch.manual_seed(0)
    right = RIGHT[name]()
    for place, value in enumerate(right):
        if isinstance(value, Tensor) and value.is_floating_point():
            values = [v.clone() if isinstance(v, Tensor) else v for v in right]
            yield op, values, place, op._schema.arguments[place].name


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_gradients_are_refused_rather_than_lost(name):
    for op, values, place, argument in each_float(name):
        values[place].requires_grad_()
        with pytest.raises(ValueError, match=rf"{argument} requires a gradient.*TSNELoss"):
            op(*values)
        with torch.no_grad():
            op(*values)


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_tangents_are_refused_rather_than_lost(name):
    for op, values, place, argument in each_float(name):
        with forward_ad.dual_level():
            plain = values[place]
            values[place] = forward_ad.make_dual(plain, torch.ones_like(plain))
            with pytest.raises(ValueError, match=rf"{argument} has a tangent"):
                op(*values)
            values[place] = plain
            op(*values)


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_tangents_are_refused_in_compiled_programs(backend):
    def derivative(Y):
        return torch.func.jvp(lambda Z: ops.repulsive_exact(Z, 1.0)[0], (Y,), (Y,))[1]

    torch._dynamo.reset()
    with pytest.raises(Exception, match="Y has a tangent"):
        torch.compile(derivative, backend=backend)(torch.randn(12, 2))
