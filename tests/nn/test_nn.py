"""TSNELoss, pairs of P, EmbeddingMap: t-SNE in somebody's own training loop."""

import copy

import pytest
import torch
from sample import assert_close, joint_P, over_devices, points
from torch import nn

from fasttsne import ops
from fasttsne.affinities import JointP
from fasttsne.descent.methods import METHODS
from fasttsne.nn import EmbeddingMap, TSNELoss, pair_loader, pairs_of

N = 300
over_methods = pytest.mark.parametrize("method", METHODS)
over_dof = pytest.mark.parametrize("dof", [0.7, 1.0, 3.0])
# Of the value in nats, and of the gradient: what the methods' approximations leave.
BOUNDS = {
    "exact": (1e-5, 1e-4),
    "auto": (1e-5, 1e-4),
    "barnes_hut": (5e-3, 2e-2),
    "fft": (5e-3, 2e-2),
}


def some_P(n=N, device="cpu"):
    return joint_P(points("clustered", n, 5, device))


def dense_loss(P, Y, dof=1.0, exaggeration=1.0):
    """The definition, from all pairs in float64, for autograd to differentiate."""
    n = len(Y)
    i, j = pairs_of(P)[1:]
    dense = torch.zeros(n, n, dtype=torch.float64, device=Y.device)
    dense[i, j] = P.values.double()
    sq_distances = (Y[:, None] - Y).square().sum(2)
    q = (1 + sq_distances / dof) ** -dof
    Z = q.sum() - n
    kept = dense > 0
    return exaggeration * (dense[kept] * (dense[kept] / q[kept]).log()).sum() + Z.log()


def value_and_gradient(loss, Y):
    Y = Y.detach().clone().requires_grad_()
    value = loss(Y)
    (gradient,) = torch.autograd.grad(value, Y)
    return value.detach(), gradient


@over_devices
@over_methods
@over_dof
@pytest.mark.parametrize("exaggeration", [1.0, 12.0])
def test_loss_is_the_kl_divergence_and_its_gradient(device, method, dof, exaggeration):
    P = some_P(device=device)
    Y = points("clustered", N, 2, device)
    loss = TSNELoss(P, dof, method, exaggeration=exaggeration)
    value, gradient = value_and_gradient(loss, Y)
    expected = value_and_gradient(lambda Y: dense_loss(P, Y, dof, exaggeration), Y.double())
    assert value.dtype == gradient.dtype == torch.float32
    assert abs(value - expected[0]) < BOUNDS[method][0] * max(1, abs(expected[0]))
    assert_close(gradient, expected[1], BOUNDS[method][1], largest=5 * BOUNDS[method][1])


@over_methods
def test_gradient_is_the_forces(method):
    P, Y = some_P(2000), points("clustered", 2000, 2)
    _, gradient = value_and_gradient(TSNELoss(P, method=method, exaggeration=4), Y)
    attractive, _ = ops.attractive_forces(*P, Y)
    repulsive, Z = ops.repulsive_exact(Y)
    expected = 4 * (4 * attractive - repulsive / Z)
    assert_close(gradient, expected, 1e-5 if method == "exact" else 2e-2, largest=5e-2)


