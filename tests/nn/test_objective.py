"""The differentiable ops: the cost of the attraction, and Z."""

import copy
import gc
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from sample import KINDS, assert_close, joint_P, opcheck, over_devices, points

from fasttsne import nn, reference
from fasttsne.descent.methods import METHODS
from fasttsne.nn import mesh_cache, objective

over_methods = pytest.mark.parametrize("method", METHODS)
over_dof = pytest.mark.parametrize("dof", [0.7, 1.0, 3.0])
over_cases = pytest.mark.parametrize(
    "kind, dims, dof",
    [(kind, 2, 1.0) for kind in KINDS]
    + [("clustered", dims, dof) for dims in (1, 2, 3) for dof in (0.7, 3.0)],
)


def Z_and_gradient(Y, method, dof=1.0):
    Y = Y.clone().requires_grad_()
    Z = objective.partition(Y, method, 0.5, dof)
    (gradient,) = torch.autograd.grad(Z, Y)
    return Z.detach(), gradient


@pytest.mark.parametrize("dims", [1, 2, 3, 5])
@over_dof
def test_gradients_are_those_of_the_values(dims, dof):
    P = joint_P(points("normal", 20, 4), 4)
    Y = points("normal", 20, dims).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda Y: objective.attraction_cost(P, Y, dof), Y)
    assert torch.autograd.gradcheck(lambda Y: objective.partition(Y, "exact", 0.5, dof), Y)


@over_devices
@over_cases
def test_kernels_give_the_gradient_of_the_cost(device, kind, dims, dof):
    P = joint_P(points("normal", 500, 4, device))
    Y = points(kind, 500, dims, device)
    expected, cost = reference.attractive_forces(*P[:2], P[2].double(), Y.double(), dof, True)
    Y.requires_grad_()
    actual = objective.attraction_cost(P, Y, dof)
    actual.backward()
    assert_close(actual.detach(), cost, 1e-5 if kind != "tiny" else 1e-2)
    assert_close(Y.grad, 4 * expected, 1e-5)


@over_devices
@over_cases
@over_methods
def test_kernels_give_the_gradient_of_Z(device, kind, dims, dof, method):
    Y = points(kind, 2000, dims, device)
    forces, Z = reference.repulsive_exact(Y.double(), dof)
    actual, gradient = Z_and_gradient(Y, method, dof)
    # The bounds are those of test_forces.py and test_mesh.py.
    on_a_line = dims == 1 and method == "barnes_hut"
    relative = 5e-2 if on_a_line else 2e-5 if method == "exact" else 2e-2
    assert_close(actual, Z, 1e-5 if method == "exact" else 1e-2)
    assert_close(gradient, -4 * forces, relative, largest=2e-5 if method == "exact" else 1e-1)


@over_devices
def test_a_mesh_depends_on_the_map_alone(device):
    Y = points("clustered", 3000, 2, device)
    expected = Z_and_gradient(Y, "fft")
    Z_and_gradient(1.3 * Y, "fft")  # its mesh would serve as well
    mesh_cache.meshes.clear()  # as when others have been made since
    for actual, wanted in zip(Z_and_gradient(Y, "fft"), expected, strict=True):
        assert torch.equal(actual, wanted)


def test_a_mesh_serves_for_many_steps():
    Y = points("clustered", 3000, 2)
    mesh_cache.meshes.clear()
    before = mesh_cache.meshes.made
    for step in range(100):
        objective.partition((1 + 1e-3 * step) * Y, "fft", 0.5, 1.0)
    assert mesh_cache.meshes.made - before < 10


def test_meshes_go_with_the_last_loss():
    gc.collect()
    assert mesh_cache.Lease._held == 0, "a test before this one keeps a loss"
    mesh_cache.meshes.clear()  # of tests that use no loss
    P = joint_P(points("normal", 300, 4), 4)
    losses = [nn.TSNELoss(P, method="fft")]
    losses += [copy.deepcopy(losses[0]), pickle.loads(pickle.dumps(losses[0]))]
    Y = points("normal", 300, 2)
    for loss in losses:
        loss(Y)
    del loss
    while losses:
        assert len(mesh_cache.meshes) == 1
        losses.pop()
        gc.collect()
    assert len(mesh_cache.meshes) == 0


