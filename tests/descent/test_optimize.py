"""The descent: KL divergence, stopping rules, callbacks; and where it starts."""

import math
from dataclasses import replace

import pytest
import torch
from sample import points

from fasttsne import TSNE, initialization, metrics, reference
from fasttsne.affinities import JointP, Perplexity, given_affinities
from fasttsne.datasets import make_landmark_frames
from fasttsne.descent import optimize
from fasttsne.descent.mesh import Mesh
from fasttsne.descent.optimize import Watch, minimize_kl
from fasttsne.descent.repulsion import BarnesHut, Exact
from fasttsne.neighbors.exact import exact_neighbors
from fasttsne.schedule import Phase, default_schedule


@pytest.fixture(scope="module")
def P() -> JointP:
    return Perplexity(20).joint(exact_neighbors(points("clustered", 1200, 10), 60))


@pytest.fixture(scope="module")
def start() -> torch.Tensor:
    return initialization.random(1200, 2, seed=0)


def whole_kl(P: JointP, Y: torch.Tensor, dof: float = 1.0) -> float:
    """KL(P || Q) with Z summed over all pairs in float64."""
    Y = Y.double()
    _, Z = reference.repulsive_exact(Y, dof)
    _, cost = reference.attractive_forces(P.indptr, P.indices, P.values.double(), Y, dof, True)
    return P.negative_entropy() + float(cost) + math.log(Z)


def blocks(count, size):
    """P of groups whose points are all equally near, so that a map can have next to no KL."""
    return torch.block_diag(*[torch.ones(size, size) for _ in range(count)])


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("method", ["exact", "barnes_hut", "fft"])
def test_a_kl_of_next_to_nothing_is_told(method, dims):
    P = given_affinities(blocks(4, 50))
    # Each group starts at a place of its own: on a line, groups that start as one stay one.
    start = initialization.random(200, dims, seed=0)
    start[:, 0] += torch.arange(4, dtype=start.dtype, device=start.device).repeat_interleave(50)
    fitted = TSNE(dims, affinities=blocks(4, 50), init=start, method=method, max_iter=100).fit(None)
    expected = whole_kl(P, torch.from_numpy(fitted.embedding_))
    assert -1e-6 < expected < 0.1
    assert fitted.kl_divergence_ == pytest.approx(expected, abs=2e-6)
    for how in ("exact", "approximate"):
        kl = metrics.kl_divergence(P, fitted.embedding_, method=how)
        assert kl == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("dof", [0.7, 1.0, 2.0])
@pytest.mark.parametrize(
    "repulsion", [Exact, lambda dof: BarnesHut(dof, 0.5), lambda dof: Mesh(dof, Mesh.STEP)]
)
def test_reported_kl_is_that_of_the_embedding(P, start, repulsion, dof):
    method = repulsion(dof)
    best = minimize_kl(P, start, default_schedule(1200, 12, "auto", 200), method)
    expected = whole_kl(P, best.embedding, dof)
    assert math.isclose(
        best.kl_divergence, expected, rel_tol=1e-5 if method.name == "exact" else 1e-2
    )
    assert 0 < best.kl_divergence < 0.5 * whole_kl(P, start, dof)
    assert best.n_iter == 200
    assert best.embedding.mean(0).abs().max() < 1e-3


@pytest.mark.parametrize("method", [BarnesHut(1.0, 0.5), BarnesHut(1.0, 0.8), Mesh(1.0, Mesh.STEP)])
def test_reported_kl_holds_where_it_is_low(method):
    # Landmark sequences: KL about 0.2, so that an error of ln Z shows.
    X = torch.from_numpy(make_landmark_frames(3000).points).flatten(1)
    P = Perplexity(30).joint(exact_neighbors(X - X.mean(0), 90))
    start = initialization.pca(X - X.mean(0), 2, seed=0)
    best = minimize_kl(P, start, default_schedule(3000), method)
    assert best.kl_divergence < 0.3
    assert math.isclose(best.kl_divergence, whole_kl(P, best.embedding), rel_tol=1e-2)


def test_reported_kl_ignores_exaggeration(P, start):
    best = minimize_kl(P, start, [Phase(60, 12, 0.8, 25)], Exact(1.0))
    assert math.isclose(best.kl_divergence, whole_kl(P, best.embedding), rel_tol=1e-5)


def test_the_start_is_left_alone(P, start):
    before = start.clone()
    minimize_kl(P, start, [Phase(5, 1, 0.5, 25)], Exact(1.0))
    assert torch.equal(before, start)


def test_callback_sees_kl_and_embedding_and_stops(P, start):
    seen = []

    def callback(iteration, kl, Y):
        seen.append((iteration, kl))
        assert math.isclose(kl, whole_kl(P, Y), rel_tol=1e-5)
        return len(seen) == 3

    best = minimize_kl(
        P,
        start,
        default_schedule(1200, 12, "auto", 400),
        Exact(1.0),
        watch=Watch(callback=callback),
    )
    assert [iteration for iteration, _ in seen] == [49, 99, 149]
    assert best.n_iter == 149
    assert math.isclose(best.kl_divergence, seen[-1][1], rel_tol=1e-6)


@pytest.mark.parametrize("max_iter, checks", [(60, 1), (149, 2), (250, 5)])
def test_checks_come_every_50_iterations_across_phases(P, start, max_iter, checks):
    seen = []
    phases = default_schedule(500, 12, "auto", max_iter)
    minimize_kl(P, start, phases, Exact(1.0), watch=Watch(lambda i, kl, Y: seen.append(i)))
    assert seen == [50 * c - 1 for c in range(1, checks + 1)]


