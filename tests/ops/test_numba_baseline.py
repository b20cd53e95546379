"""A second oracle: the textbook in numba against the kernels and against the whole sum."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sample import assert_close, points

from fasttsne import ops, reference
from fasttsne.affinities import Perplexity
from fasttsne.neighbors.exact import exact_neighbors

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))
import numba_baseline

KINDS_2D = ("normal", "clustered", "duplicates", "wide")


@pytest.mark.parametrize("kind", KINDS_2D)
def test_attractive_kernel_agrees_with_numba(kind):
    Y = points(kind, 2000, 2)
    P = Perplexity(20).joint(exact_neighbors(points("clustered", 2000, 8), 60))
    arrays = [t.numpy() for t in P]
    expected = numba_baseline.attractive_forces(*arrays, Y.numpy().astype(np.float64))
    forces, _ = ops.attractive_forces(*P, Y)
    assert_close(forces, torch.from_numpy(expected), 1e-5)


@pytest.mark.parametrize("kind", KINDS_2D)
def test_numba_tree_and_ours_approach_the_same_sum(kind):
    Y = points(kind, 3000, 2)
    expected, Z = reference.repulsive_exact(Y.double(), 1.0)
    theirs, their_Z = numba_baseline.repulsive_bh(Y.numpy(), 0.3)
    ours, our_Z = ops.repulsive_bh(Y, 0.3)
    assert_close(torch.from_numpy(theirs), expected, 2e-2)
    assert_close(ours, expected, 1e-2)
    assert abs(their_Z / Z.item() - 1) < 1e-2
    assert abs(our_Z.item() / Z.item() - 1) < 1e-2


def test_numba_tree_is_exact_at_theta_0():
    Y = points("clustered", 800, 2)
    expected, Z = reference.repulsive_exact(Y.double(), 1.0)
    forces, total = numba_baseline.repulsive_bh(Y.numpy(), 0.0)
    assert_close(torch.from_numpy(forces), expected, 1e-10)
    assert abs(total / Z.item() - 1) < 1e-10
