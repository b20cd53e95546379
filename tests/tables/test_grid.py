"""Cells of a grid: one each, none shared, as near as can be, whatever the map and the grid."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fasttsne.grid import grid_shape, to_grid

EXACT_AND_NOT = pytest.mark.parametrize("exact", [True, False])


def places_of(Y, shape):
    """Where the points lie in coordinates of the cells, as the docstring says it."""
    Y = np.asarray(Y, float)
    low, high = Y.min(0), Y.max(0)
    span = np.where(high > low, high - low, 1)
    return np.where(high > low, (Y - low) / span, 0.5) * (np.array(shape) - 1)


def cost(Y, cells, shape):
    return ((places_of(Y, shape) - cells) ** 2).sum()


def maps(n, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(8, 2)) * 20
    return {
        "normal": rng.normal(size=(n, 2)),
        "clustered": centres[rng.integers(8, size=n)] + rng.normal(size=(n, 2)),
        "duplicates": rng.integers(3, size=(n, 2)).astype(float),
        "line": np.stack([rng.normal(size=n), np.zeros(n)], 1),
        "outlier": np.concatenate([rng.normal(size=(n - 1, 2)), [[1000, 1000]]]),
    }


@st.composite
def maps_and_shapes(draw):
    shape = draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    n = draw(st.integers(1, shape[0] * shape[1]))
    kind = draw(st.sampled_from(list(maps(2))))
    return maps(n, draw(st.integers(0, 99)))[kind], shape


@settings(max_examples=60, deadline=None)
@given(maps_and_shapes())
def test_every_point_has_a_cell_of_its_own(case):
    Y, shape = case
    cells = to_grid(Y, shape, exact=False)
    assert cells.shape == Y.shape
    assert (cells >= 0).all() and (cells < shape).all()
    assert len(np.unique(cells, axis=0)) == len(Y)


@pytest.mark.parametrize("kind", list(maps(2)))
@pytest.mark.parametrize("shape", [(7, 1), (3, 2), (3, 3), (2, 4)])
def test_least_of_all_assignments_of_few_points(kind, shape):
    Y = maps(5, seed=3)[kind]
    everywhere = np.argwhere(np.ones(shape, bool))
    least = min(
        cost(Y, everywhere[list(p)], shape) for p in permutations(range(len(everywhere)), 5)
    )
    assert cost(Y, to_grid(Y, shape), shape) == pytest.approx(least)


@pytest.mark.parametrize("kind", list(maps(2)))
@pytest.mark.parametrize("shape", [(20, 30), (30, 24), (36, 35), (300, 2), (900, 1)])
def test_windows_come_near_the_least(kind, shape):
    Y = maps(600)[kind]
    exact, near = (cost(Y, to_grid(Y, shape, exact), shape) for exact in (True, False))
    assert exact <= near * (1 + 1e-12)
    assert near < 1.005 * exact


@EXACT_AND_NOT
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("spare", [0, 37])
def test_order_is_kept_in_one_dimension(exact, axis, spare):
    n = 300
    Y = np.random.default_rng(1).normal(size=(n, 2)) ** 3
    shape = [1, 1]
    shape[axis] = n + spare
    cells = to_grid(Y, shape, exact)
    assert (cells[:, 1 - axis] == 0).all()
    assert (np.diff(cells[np.argsort(Y[:, axis]), axis]) > 0).all()


@EXACT_AND_NOT
def test_a_grid_stays_as_it_is(exact):
    cells = np.argwhere(np.ones((23, 31), bool))
    shuffled = np.random.default_rng(0).permutation(cells)
    np.testing.assert_array_equal(to_grid(shuffled * [5.0, 0.1] - 7, (23, 31), exact), shuffled)


@EXACT_AND_NOT
def test_two_clusters_stand_side_by_side(exact):
    Y = np.random.default_rng(0).normal(size=(400, 2)) + np.repeat([[0, 0], [50, 0]], 200, axis=0)
    cells = to_grid(Y, (20, 20), exact)
    assert cells[:200, 0].max() < 10 <= cells[200:, 0].min()


def test_ten_thousand_points_take_windows():
    Y = maps(10_000)["clustered"]
    cells = to_grid(Y)  # exactly, it would take minutes and 800 MB
    assert len(np.unique(cells, axis=0)) == 10_000
    aligned = [np.corrcoef(Y[:, axis], cells[:, axis])[0, 1] for axis in (0, 1)]
    assert min(aligned) > 0.8


def test_tensors_and_determinism():
    Y = torch.randn(3000, 2, generator=torch.Generator().manual_seed(0))
    first = to_grid(Y)
    np.testing.assert_array_equal(first, to_grid(Y.numpy()))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 100, 2200, 12_345])
@pytest.mark.parametrize("aspect", [0.01, 0.5, 1.0, 4 / 3, 100.0])
def test_grid_shape_has_room_and_few_cells_to_spare(n, aspect):
    first, second = grid_shape(n, aspect)
    assert n <= first * second < n + max(first, second)
    if 1 / n < aspect < n:
        assert first / second == pytest.approx(aspect, rel=0.6, abs=1)


@pytest.mark.parametrize(
    ("Y", "shape", "error", "message"),
    [
        (np.zeros((5, 3)), None, ValueError, r"Y must have shape \(n, 2\), got \(5, 3\)"),
        (np.zeros(5), None, ValueError, "Y must have 2 dimensions"),
        (np.full((5, 2), np.nan), None, ValueError, "Y must be finite"),
        (np.full((5, 2), "a"), None, TypeError, "Y must hold real numbers"),
        (np.zeros((5, 2)), (2, 2), ValueError, "a cell for each of 5 points, got 2 x 2 = 4"),
        (np.zeros((5, 2)), (0, 9), ValueError, "shape must be 1 or more, got 0"),
        (np.zeros((5, 2)), (2.5, 3), TypeError, "shape must be an integer, got 2.5"),
        (np.zeros((5, 2)), 9, TypeError, "shape must be two integers, got 9"),
        (np.zeros((5, 2)), (3, 3, 3), TypeError, "shape must be two integers"),
    ],
)
def test_mistakes(Y, shape, error, message):
    with pytest.raises(error, match=message):
        to_grid(Y, shape)


def test_no_points():
    assert to_grid(np.zeros((0, 2))).shape == (0, 2)