@pytest.mark.parametrize(
    "watch",
    [
        Watch(callback=lambda *_: False, callback_every=7),
        Watch(callback=lambda *_: False),
        Watch(say=lambda _: None),
        Watch(progress=lambda *_: None),
    ],
    ids=["every 7", "every 50", "lines", "progress"],
)
@pytest.mark.parametrize("patience", [1, 300])
def test_who_watches_changes_nothing(P, start, watch, patience):
    """Nor when a phase ends, though the KL divergence that is told is a finer one."""

    def descend(watch):
        phases = [Phase(300, 1, 0.8, 300), Phase(400, 12, 0.8, 25)]  # in the second KL rises
        method = BarnesHut(1.0, 0.8)
        best = []
        watch = replace(watch, save=lambda state: best.append(state["best"]))
        return minimize_kl(P, start, phases, method, patience, 0, watch), best

    (expected, expected_best), (found, best) = descend(Watch()), descend(watch)
    assert expected.n_iter == found.n_iter and (patience > 1 or found.n_iter < 700)
    assert torch.equal(expected.embedding, found.embedding)
    assert best == expected_best


@pytest.mark.parametrize(
    "parameters, expected",
    [(dict(), 1), (dict(progress=lambda _: None), 9), (dict(verbose=2), 9)],
    ids=["nobody", "progress", "lines"],
)
def test_kl_is_evaluated_for_who_asks(monkeypatch, parameters, expected):
    evaluate = optimize._Optimizer.kl_divergence
    calls = []
    monkeypatch.setattr(
        optimize._Optimizer, "kl_divergence", lambda self: calls.append(1) or evaluate(self)
    )
    TSNE(random_state=0, min_grad_norm=0, **parameters).fit(points("normal", 200, 4))
    assert len(calls) == expected


def test_stops_without_progress(P, start):
    # Steps too small for float32: the KL divergence stays where it is from the first check on.
    still = [Phase(2000, 1, 0.8, 1e-12)]
    best = minimize_kl(P, start, still, Exact(1.0), n_iter_without_progress=50, min_grad_norm=0)
    assert best.n_iter == 150


def test_stops_at_a_small_gradient(P, start):
    best = minimize_kl(P, start, [Phase(500, 1, 0.8, 300)], Exact(1.0), min_grad_norm=1e9)
    assert best.n_iter == 50


def test_progress_ends_at_the_total(P, start):
    steps = []
    minimize_kl(
        P,
        start,
        [Phase(60, 1, 0.5, 25)],
        Exact(1.0),
        watch=Watch(progress=lambda *step: steps.append(step)),
    )
    assert [done for done, _, _ in steps[:60]] == list(range(1, 61))
    assert steps[-1][:2] == (60, 60)


def test_divergence_is_an_error_that_says_what_to_do(P, start):
    start = start.clone()
    start[0] = math.inf
    with pytest.raises(FloatingPointError, match="lower learning_rate"):
        minimize_kl(P, start, [Phase(10, 1, 0.5, 25)], Exact(1.0))


@pytest.mark.parametrize("n, d, dims", [(500, 20, 2), (500, 2, 3), (3, 40, 2), (800, 300, 5)])
def test_pca_start(n, d, dims):
    X = points("normal", n, d) * 0.8 ** torch.arange(d)
    Y = initialization.pca(X - X.mean(0), dims, seed=0)
    assert Y.shape == (n, dims) and torch.isfinite(Y).all()
    assert math.isclose(Y[:, 0].std(correction=0), 1e-4, rel_tol=1e-3)
    found = min(dims, d, n - 1)
    U, S, _ = torch.linalg.svd((X - X.mean(0)).double(), full_matrices=False)
    exact = (U * S)[:, :found]
    for m in range(found if n > d else 1):
        cosine = torch.nn.functional.cosine_similarity(Y[:, m].double(), exact[:, m], dim=0)
        assert abs(cosine) > 0.9
    assert (Y.std(0) > 0).all()


def test_pca_start_of_constant_data_lets_points_part():
    Y = initialization.pca(torch.zeros(50, 4), 2, seed=0)
    assert torch.isfinite(Y).all() and (Y.std(0) > 0).all()


def test_pca_start_repeats_and_leaves_the_global_generator_alone(two_thread_counts):
    X = points("normal", 20_000, 30)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, two = two_thread_counts(lambda: initialization.pca(X, 2, seed=0))
    assert torch.equal(one, two)
    assert torch.equal(torch.rand(1), expected)


def test_rescale_brings_any_start_to_the_size_of_the_others():
    noise = points("normal", 50, 2).double()
    for start in (1e9 + noise, noise.numpy() * 1e6, noise * 1e-9):
        Y = initialization.rescale(start)
        torch.testing.assert_close(Y.std(0, correction=0).max(), torch.tensor(1e-4))
        assert torch.corrcoef(torch.stack([Y[:, 1].double(), noise[:, 1]]))[0, 1] > 0.999
    flat = torch.stack([torch.zeros(50), 100 * noise[:, 0].float()], 1)
    assert (initialization.rescale(flat).std(0) < 1.1e-4).all()
    with pytest.raises(ValueError, match="Y must be finite"):
        initialization.rescale(noise * math.nan)
    with pytest.raises(TypeError, match="Y must hold real numbers"):
        initialization.rescale("pca")