@pytest.mark.parametrize("exaggeration", [1.0, 4.0])
@over_dof
def test_gradcheck(dof, exaggeration):
    P = joint_P(points("normal", 20, 4), 4)
    loss = TSNELoss(P, dof, "exact", exaggeration=exaggeration)
    Y = points("normal", 20, 2).double().requires_grad_()
    assert torch.autograd.gradcheck(loss, Y)
    pij, i, j = pairs_of(P)
    half = slice(0, len(i) // 2)
    assert torch.autograd.gradcheck(lambda Y: loss.pairs(Y, i[half], j[half], pij[half]), Y)


def test_mesh_step_and_angle_are_obeyed():
    P, Y = some_P(3000), points("clustered", 3000, 2)
    exact = TSNELoss(P, method="exact")(Y)

    def error(**parameters):
        return abs(TSNELoss(P, **parameters)(Y) - exact)

    assert error(method="fft", mesh_step=1.0) > 10 * error(method="fft", mesh_step=0.1)
    assert error(method="barnes_hut", angle=1.0) > 10 * error(method="barnes_hut", angle=0.1)


def test_one_step_of_sgd_is_one_step_of_the_descent():
    P, Y = some_P(), points("clustered", N, 2)
    Y -= Y.mean(0)
    rate = 50.0
    model = EmbeddingMap(N, init=Y)
    # A first gain is 0.8.
    optimizer = torch.optim.SGD(model.parameters(), lr=0.8 * rate)
    TSNELoss(P, exaggeration=12)(model()).backward()
    optimizer.step()
    stepped = Y.clone()
    ops.update_embedding_(
        *(stepped, torch.zeros_like(Y), torch.ones_like(Y)),
        *(ops.attractive_forces(*P, Y)[0], *ops.repulsive_exact(Y)),
        *(12.0, rate, 0.5),
    )
    assert_close(model().detach() - Y, stepped - Y, 1e-4)


# --- pairs ---------------------------------------------------------------------------------------


@over_devices
@over_methods
@pytest.mark.parametrize("exaggeration", [1.0, 12.0])
def test_pairs_add_up_to_the_loss(device, method, exaggeration):
    P, Y = some_P(device=device), points("clustered", N, 2, device)
    loss = TSNELoss(P, 0.7, method, exaggeration=exaggeration)
    pij, i, j = pairs_of(P)
    expected = value_and_gradient(loss, Y)

    def sum_of_parts(Y, given=True):
        parts = torch.arange(len(i), device=device).split(1000)
        return sum(loss.pairs(Y, i[p], j[p], pij[p] if given else None) for p in parts)

    assert len(i) > 3000
    for given in (True, False):
        actual = value_and_gradient(lambda Y, given=given: sum_of_parts(Y, given), Y)
        assert torch.isclose(actual[0], expected[0], rtol=1e-6)
        assert_close(actual[1], expected[1], 1e-5)


def test_pairs_add_up_exactly_in_float64():
    P, Y = some_P(), points("clustered", N, 2).double()
    loss = TSNELoss(P, method="exact", exaggeration=3)
    pij, i, j = pairs_of(P)
    torch.testing.assert_close(loss.pairs(Y, i, j), loss(Y), rtol=1e-12, atol=0)
    torch.testing.assert_close(loss.pairs(Y, i, j, pij), loss(Y), rtol=1e-12, atol=0)


def test_pairs_are_looked_up():
    # Rows of all lengths from 0 on, and every pair of points, stored or not.
    n = 40
    g = torch.Generator().manual_seed(0)
    dense = torch.rand(n, n, generator=g)
    dense[dense < torch.linspace(0, 1, n)[:, None]] = 0
    dense[7] = 0
    dense /= dense.sum()
    csr = dense.to_sparse_csr()
    P = JointP(csr.crow_indices(), csr.col_indices().int(), csr.values())
    loss = TSNELoss(P)
    i, j = torch.cartesian_prod(torch.arange(n), torch.arange(n)).unbind(1)
    assert torch.equal(loss._look_up(i, j), dense.flatten())
    Y = points("normal", n, 2)
    none = loss.pairs(Y, torch.tensor([7, 7], dtype=torch.int32), torch.tensor([1, 7]).int())
    assert none == 0


def test_pairs_of_p():
    P = some_P()
    pij, i, j = pairs_of(P)
    dense = torch.sparse_csr_tensor(*P, size=(N, N)).to_dense()
    assert torch.equal(dense[i, j], pij) and len(pij) == (dense > 0).sum()
    assert torch.equal(dense, dense.T)


def test_loader_gives_every_pair_once_an_epoch():
    P = some_P()
    loader = pair_loader(P, 1000, seed=3)
    pij, i, j = pairs_of(P)
    epochs = [[torch.cat(parts) for parts in zip(*loader, strict=True)] for _ in range(2)]
    for epoch in epochs:
        order = torch.argsort(epoch[1] * N + epoch[2])
        for got, expected in zip(epoch, (pij, i, j), strict=True):
            assert torch.equal(got[order], expected)
            assert not torch.equal(got, expected)
    assert not torch.equal(epochs[0][1], epochs[1][1])
    sizes = [len(batch[0]) for batch in loader]
    assert len(loader) == len(sizes) == -(-len(pij) // 1000)
    assert set(sizes[:-1]) == {1000} and sizes[-1] == len(pij) % 1000
    again = next(iter(pair_loader(P, 1000, seed=3)))
    assert torch.equal(again[1], epochs[0][1][:1000])


# --- torch.compile -------------------------------------------------------------------------------


def assert_compiles(function, Y, backend="aot_eager"):
    torch.compiler.reset()
    compiled = torch.compile(function, fullgraph=True, backend=backend)
    actual, expected = value_and_gradient(compiled, Y), value_and_gradient(function, Y)
    torch.testing.assert_close(actual[0], expected[0])
    assert_close(actual[1], expected[1], 1e-5)


def functions_of(loss):
    """The loss of a map made on the way, and that of pairs with and without their P."""
    pij, i, j = (t[:500] for t in pairs_of(JointP(loss.indptr, loss.indices, loss.values)))
    return [
        lambda Y: loss(3 * nn.functional.normalize(Y)) + Y.sum(),
        lambda Y: loss.pairs(Y, i, j, pij),
        lambda Y: loss.pairs(Y, i, j),
    ]


@over_devices
@over_methods
def test_compiles_without_a_break(device, method):
    loss = TSNELoss(some_P(device=device), 0.7, method)
    for function in functions_of(loss):
        assert_compiles(function, points("clustered", N, 2, device))


def test_float64_compiles_without_a_break():
    loss = TSNELoss(some_P(), method="exact")
    for function in functions_of(loss):
        assert_compiles(function, points("clustered", N, 2).double())


@pytest.mark.slow
@over_devices
def test_compiles_with_inductor(device):
    loss = TSNELoss(some_P(2000, device), method="fft")
    assert_compiles(functions_of(loss)[0], points("clustered", 2000, 2, device), "inductor")


def test_a_compiled_loss_sees_the_exaggeration_change():
    loss, Y = TSNELoss(some_P()), points("clustered", N, 2)
    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    for loss.exaggeration in (12.0, 4.0, 1.0, 12.0):
        torch.testing.assert_close(compiled(Y), loss(Y))


# --- modules -------------------------------------------------------------------------------------


@over_devices
def test_p_moves_with_the_module(device):
    P, Y = some_P(), points("clustered", N, 2)
    loss = TSNELoss(P)
    expected = loss(Y)
    loss.to(device)
    assert {b.device.type for b in loss.buffers()} == {device}
    assert torch.isclose(loss(Y.to(device)).cpu(), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="Y must be on the device of P"):
        loss(Y.to("meta"))


def test_p_is_not_saved():
    loss = TSNELoss(some_P())
    assert not loss.state_dict() and not list(loss.parameters())
    assert copy.deepcopy(loss)(points("normal", N, 2)).isfinite()


def test_p_may_become_float64_but_not_half():
    P, Y = some_P(), points("clustered", N, 2)
    loss = TSNELoss(P, method="exact")
    expected = loss(Y)
    assert loss.double()(Y) == expected
    with pytest.raises(TypeError, match=r"P must stay in torch.float32, but .* torch.float16"):
        loss.half()(Y)


def test_embedding_map():
    start = points("normal", 7, 3)
    model = EmbeddingMap(7, 3, init=start)
    assert torch.equal(model(), start)
    assert torch.equal(model(torch.tensor([4, 0])), start[[4, 0]])
    assert model().requires_grad and [*model.state_dict()] == ["weight"]
    start.zero_()
    assert model().abs().min() > 0, "init must be copied"
    assert EmbeddingMap(2, init=[[1, 2], [3, 4]])().dtype == torch.float32
    chance = EmbeddingMap(1000)()
    assert chance.shape == (1000, 2) and 0.9e-4 < chance.std() < 1.1e-4
    assert torch.equal(chance, EmbeddingMap(1000, seed=0)())
    assert not torch.equal(chance, EmbeddingMap(1000, seed=1)())


def test_adam_lowers_the_loss():
    P = some_P()
    model, loss = EmbeddingMap(N), TSNELoss(P)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.3)
    start = loss(model()).item()
    for _ in range(200):
        optimizer.zero_grad()
        loss(model()).backward()
        optimizer.step()
    assert loss(model()).item() < 0.3 * start


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad, error, message",
    [
        ({"P": torch.eye(3)}, TypeError, "P must be a fasttsne.affinities.JointP .* got Tensor"),
        ({"dof": 0}, ValueError, "dof must be above 0 and finite, got 0"),
        ({"method": "tree"}, ValueError, "method must be one of auto, exact"),
        ({"angle": 2}, ValueError, r"angle must be in 0 .. 1, got 2"),
        ({"mesh_step": 0}, ValueError, "mesh_step must be above 0"),
        ({"exaggeration": 0}, ValueError, "exaggeration must be above 0 and finite, got 0"),
        ({"exaggeration": -1.0}, ValueError, "exaggeration must be above 0"),
        ({"exaggeration": "12"}, TypeError, "exaggeration must be a number, got '12'"),
    ],
)
def test_bad_parameters_are_named(bad, error, message):
    with pytest.raises(error, match=message):
        TSNELoss(**{"P": some_P(), **bad})


