"""mesh_spread_, mesh_gather and the particle mesh made of them."""

import math

import pytest
import torch
from sample import assert_close, opcheck, over_devices, over_kinds, points

from fasttsne import ops, reference
from fasttsne._threads import threads
from fasttsne.descent.fft_lengths import next_fast_length, next_gpu_length
from fasttsne.descent.mesh import Mesh
from fasttsne.descent.mesh_grid import ChargeGrid
from fasttsne.descent.methods import MeshOrTree, choose_repulsion
from fasttsne.descent.repulsion import BarnesHut, Exact
from fasttsne.shards import ALONE, Part

SHAPES = {1: (50,), 2: (40, 33), 3: (12, 20, 17)}
over_dims = pytest.mark.parametrize("dims", [1, 2, 3])


def on_a_grid(dims, device="cpu", n=1000):
    """Points that fill a small grid to its edge, the grid, its corner and its step."""
    shape = torch.tensor(SHAPES[dims])
    g = torch.Generator().manual_seed(0)
    origin, step = torch.arange(dims) - 5.0, 0.3
    Y = origin + step * (1 + torch.rand(n, dims, generator=g) * (shape - 3))
    return Y.to(device), torch.rand(*SHAPES[dims]).to(device), origin.to(device), step


@over_devices
@over_dims
def test_spread_matches_reference(device, dims):
    Y, grid, origin, step = on_a_grid(dims, device)
    expected = grid.double()
    reference.mesh_spread_(Y.double(), expected, origin, step)
    ops.mesh_spread_(Y, grid, origin, step)
    assert_close(grid, expected, 1e-5)
    assert math.isclose(grid.sum().item(), len(Y), rel_tol=1e-5)


@over_devices
@over_dims
def test_gather_matches_reference(device, dims):
    Y, potential, origin, step = on_a_grid(dims, device)
    expected = reference.mesh_gather(Y.double(), potential.double(), origin, step)
    forces, values, total = ops.mesh_gather(Y, potential, origin, step)
    assert_close(forces, expected[0], 1e-5)
    assert_close(values, expected[1], 1e-5)
    assert_close(total, expected[2], 1e-6)


@over_dims
def test_reference_windows_are_a_partition_of_unity_with_its_slopes(dims):
    Y, grid, origin, step = on_a_grid(dims)
    Y = Y.double().requires_grad_()
    _, weights, slopes = reference.mesh_windows(Y, tuple(grid.shape), origin, step)
    torch.testing.assert_close(weights.sum(2), torch.ones_like(weights[..., 0]))
    # The slope of each weight, by autograd; a weight depends on its own coordinate alone.
    for node in range(4):
        (slope,) = torch.autograd.grad(weights[..., node].sum(), Y, retain_graph=True)
        torch.testing.assert_close(slope * step, slopes[..., node])


def test_points_off_the_grid_stay_in_memory():
    Y, grid, origin, step = on_a_grid(2)
    Y = Y.clone()
    Y[0], Y[1], Y[2, 0] = 1e9, -1e9, math.nan
    ops.mesh_spread_(Y, grid, origin, step)
    ops.mesh_gather(Y, grid, origin, step)


FINE = 0.25
"""Finer than the default step."""


def bounds(Y):
    return Y.amin(0).tolist(), Y.amax(0).tolist()


