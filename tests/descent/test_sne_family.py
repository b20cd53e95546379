"""SNE, symmetric SNE and t-SNE: one attraction, three repulsions; the Gaussian as a limit."""

import math

import pytest
import torch
from sample import assert_close, opcheck, over_devices, over_kinds, points
from sklearn.datasets import load_digits

from fasttsne import TSNE, initialization, ops, reference
from fasttsne.affinities import JointP, Perplexity
from fasttsne.descent.methods import OBJECTIVES, choose_repulsion
from fasttsne.descent.optimize import minimize_kl
from fasttsne.descent.repulsion import Gaussian
from fasttsne.metrics import label_accuracy
from fasttsne.neighbors.exact import exact_neighbors
from fasttsne.schedule import Phase

over_objectives = pytest.mark.parametrize("objective", OBJECTIVES)
over_conditional = pytest.mark.parametrize("conditional", [False, True])
NOWHERE = [], []
"""Bounds, which only a mesh asks for."""


# --- gradients -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def conditional_P():
    """Rows that sum to 1 and are far from symmetric, zero on the diagonal."""
    g = torch.Generator().manual_seed(0)
    p = torch.rand(12, 12, generator=g, dtype=torch.float64) ** 3
    p.fill_diagonal_(0)
    return p / p.sum(1, keepdim=True)


def symmetrized(p):
    """The joint P of a dense conditional, by the reference of ops.symmetrize."""
    n = len(p)
    others = torch.arange(n).expand(n, n)[~torch.eye(n, dtype=torch.bool)].view(n, n - 1)
    return reference.symmetrize(others.int(), p.gather(1, others))


def sum_p_log(p, q):
    """Of p ln (p / q) over all pairs of different points."""
    off = ~torch.eye(len(p), dtype=torch.bool)
    return (p[off] * (p[off] / q[off]).log()).sum()


def kl_by_definition(objective, p, Y):
    """Straight from the papers, on dense matrices; SNE's divided by n."""
    n = len(p)
    sq = (Y[:, None] - Y).square().sum(2)
    q = 1 / (1 + sq) if objective == "tsne" else torch.exp(-sq)
    q = q * (1 - torch.eye(n, dtype=Y.dtype))
    if objective == "sne":
        return sum_p_log(p, q / q.sum(1, keepdim=True)) / n
    return sum_p_log((p + p.T) / (2 * n), q / q.sum())


def terms_by_reference(objective, P, Y):
    """Attraction, cost, repulsion divided by Z, and ln Z."""
    dof = 1.0 if objective == "tsne" else math.inf
    attractive, cost = reference.attractive_forces(*P, Y, dof, True)
    if objective == "tsne":
        repulsive, Z = reference.repulsive_exact(Y, dof)
        return attractive, cost, repulsive / Z, Z.log()
    return attractive, cost, *reference.repulsive_sne(Y, objective == "sne")


def differences(cost, Y, h=1e-6):
    """Slopes of a cost by central differences."""
    slopes = torch.empty_like(Y)
    for i, m in torch.cartesian_prod(*map(torch.arange, Y.shape)).tolist():
        step = torch.zeros_like(Y)
        step[i, m] = h
        slopes[i, m] = (cost(Y + step) - cost(Y - step)) / (2 * h)
    return slopes


@over_objectives
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_gradient_is_that_of_the_kl_divergence(objective, dims, conditional_P):
    g = torch.Generator().manual_seed(dims)
    Y = torch.randn(12, dims, generator=g, dtype=torch.float64)
    attractive, _, repulsive, _ = terms_by_reference(objective, symmetrized(conditional_P), Y)
    slopes = differences(lambda Y: kl_by_definition(objective, conditional_P, Y), Y)
    assert slopes.abs().max() > 1e-2
    torch.testing.assert_close(4 * (attractive - repulsive), slopes, rtol=0, atol=1e-8)