@pytest.mark.parametrize("column", [N, -1, 10**8])
def test_a_column_of_p_that_is_no_point_is_an_error(column):
    indptr, indices, values = some_P()
    indices = indices.clone()
    indices[7] = column
    Y = points("normal", N, 2).requires_grad_()
    with pytest.raises(RuntimeError, match=r"indices must be in 0 .. n - 1"):
        TSNELoss(JointP(indptr, indices, values))(Y).backward()


def test_p_must_sum_to_one():
    P = some_P()
    with pytest.raises(ValueError, match="P must sum to 1, got a sum of 2"):
        TSNELoss(P._replace(values=2 * P.values))


def test_exaggeration_is_checked_when_set():
    loss = TSNELoss(some_P())
    with pytest.raises(ValueError, match="exaggeration must be above 0"):
        loss.exaggeration = 0
    assert loss.exaggeration == 1


@pytest.mark.parametrize(
    "method, Y, error, message",
    [
        ("auto", torch.zeros(N), ValueError, r"Y must have shape \(300, 1 or more\).* \(300,\)"),
        ("auto", torch.zeros(N, 0), ValueError, r"Y must have shape .* got \(300, 0\)"),
        ("auto", torch.zeros(N - 1, 2), ValueError, r"Y must have shape .* got \(299, 2\)"),
        ("auto", torch.zeros(N, 2, dtype=torch.int64), TypeError, "got torch.int64"),
        ("exact", torch.zeros(N, 2).half(), TypeError, "got torch.float16"),
        ("fft", torch.zeros(N, 2).double(), TypeError, "torch.float64 with method='exact', got"),
        ("auto", torch.zeros(N, 2).double(), TypeError, "with method='auto': pass Y.float()"),
        ("auto", [[0.0, 1.0]] * N, TypeError, "Y must be a torch.Tensor, got list"),
        ("fft", torch.zeros(N, 4), ValueError, "Y must have 1 to 3 columns for method='fft'"),
        ("barnes_hut", torch.zeros(N, 4), ValueError, "Y must have 1 to 3 columns"),
    ],
)
def test_bad_maps_are_named(method, Y, error, message):
    loss = TSNELoss(some_P(), method=method)
    pairs = torch.tensor([0]), torch.tensor([1])
    with pytest.raises(error, match=message):
        loss(Y)
    with pytest.raises(error, match=message):
        loss.pairs(Y, *pairs)