def test_large_meshes_are_not_kept_together(monkeypatch):
    monkeypatch.setattr(mesh_cache, "_MOST_NODES", 100_000)
    mesh_cache.meshes.clear()
    for scale in (1, 1.5, 2.3, 3.4, 30, 50):
        objective.partition(scale * points("normal", 3000, 2), "fft", 0.5, 1.0)
        assert len(mesh_cache.meshes) == 1 or mesh_cache.meshes.nodes() <= 100_000
    assert len(mesh_cache.meshes) == 1


def test_threads_do_not_share_a_mesh():
    maps = [points("clustered", 20_000, 2, seed=seed) for seed in range(2)]
    # Of the same bounds, and so of the same mesh.
    for Y in maps:
        Y.clamp_(-50, 50)
        Y[:2] = torch.tensor([[-50.0, -50.0], [50.0, 50.0]])
    alone = [objective.partition(Y, "fft", 0.5, 1.0) for Y in maps]

    def many(Y):
        return [objective.partition(Y, "fft", 0.5, 1.0) for _ in range(30)]

    with ThreadPoolExecutor(2) as pool:
        for results, expected in zip(pool.map(many, maps), alone, strict=True):
            assert all(torch.equal(Z, expected) for Z in results)


def test_a_mesh_made_in_inference_mode_serves_outside_of_it():
    Y = points("clustered", 3000, 2)
    mesh_cache.meshes.clear()
    before = mesh_cache.meshes.made
    with torch.inference_mode():
        expected = objective.partition(Y, "fft", 0.5, 1.0)
    Z, _ = Z_and_gradient(Y, "fft")
    assert mesh_cache.meshes.made == before + 1
    assert torch.equal(Z, expected)


@over_methods
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_map_that_is_not_finite_gives_nan(method, bad):
    Y = points("normal", 2000, 2)
    Y[5, 1] = bad
    Z, gradient = Z_and_gradient(Y, method)
    assert Z.isnan()
    assert gradient[5].isnan().any()


@pytest.mark.parametrize("method", ["exact", "fft"])
def test_points_at_one_place(method):
    n = 2000
    Z, gradient = Z_and_gradient(torch.ones(n, 2), method)
    assert Z.item() == pytest.approx(n * (n - 1), rel=1e-3)
    assert gradient.abs().max() < 1e-3 * n  # a single point at distance 1 pulls by n


def test_tangents_are_refused():
    Y = points("normal", 40, 2)
    P = joint_P(points("normal", 40, 5))
    for function in (
        lambda Y: objective.attraction_cost(P, Y, 1.0),
        lambda Y: objective.partition(Y, "exact", 0.5, 1.0),
    ):
        with pytest.raises(ValueError, match="Y has a tangent, but no op"):
            torch.func.jvp(function, (Y,), (torch.ones_like(Y),))


def test_gradients_of_gradients_are_refused():
    P = joint_P(points("normal", 50, 4))
    for value in (
        lambda Y: objective.attraction_cost(P, Y, 1.0),
        lambda Y: objective.partition(Y, "exact", 0.5, 1.0),
    ):
        Y = points("normal", 50, 2).requires_grad_()
        (gradient,) = torch.autograd.grad(value(Y).square(), Y, create_graph=True)
        with pytest.raises(RuntimeError, match="once_differentiable"):
            gradient.square().sum().backward()


@over_devices
def test_opcheck(device):
    P = joint_P(points("normal", 60, 4, device))
    Y = points("normal", 60, 2, device).requires_grad_()
    opcheck(torch.ops.fasttsne.attraction.default, (*P, Y, 1.0))
    opcheck(torch.ops.fasttsne.attraction.default, (*P, Y.detach().double(), 0.5))
    for method in METHODS:
        opcheck(torch.ops.fasttsne.partition.default, (Y, method, 0.5, 1.0, None))
    opcheck(torch.ops.fasttsne.partition.default, (Y.detach().double(), "exact", 0.5, 2.0, None))
    opcheck(torch.ops.fasttsne.partition.default, (Y.detach(), "fft", 0.5, 1.0, 0.3))
