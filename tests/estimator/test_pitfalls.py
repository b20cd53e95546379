"""What breaks in t-SNE libraries, one test each; more of it in the tests of the parts."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from sample import assert_close, points
from scipy.spatial import cKDTree

from fasttsne import TSNE, Snapshots, ops, reference
from fasttsne.affinities import Perplexity
from fasttsne.neighbors.exact import exact_neighbors
from fasttsne.neighbors.metric import metric_neighbors
from fasttsne.neighbors.search import Search


@pytest.mark.parametrize("method", ["exact", "barnes_hut", "fft"])
def test_a_uniform_grid_stays_uniform(method):
    side = np.arange(20.0)
    grid = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    for seed in range(3):
        estimator = TSNE(method=method, random_state=seed, init="random")
        Y = estimator.fit_transform(grid)
        nearest = cKDTree(Y).query(Y, 2)[0][:, 1]
        assert 0.1 < nearest.min() / nearest.mean()
        assert nearest.max() / nearest.mean() < 4


@pytest.mark.parametrize("rate", [10, 30, 100, 300, 1000])
def test_no_point_strays_at_any_learning_rate(rate):
    X = points("clustered", 1000, 10)
    Y = TSNE(learning_rate=rate, random_state=0).fit_transform(X)
    radius = (Y - Y.mean(0)).norm(dim=1)
    assert radius.max() < 10 * radius.median()


def test_four_dimensions_by_tree_or_mesh_are_refused():
    X = np.random.default_rng(0).normal(size=(50, 6))
    for method in ("barnes_hut", "fft"):
        with pytest.raises(ValueError, match="should be 1 to 3"):
            TSNE(4, method=method, perplexity=5).fit(X)


def test_kl_is_never_negative_nor_nan_under_exaggeration():
    seen = Snapshots()
    X = points("duplicates", 300, 4)
    TSNE(callback=seen, callback_every=5, max_iter=250, random_state=0, perplexity=5).fit(X)
    assert len(seen) == 50
    assert all(math.isfinite(kl) and kl > 0 for _, kl, _ in seen)


def test_503_iterations_are_503():
    X = points("clustered", 200, 5)
    seen = Snapshots()
    estimator = TSNE(max_iter=503, random_state=0, callback=seen, min_grad_norm=0).fit(X)
    assert estimator.report_.iterations == 503 and len(seen) == 10
    P = Perplexity(30).joint(exact_neighbors(X - X.mean(0), 90))
    Y = estimator.embedding_.double()
    _, Z = reference.repulsive_exact(Y, 1.0)
    _, cost = reference.attractive_forces(P.indptr, P.indices, P.values.double(), Y, 1.0, True)
    kl = P.negative_entropy() + float(cost) + math.log(Z)
    assert math.isclose(estimator.kl_divergence_, kl, rel_tol=1e-5)


def test_large_dof_approaches_gaussian_sne():
    Y = points("normal", 300, 2).double()
    sq = torch.cdist(Y, Y).square()
    q = torch.exp(-sq).fill_diagonal_(0)
    expected = (q[:, :, None] * (Y[:, None] - Y)).sum(1)
    errors = []
    for dof in (10.0, 100.0, 1e3, 1e4):
        forces, Z = ops.repulsive_exact(Y.float(), dof)
        errors.append(float((forces - expected).norm() / expected.norm()))
    assert all(b < 0.2 * a for a, b in pairwise(errors))
    assert_close(forces, expected, 1e-3)
    assert math.isclose(float(Z), float(q.sum()), rel_tol=1e-3)


def test_a_spectral_start_finds_the_ring():
    angle = torch.linspace(0, 2 * math.pi, 601)[:-1]
    ring = torch.stack([angle.cos(), angle.sin()], 1) @ points("normal", 2, 10)
    Y = TSNE(init="spectral", random_state=0, max_iter=1, learning_rate=1e-9).fit_transform(ring)
    radius = Y.norm(dim=1)
    assert radius.std() < 0.02 * radius.mean()
    turned = torch.atan2(Y[:, 1], Y[:, 0])
    step = torch.remainder(turned.diff() + math.pi, 2 * math.pi) - math.pi
    assert (step > 0).all() or (step < 0).all()


@pytest.mark.parametrize("n, dims", [(2, 2), (3, 2), (40, 3)])
def test_a_spectral_start_of_few_points(n, dims):
    X = points("normal", n, 4)
    Y = TSNE(dims, init="spectral", perplexity=min(5, n - 1), random_state=0, max_iter=30)
    assert torch.isfinite(Y.fit_transform(X)).all()


def test_a_spectral_start_of_separate_clusters_repeats(two_thread_counts):
    X = points("clustered", 900, 5)
    one, two = two_thread_counts(
        lambda: TSNE(init="spectral", random_state=0, max_iter=20).fit_transform(X)
    )
    assert torch.equal(one, two)


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_angles_by_our_own_search_are_scikit_learns(metric):
    X = points("clustered", 500, 12) + 1
    found = Search("exact", metric)(X, 30, torch.device("cpu"))
    expected = metric_neighbors(X.double().numpy(), 30, metric)
    assert found.name == "exact"
    assert (found.neighbors.indices == expected.indices).double().mean() > 0.99
    sq = found.neighbors.sq_distances * found.neighbors.unit**2
    assert_close(sq, expected.sq_distances.double() * expected.unit**2, 1e-3)


def test_a_row_without_direction_goes_to_scikit_learn():
    X = torch.cat([points("clustered", 100, 12), torch.zeros(1, 12)])
    assert Search("exact", "cosine")(X, 30, torch.device("cpu")).name == "scikit-learn"