@pytest.mark.parametrize(
    "i, j, pij, error, message",
    [
        ([0], torch.tensor([1]), None, TypeError, "i must be a tensor of torch.int64 .* got list"),
        (torch.tensor([0]), torch.tensor([1.0]), None, TypeError, "j must .* got torch.float32"),
        (torch.tensor([0, 1]), torch.tensor([1]), None, ValueError, r"got \(2,\) and \(1,\)"),
        (torch.tensor([[0]]), torch.tensor([[1]]), None, ValueError, r"shape \(b,\)"),
        (
            torch.tensor([0]),
            torch.tensor([1]),
            torch.ones(2),
            ValueError,
            "pij must have the shape",
        ),
        (torch.tensor([0]), torch.tensor([1]), torch.ones(1).int(), TypeError, "pij must be a t"),
    ],
)
def test_bad_pairs_are_named(i, j, pij, error, message):
    with pytest.raises(error, match=message):
        TSNELoss(some_P()).pairs(points("normal", N, 2), i, j, pij)


def test_other_bad_input_is_named():
    with pytest.raises(ValueError, match=r"init must have shape \(5, 2\), got \(4, 2\)"):
        EmbeddingMap(5, init=torch.zeros(4, 2))
    with pytest.raises(ValueError, match="n_points must be 1 or more, got 0"):
        EmbeddingMap(0)
    with pytest.raises(TypeError, match=r"P must be a fasttsne.affinities.JointP .* got tuple"):
        pairs_of(tuple(some_P()))
    with pytest.raises(ValueError, match="batch_size must be 1 or more, got 0"):
        pair_loader(some_P(), 0)