def test_gradient_of_sne_is_that_of_its_paper(conditional_P):
    """Hinton and Roweis (2002) with their cost, the sum over rows."""
    n = len(conditional_P)
    Y = torch.randn(n, 2, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    difference = Y[:, None] - Y
    sq = difference.square().sum(2).fill_diagonal_(math.inf)
    excess = conditional_P - torch.softmax(-sq, 1)
    expected = 2 * ((excess + excess.T)[..., None] * difference).sum(1)
    attractive, _, repulsive, _ = terms_by_reference("sne", symmetrized(conditional_P), Y)
    torch.testing.assert_close(4 * n * (attractive - repulsive), expected)


@over_objectives
def test_kl_is_its_constant_the_cost_and_log_Z(objective, conditional_P):
    g = torch.Generator().manual_seed(0)
    Y = torch.randn(12, 2, generator=g, dtype=torch.float64)
    P = symmetrized(conditional_P)
    p = conditional_P / 12 if objective == "sne" else P[2]
    constant = torch.xlogy(p, conditional_P if objective == "sne" else p).sum()
    _, cost, _, log_Z = terms_by_reference(objective, P, Y)
    expected = kl_by_definition(objective, conditional_P, Y)
    torch.testing.assert_close(constant + cost + log_Z, expected)

    repulsion = choose_repulsion("exact", 12, 2, 1.0, 0.5, objective=objective)
    in_float32 = P[0], P[1], P[2].float()
    attractive, cost = ops.attractive_forces(*in_float32, Y.float(), repulsion.dof, True)
    forces, Z, log_Z = repulsion.with_log_Z(Y.float(), *NOWHERE)
    assert math.isclose(constant + cost + log_Z, expected, rel_tol=1e-5)
    slopes = differences(lambda Y: kl_by_definition(objective, conditional_P, Y), Y)
    assert_close(4 * (attractive - forces / Z), slopes, 1e-5)
    again, Z_again = repulsion(Y.float(), *NOWHERE)
    assert torch.equal(again, forces) and torch.equal(Z_again, Z)


# --- the kernel ----------------------------------------------------------------------------------


@over_devices
@over_kinds
@over_conditional
@pytest.mark.parametrize("n, dims", [(2, 2), (33, 1), (700, 2), (2100, 3), (300, 6)])
def test_repulsive_sne_matches_reference(device, kind, n, dims, conditional):
    Y = points(kind, n, dims, device)
    expected, log_Z = reference.repulsive_sne(Y.double(), conditional)
    forces, actual_log_Z = ops.repulsive_sne(Y, conditional)
    if expected.norm() > 0:
        # d^2 is an exponent: rounded to a few parts in 2^24 it moves q by as many times d^2, where
        # the d^2 that weigh are those of nearest neighbours.
        sq_distances = reference.pairwise_sq_distances(Y.double(), Y.double()).fill_diagonal_(1e9)
        nearest = sq_distances.amin(1).max().item()
        assert_close(forces, expected, 2e-5 + 2.0**-23 * nearest)
    assert math.isclose(actual_log_Z, log_Z, rel_tol=1e-6, abs_tol=1e-7)


@over_devices
@over_conditional
@pytest.mark.parametrize("scale", [1.0, 30.0, 1e3])
def test_points_far_apart_still_repel(device, conditional, scale):
    """From 9.3 on exp(-d^2) is 0 in float32, and the repulsion would be 0 / 0."""
    Y = scale * torch.cartesian_prod(torch.arange(8.0), torch.arange(8.0)).to(device)
    Y[0, 0] = 0.2 * scale  # else the lattice is in balance
    forces, log_Z = ops.repulsive_sne(Y, conditional)
    expected, expected_log_Z = reference.repulsive_sne(Y.double(), conditional)
    # d^2, rounded to a part in 10^7, is an exponent.
    assert_close(forces, expected, 1e-5 * max(1.0, 1e-2 * scale**2))
    assert math.isclose(log_Z, expected_log_Z, rel_tol=1e-6)
    if scale > 10:
        assert ops.repulsive_exact(Y, math.inf)[1] == 0


@over_devices
@over_conditional
def test_equal_points_do_not_repel(device, conditional):
    forces, log_Z = ops.repulsive_sne(torch.ones(50, 2, device=device), conditional)
    assert torch.equal(forces, torch.zeros_like(forces))
    assert math.isclose(log_Z, math.log(49 if conditional else 50 * 49), rel_tol=1e-9)


@over_conditional
@pytest.mark.parametrize("dims", [2, 5])
def test_repulsive_sne_repeats_for_any_number_of_threads(two_thread_counts, conditional, dims):
    Y = points("clustered", 3000, dims)
    one, two = two_thread_counts(lambda: ops.repulsive_sne(Y, conditional))
    assert torch.equal(one[0], two[0]) and torch.equal(one[1], two[1])


@over_conditional
def test_opcheck(conditional):
    opcheck(torch.ops.fasttsne.repulsive_sne.default, (points("normal", 30, 2), conditional))


# --- the limit -----------------------------------------------------------------------------------


@over_devices
@over_kinds
@pytest.mark.parametrize("dims", [1, 2, 3, 5])
def test_infinite_dof_matches_reference(device, kind, dims):
    Y = points(kind, 700, dims, device)
    indices = torch.randint(700, (700, 20), generator=torch.Generator().manual_seed(0))
    indptr = torch.arange(701, device=device) * 20
    P = indptr, indices.flatten().int().to(device), torch.full((14000,), 1 / 14000, device=device)
    expected, cost = reference.attractive_forces(*P[:2], P[2].double(), Y.double(), math.inf, True)
    forces, actual_cost = ops.attractive_forces(*P, Y, math.inf, True)
    assert_close(forces, expected, 1e-5)
    assert_close(actual_cost, cost, 1e-5)
    expected, Z = reference.repulsive_exact(Y.double(), math.inf)
    forces, actual_Z = ops.repulsive_exact(Y, math.inf)
    assert_close(actual_Z, Z, 1e-5)
    assert_close(forces, expected, 2e-5)
    if dims <= 3:
        assert_close(ops.repulsive_bh(Y, 0.0, math.inf)[0], expected, 2e-5)
    if Z > 1:
        assert_close(ops.repulsive_sne(Y, False)[0], expected / Z, 2e-5)


@pytest.mark.parametrize(
    "function",
    [
        lambda P, Y, dof: ops.attractive_forces(*P, Y, dof, True),
        lambda P, Y, dof: ops.repulsive_exact(Y, dof),
        lambda P, Y, dof: reference.attractive_forces(*P, Y.double(), dof, True),
        lambda P, Y, dof: reference.repulsive_exact(Y.double(), dof),
    ],
)
def test_a_large_dof_approaches_the_gaussian(function):
    """The Student kernel is the Gaussian times 1 + O(d^4 / dof): twice the dof, half the way."""
    Y = points("normal", 600, 2)
    neighbors = exact_neighbors(Y, 30)
    P = ops.symmetrize(neighbors.indices, ops.perplexity_search(neighbors.sq_distances, 10.0)[1])
    limit = function(P, Y, math.inf)

    def distance(dof, part):
        return ((function(P, Y, dof)[part] - limit[part]).norm() / limit[part].norm()).item()

    for part in (0, 1):  # forces; cost or Z
        near, far = distance(1e4, part), distance(1e2, part)
        assert 90 < far / near < 110
        assert distance(1e6, part) < 0.02 * near + 2e-7


# --- the descent ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["auto", "exact"])
def test_the_choice_of_the_repulsion(method):
    def choose(dof=1.0, **objective):
        return choose_repulsion(method, 100_000, 2, dof, 0.5, **objective)

    for repulsion in (choose(objective="symmetric_sne"), choose(dof=math.inf)):
        assert isinstance(repulsion, Gaussian) and not repulsion.conditional
    sne = choose(objective="sne")
    assert isinstance(sne, Gaussian) and sne.conditional
    assert sne.dof == math.inf and choose(dof=0.5).dof == 0.5


@pytest.mark.parametrize("method", ["barnes_hut", "fft"])
def test_approximations_of_a_gaussian_are_refused(method):
    with pytest.raises(ValueError, match=f"objective='sne' needs method='exact'.*got '{method}'"):
        choose_repulsion(method, 5000, 2, 1.0, 0.5, objective="sne")
    with pytest.raises(ValueError, match=f"dof=inf needs method='exact'.*got '{method}'"):
        choose_repulsion(method, 5000, 2, math.inf, 0.5)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="Y must have 2 rows or more, got 1"):
        ops.repulsive_sne(torch.zeros(1, 2), True)
    with pytest.raises(ValueError, match="Y must have 1 or more columns, got 0"):
        ops.repulsive_sne(torch.zeros(5, 0), True)
    with pytest.raises(TypeError, match=r"Y must be torch.float32, got torch.float64"):
        ops.repulsive_sne(torch.zeros(5, 2).double(), True)
    for dof in (0, -math.inf, math.nan):
        with pytest.raises(ValueError, match=f"dof must be a positive number or inf.*got {dof}"):
            ops.repulsive_exact(torch.zeros(5, 2), dof)