@over_devices
@over_kinds
@over_dims
@pytest.mark.parametrize("dof", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("step, error", [(FINE, 1.5e-2), (Mesh.STEP, 3e-2)])
def test_mesh_approximates_the_whole_sum(device, kind, dims, dof, step, error):
    Y = points(kind, 2000, dims, device)
    expected, Z = reference.repulsive_exact(Y.double(), dof)
    forces, actual_Z = Mesh(dof, step)(Y, *bounds(Y))
    # In 3-D the largest grid is coarser than the step wanted for the clustered map.
    assert_close(forces, expected, max(2e-2, error) if dims == 3 else error, largest=5e-2)
    assert_close(actual_Z, Z, 4e-3)


def test_mesh_grid_follows_the_map():
    Y = points("normal", 500, 2)
    mesh = Mesh(1.0, FINE)
    mesh(Y, *bounds(Y))
    first, first_size = mesh._grid, mesh._grid.charges.numel()
    mesh(0.99 * Y, *bounds(0.99 * Y))
    assert mesh._grid is first, "the grid is made again though the map fits it"
    for factor in (10, 1):
        scaled = factor * Y
        forces, _ = mesh(scaled, *bounds(scaled))
        assert_close(forces, reference.repulsive_exact(scaled.double(), 1.0)[0], 1e-2)
    assert mesh._grid.charges.numel() < 4 * first_size, "the grid stays large after the map shrank"


def test_mesh_bounds_its_memory():
    Y = points("wide", 100, 2) * 1e4
    mesh = Mesh(1.0, Mesh.STEP)
    forces, Z = mesh(Y, *bounds(Y))
    # A grid for it would be too large or too coarse: another method takes over.
    assert mesh._grid is None
    expected, expected_Z = reference.repulsive_exact(Y.double(), 1.0)
    assert_close(forces, expected, 1.5e-2)
    assert_close(Z, expected_Z, 1e-2)


def test_few_points_far_apart_have_a_positive_Z():
    Y = torch.tensor([[-300.0, 0.0], [300.0, 1.0]])
    forces, Z = Mesh(1.0, Mesh.STEP)(Y, *bounds(Y))
    expected, expected_Z = reference.repulsive_exact(Y.double(), 1.0)
    assert_close(forces, expected, 1e-2)
    assert_close(Z, expected_Z, 1e-2)


class MapOnGpu(torch.Tensor):
    """A map that says it is on a GPU."""

    is_cuda = True


@pytest.mark.parametrize("kind", [torch.Tensor, MapOnGpu])
def test_auto_leaves_maps_too_wide_for_a_mesh_to_its_own_tree(kind):
    """Not to the tree that the mesh falls back to by itself, which has another theta."""
    n = 1_000_000
    auto = choose_repulsion("auto", n, 3, 1.0, 0.2)
    Y = points("normal", n, 3).as_subclass(kind)
    assert auto.prepare(Y, [-200.0] * 3, [200.0] * 3) is auto.tree.function
    assert auto.tree.theta == 0.2
    assert isinstance(auto.prepare(Y, [-3.0] * 3, [3.0] * 3), ChargeGrid)


@pytest.mark.parametrize("kind", [torch.Tensor, MapOnGpu])
def test_auto_keeps_the_mesh_on_a_gpu_where_a_cpu_takes_the_tree(kind):
    n = 10_000
    auto = choose_repulsion("auto", n, 2, 1.0, 0.2)
    Y = 30 * points("normal", n, 2).as_subclass(kind)
    function = auto.prepare(Y, [-100.0] * 2, [100.0] * 2)
    assert isinstance(function, ChargeGrid) == Y.is_cuda


def test_a_part_has_the_forces_and_the_Z_of_all(two_thread_counts):
    """Z as the sum over the nodes: the same bits for any number of threads, on a large grid too."""
    Y = 60 * points("normal", 30_000, 2)
    mesh = Mesh(1.0, Mesh.STEP)
    forces, Z = mesh(Y, *bounds(Y))
    part = Part(ALONE, [30_000])
    one, two = two_thread_counts(lambda: mesh(Y, *bounds(Y), part))
    assert torch.equal(one[0], forces) and torch.equal(two[0], forces)
    assert torch.equal(one[1], two[1])
    torch.testing.assert_close(one[1], Z, rtol=1e-5, atol=0)
    with threads(3):
        assert torch.equal(mesh(Y, *bounds(Y), part)[1], one[1])


@pytest.mark.parametrize("spread, expected", [(0.1, "mesh"), (100, "tree")])
@pytest.mark.parametrize("dims", [2, 3])
def test_auto_takes_the_mesh_while_the_map_is_dense(spread, expected, dims):
    Y = spread * points("normal", 5000, dims)
    auto = choose_repulsion("auto", len(Y), dims, 1.0, 0.5)
    forces, Z = auto(Y, *bounds(Y))
    wanted_forces, wanted_Z = getattr(auto, expected)(Y, *bounds(Y))
    assert torch.equal(forces, wanted_forces) and torch.equal(Z, wanted_Z)


@over_dims
def test_mesh_repeats_for_any_number_of_threads(dims, two_thread_counts):
    Y = points("clustered" if dims < 3 else "normal", 20_000, dims)
    one, two = two_thread_counts(lambda: Mesh(1.0, Mesh.STEP)(Y, *bounds(Y)))
    assert torch.equal(one[0], two[0]) and torch.equal(one[1], two[1])


def test_fast_length_is_the_smallest():
    def smooth(n):
        for p in (2, 3, 5):
            while n % p == 0:
                n //= p
        return n == 1

    for least in range(1, 1200):
        expected = next(m for m in range(least, 10_000) if m % 2 == 0 and smooth(m))
        assert next_fast_length(least) == expected


def test_few_lengths_are_the_smallest_of_their_kind():
    kinds = sorted([2**a for a in range(1, 13)] + [3 * 2**a for a in range(1, 12)])
    for least in range(1, 4097):
        assert next_gpu_length(least) == next(m for m in kinds if m >= least)


@over_dims
@pytest.mark.parametrize("span", [0.1, 30.0, 200.0, 3000.0, 1e5])
def test_a_grid_for_a_gpu_is_as_fine_and_has_more_room(dims, span):
    low, high = [-span / 2] * dims, [span / 2, *[span / 8] * (dims - 1)]
    mesh = Mesh(1.0, Mesh.STEP)
    step, shape = mesh._step_and_sides(low, high, False)
    gpu_step, gpu_shape = mesh._step_and_sides(low, high, True)
    assert gpu_step == step and math.prod(gpu_shape) <= mesh.LARGEST_GRID
    assert all(few >= size for few, size in zip(gpu_shape, shape, strict=True))
    Y = torch.tensor([low, high])
    grid = mesh._make_grid(Y, gpu_step, gpu_shape, low, high)
    (a, b) = torch.tensor(grid.bounds)
    assert (a <= Y).all() and (Y <= b).all()


@pytest.mark.parametrize(
    "method, n, dims, expected",
    [
        ("exact", 10_000, 7, Exact),
        ("barnes_hut", 10, 3, BarnesHut),
        ("fft", 10, 1, Mesh),
        ("auto", 100, 2, Exact),
        ("auto", 10_000, 5, Exact),
        ("auto", 10_000, 2, MeshOrTree),
        ("auto", 10_000, 1, Mesh),
        ("auto", 1_000_000, 3, MeshOrTree),
    ],
)
def test_choose_repulsion(method, n, dims, expected):
    assert isinstance(choose_repulsion(method, n, dims, 1.0, 0.5), expected)


@pytest.mark.parametrize("n, span, instead", [(1000, 20, "exact"), (2500, 28, "barnes_hut")])
def test_a_mesh_for_few_points_in_space_is_replaced_and_says_so(n, span, instead):
    Y = span * torch.rand(n, 3, generator=torch.Generator().manual_seed(0))
    mesh = choose_repulsion("fft", n, 3, 1.0, 0.5)
    with pytest.warns(UserWarning, match=f"method='{instead}' is used while") as told:
        forces, Z = mesh(Y, *bounds(Y))
        mesh(Y, *bounds(Y))
    assert len(told) == 1
    expected, expected_Z = choose_repulsion(instead, n, 3, 1.0, 0.5)(Y, *bounds(Y))
    assert torch.equal(forces, expected) and torch.equal(Z, expected_Z)


@pytest.mark.parametrize(
    "dims, n, span", [(3, 1000, 2), (2, 100, 60), (2, 2000, 300), (1, 50, 2e4)]
)
def test_a_mesh_that_is_worth_it_is_used(dims, n, span, recwarn):
    Y = span * torch.rand(n, dims, generator=torch.Generator().manual_seed(0))
    mesh = choose_repulsion("fft", n, dims, 1.0, 0.5)
    assert mesh.prepare(Y, *bounds(Y)) is not mesh._fallback_for(n)
    assert not recwarn


def test_finer_mesh_is_more_exact():
    Y = points("wide", 2000, 2)
    expected, _ = reference.repulsive_exact(Y.double(), 1.0)
    errors = []
    for step in (0.5, 0.25):
        mesh = choose_repulsion("fft", len(Y), 2, 1.0, 0.5, step)
        errors.append((mesh(Y, *bounds(Y))[0] - expected).norm().item())
    assert errors[1] < 0.2 * errors[0]


@pytest.mark.parametrize("method", ["barnes_hut", "fft"])
def test_choose_repulsion_rejects_dims(method):
    with pytest.raises(ValueError, match=f"'n_components' should be 1 to 3 for method='{method}'"):
        choose_repulsion(method, 100, 4, 1.0, 0.5)


def test_opcheck():
    Y, grid, origin, step = on_a_grid(2, n=20)
    opcheck(torch.ops.fasttsne.mesh_spread_.default, (Y, grid, origin, step))
    opcheck(torch.ops.fasttsne.mesh_gather.default, (Y, grid, origin, step))


def test_bad_input_is_named():
    Y, grid, origin, step = on_a_grid(2)
    with pytest.raises(ValueError, match=r"grid must have 4 to 2\^24 nodes along each axis, got"):
        ops.mesh_spread_(Y, grid[:3], origin, step)
    with pytest.raises(ValueError, match=r"4 to 2\^24 nodes .* got \(16777217,\)"):
        ops.mesh_gather(Y[:, :1], torch.empty(2**24 + 1), origin[:1], step)
    with pytest.raises(ValueError, match="step must be a positive number, got 0"):
        ops.mesh_gather(Y, grid, origin, 0)
