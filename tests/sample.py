"""Inputs that kernels tend to get wrong, and how far a kernel is from its reference."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from fasttsne.affinities import JointP, Perplexity
from fasttsne.neighbors.exact import exact_neighbors

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]

KINDS = ("normal", "clustered", "duplicates", "wide", "tiny")


def points(kind: str, n: int, dims: int, device: str = "cpu", seed: int = 0) -> Tensor:
    """Random points (n, dims) float32: one of KINDS."""
    g = torch.Generator().manual_seed(seed)
    Y = torch.randn(n, dims, generator=g)
    if kind == "clustered":
        centers = 20 * torch.randn(7, dims, generator=g)
        Y = centers[torch.randint(7, (n,), generator=g)] + 0.5 * Y
    elif kind == "duplicates":
        Y = Y[torch.randint(max(1, n // 10), (n,), generator=g)]
    elif kind == "wide":
        Y = 30 * Y
    elif kind == "tiny":
        Y = 1e-4 * Y
    return Y.to(device)


def joint_P(X: Tensor, perplexity: float = 10.0) -> JointP:
    """P of points, from three times the perplexity of neighbours."""
    return Perplexity(perplexity).joint(exact_neighbors(X, int(3 * perplexity)))


def assert_close(actual: Tensor, expected: Tensor, relative: float, largest: float | None = None):
    """Compare with a float64 oracle by relative L2 error and by the largest single error.

    The largest error is measured against the largest expected magnitude (default: as relative).
    A kernel that returns zeros has a relative error of 1.
    """
    assert actual.shape == expected.shape
    error = actual.double() - expected.double()
    scale = expected.double().norm()
    assert scale > 0, "the expected result is zero: the comparison would prove nothing"
    assert (error.norm() / scale).item() < relative
    bound = relative if largest is None else largest
    assert (error.abs().max() / expected.double().abs().max()).item() < bound


def opcheck(op, arguments) -> None:
    """Torch's own check of schema, fake and mutation."""
    torch.library.opcheck(op, arguments)


over_devices = pytest.mark.parametrize("device", DEVICES)
over_kinds = pytest.mark.parametrize("kind", KINDS)