def test_each_objective_ends_lowest_in_its_own_map():
    X = points("clustered", 300, 8)
    neighbors = exact_neighbors(X, 60)
    _, near_P = ops.perplexity_search(neighbors.sq_distances, 20.0)
    P = JointP(*ops.symmetrize(neighbors.indices, near_P))
    start = initialization.pca(X - X.mean(0), 2, seed=0)
    repulsions = [choose_repulsion("exact", 300, 2, 1.0, 0.5, objective=o) for o in OBJECTIVES]

    def cost_in(repulsion, Y):
        return (
            float(ops.attractive_forces(*P, Y, repulsion.dof, True)[1])
            + (repulsion.with_log_Z(Y, *NOWHERE)[2])
        )

    costs = []
    for repulsion in repulsions:
        phases = [Phase(50, 12, 0.5), Phase(150, 1, 0.8)]
        Y = minimize_kl(P, start, phases, repulsion).embedding
        assert torch.isfinite(Y).all()
        costs.append([cost_in(measure, Y) for measure in repulsions])
    best = torch.tensor(costs).argmin(0)
    assert best.tolist() == [0, 1, 2], costs


# --- the estimator -------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", ["symmetric_sne", "sne"])
def test_the_estimator_reports_the_cost_it_descends(objective):
    X = points("clustered", 300, 8)
    estimator = TSNE(objective=objective, perplexity=20, random_state=0).fit(X)
    neighbors = exact_neighbors(X - X.mean(0), 60)
    Y = estimator.embedding_.double()
    sq = torch.cdist(Y, Y).square().fill_diagonal_(math.inf)
    if objective == "sne":
        P = Perplexity(20).conditional_P(neighbors).double()
        log_q = torch.log_softmax(-sq, 1).gather(1, neighbors.indices.long())
        expected = (torch.xlogy(P, P) - P * log_q).sum() / 300
    else:
        indptr, indices, P = Perplexity(20).joint(neighbors)
        rows = torch.arange(300).repeat_interleave(indptr.diff())
        log_q = -sq[rows, indices.long()] - torch.logsumexp(-sq.flatten(), 0)
        expected = (torch.xlogy(P.double(), P.double()) - P * log_q).sum()
    assert math.isclose(estimator.kl_divergence_, expected, rel_tol=1e-5)
    assert estimator.report_.method == "exact"


def test_gaussians_crowd():
    X, y = load_digits(return_X_y=True)
    scores = [
        label_accuracy(TSNE(objective=objective, random_state=0).fit_transform(X[:1000]), y[:1000])
        for objective in ("sne", "symmetric_sne", "tsne")
    ]
    assert scores[2] > 0.93 and max(scores[:2]) < scores[2] and min(scores) > 0.5


@pytest.mark.parametrize("objective", ["symmetric_sne", "sne"])
def test_sne_is_resumed_and_places_new_points(tmp_path, objective):
    X = points("clustered", 400, 8)
    parameters = dict(objective=objective, random_state=0, max_iter=120)
    whole = TSNE(**parameters).fit(X)
    path = tmp_path / "fit.pt"
    TSNE(**parameters, checkpoint=path, callback=lambda i, kl, Y: i > 80).fit(X)
    resumed = TSNE.resume(path, X)
    assert torch.equal(resumed.embedding_, whole.embedding_)
    assert resumed.kl_divergence_ == whole.kl_divergence_
    placed = whole.transform(X + 1e-4)
    apart = (placed - whole.embedding_).norm(dim=1)
    assert 0 < apart.median() < 0.05 * whole.embedding_.std()


@pytest.mark.parametrize(
    "parameters, message",
    [
        (dict(objective="SNE"), "objective must be one of tsne, symmetric_sne, sne; got 'SNE'"),
        (dict(objective="sne", method="fft"), "objective='sne' needs method='exact'"),
        (dict(objective="sne", dof=2), "dof must be 1 for objective='sne', .*got dof=2"),
        (dict(objective="sne", affinities=torch.ones(50, 50)), "affinities must not be a matrix"),
    ],
    ids=range(4),
)
def test_wrong_parameters_of_the_estimator_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        TSNE(perplexity=5, **parameters).fit(points("normal", 50, 4))
