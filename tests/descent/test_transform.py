"""New points into a map: TSNE.transform, and the search and the potential behind it."""

import numpy as np
import pytest
import torch
from sample import KINDS, assert_close, over_devices, points
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import KNeighborsClassifier

from fasttsne import TSNE
from fasttsne.affinities import Multiscale, Perplexity
from fasttsne.descent import transform
from fasttsne.neighbors.exact import neighbors_in


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X.astype(np.float32), y


@pytest.fixture(scope="module")
def fitted(digits):
    return TSNE(random_state=0).fit(digits[0][:1200])


@over_devices
@pytest.mark.parametrize("n, l, k", [(1000, 300, 15), (300, 1000, 90), (50, 1, 50), (4, 9, 1)])
def test_neighbors_in_another_set(device, n, l, k):
    X, queries = points("clustered", n, 20, device), points("clustered", l, 20, device, seed=1)
    queries[0] = X[3]
    found = neighbors_in(X, queries, k)
    sq = torch.cdist(queries.double(), X.double()).square()
    expected = sq.topk(k, 1, largest=False, sorted=True)
    assert (found.indices == expected.indices).double().mean() > 0.999
    assert_close(found.sq_distances, expected.values, 1e-5)
    assert found.sq_distances[0, 0] == 0 and found.indices[0, 0] == 3


def test_more_rows_than_are_searched_at_once(monkeypatch):
    X, queries = points("normal", 1000, 8), points("normal", 40, 8, seed=1)
    expected = neighbors_in(X, queries, 30)
    monkeypatch.setattr("fasttsne.neighbors.exact._ROWS_SEARCHED_AT_ONCE", 256)
    found = neighbors_in(X, queries, 30)
    assert torch.equal(found.indices, expected.indices)
    assert torch.equal(found.sq_distances, expected.sq_distances)


@over_devices
@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("dof", [0.5, 1.0])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "tiny"])
def test_potential_pushes_as_the_sum_does(device, dims, dof, kind):
    Y = points(kind, 1500, dims, device)
    span = 15 if dims == 3 else 60  # in space no fine grid is large
    Y = span / 2 * Y / Y.abs().max()
    others = span / 5 * points("normal", 200, dims, device, seed=1)
    by_mesh = transform._repulsion_function(Y, dof)
    assert by_mesh.func is transform._repulsion_by_mesh
    inside = torch.minimum(torch.maximum(others, Y.amin(0)), Y.amax(0))
    assert_close(
        by_mesh(inside), transform._repulsion_by_sum(inside.double(), Y.double(), dof), 0.05, 0.15
    )


def test_whole_sum_where_tails_are_light_or_dimensions_many():
    Y, others = points("wide", 300, 5).double(), 40 * points("normal", 20, 5, seed=1).double()
    for dof in (1.0, 100.0):
        d = others[:, None] - Y
        w = 1 / (1 + d.square().sum(2) / dof)
        q = w**dof
        expected = ((q * w)[..., None] * d).sum(1) / q.sum(1, keepdim=True)
        assert_close(transform._repulsion_function(Y, dof)(others), expected, 1e-9)
        assert_close(transform._repulsion_function(Y.float(), dof)(others.float()), expected, 1e-4)


def mean_kl(fitted, X, placed, dof=1.0):
    """Mean over new points of KL(p_i || q_i), with q over the whole map."""
    search = fitted_search(fitted, X)
    P = Perplexity(30).conditional_P(search).double().numpy()
    sq = ((placed[:, None] - fitted.embedding_) ** 2).sum(2)
    q = (1 + sq / dof) ** -dof
    q = np.take_along_axis(q, search.indices.numpy().astype(int), 1) / q.sum(1, keepdims=True)
    return (np.where(P > 0, P * np.log(np.maximum(P, 1e-300) / q), 0)).sum(1).mean()


def fitted_search(fitted, X):
    reference = fitted._fitted_map.X
    mean = reference.mean(0)
    return neighbors_in(reference - mean, torch.from_numpy(X) - mean, 90)


def test_new_points_go_to_their_class_and_lower_their_divergence(digits, fitted):
    X, y = digits
    vote = KNeighborsClassifier(10).fit(fitted.embedding_, y[:1200])
    placed = fitted.transform(X[1200:])
    assert placed.dtype == np.float32 and placed.shape == (597, 2)
    assert vote.score(placed, y[1200:]) > 0.95
    for start in ("weighted", "median"):
        still = fitted.transform(X[1200:], start=start, iterations=0)
        moved = fitted.transform(X[1200:], start=start)
        assert mean_kl(fitted, X[1200:], moved) < 0.8 * mean_kl(fitted, X[1200:], still)


def test_steps_go_downhill_to_where_the_gradient_is_small(digits, fitted):
    X = digits[0][1200:1250]
    longer = fitted.transform(X, iterations=2000)
    here = mean_kl(fitted, X, longer)
    for move in ((0.3, 0), (-0.3, 0), (0, 0.3), (0, -0.3)):
        assert mean_kl(fitted, X, longer + np.float32(move)) > here


def test_one_by_one_equals_all_at_once(digits, fitted):
    X = digits[0][1200:1400]
    all_at_once = fitted.transform(X)
    assert np.array_equal(all_at_once[::-1], fitted.transform(X[::-1]))
    one_by_one = np.concatenate([fitted.transform(row[None]) for row in X[:20]])
    assert np.array_equal(all_at_once[:20], one_by_one)


def test_any_number_of_threads(digits, fitted, two_thread_counts):
    one, two = two_thread_counts(lambda: fitted.transform(digits[0][1200:]))
    assert np.array_equal(one, two)


def test_samples_of_the_fit_stay_where_they_are(digits, fitted):
    X = digits[0]
    assert np.array_equal(fitted.transform(X[:1200]), fitted.embedding_)
    assert np.array_equal(fitted.transform(X[700:710]), fitted.embedding_[700:710])


def test_almost_the_samples_of_the_fit_land_near_them(digits, fitted):
    moved = fitted.transform(digits[0][:1200] + np.float32(1e-4))
    apart = np.linalg.norm(moved - fitted.embedding_, axis=1)
    span = np.ptp(fitted.embedding_)
    assert 0 < np.median(apart) < 0.01 * span
    assert np.quantile(apart, 0.9) < 0.02 * span


def test_a_map_is_that_of_its_fit(digits):
    X = digits[0]
    estimator = TSNE(random_state=0, max_iter=60).fit(X[:300])
    expected = estimator.transform(X[300:320])
    estimator.set_params(metric="manhattan", perplexity=5, dof=0.3)
    estimator.embedding_ += 100
    assert np.array_equal(estimator.transform(X[300:320]), expected)
    with pytest.raises(ValueError, match="less than n_samples"):
        estimator.set_params(perplexity=99).fit(X[:50, :7])
    assert np.array_equal(estimator.transform(X[300:320]), expected)


def test_copies_go_to_the_first_one_by_one_or_all_at_once(digits):
    X = np.concatenate([digits[0][:300], np.repeat(digits[0][:1], 400, 0)])
    estimator = TSNE(random_state=0, max_iter=60).fit(X)
    placed = estimator.transform(X[300:310])
    assert np.array_equal(placed, np.repeat(estimator.embedding_[:1], 10, 0))
    assert np.array_equal(placed[:1], estimator.transform(X[300:301]))


def test_a_row_without_direction_changes_no_other(digits):
    X = digits[0]
    estimator = TSNE(random_state=0, max_iter=60, metric="cosine").fit(X[:300])
    expected = estimator.transform(X[300:320])
    with_zero = estimator.transform(np.concatenate([X[300:320], np.zeros((1, 64), np.float32)]))
    assert np.array_equal(with_zero[:20], expected) and np.isfinite(with_zero).all()


def test_sparse_samples_of_the_fit_stay_under_a_metric_that_rounds(digits):
    X = sparse.csr_matrix(digits[0][:300])
    estimator = TSNE(random_state=0, max_iter=60, metric="cosine", init="random").fit(X)
    assert np.array_equal(estimator.transform(X[:50]), estimator.embedding_[:50])


def test_a_far_row_is_placed_somewhere(digits, fitted):
    far = np.concatenate([digits[0][1200:1210], np.full((1, 64), 1e25, np.float32)])
    placed = fitted.transform(far)
    assert np.isfinite(placed).all()
    assert np.array_equal(placed[:10], fitted.transform(far[:10]))


def test_given_starts(digits, fitted):
    X = digits[0][1200:1210]
    start = np.full((10, 2), 3.0, np.float32)
    assert np.array_equal(fitted.transform(X, start=start, iterations=0), start)
    found = fitted_search(fitted, X)
    near = torch.from_numpy(fitted.embedding_)[found.indices.long()]
    median = fitted.transform(X, start="median", iterations=0)
    assert np.allclose(median, near.median(1).values, atol=1e-5)


@pytest.mark.parametrize(
    "parameters",
    [
        dict(metric="cosine"),
        dict(metric="manhattan"),
        dict(affinities=Multiscale([5, 30])),
        dict(neighbors="cells"),
        dict(n_components=3),
        dict(n_components=5, method="exact", max_iter=100),
        dict(dof=0.5),
    ],
    ids=str,
)
def test_whatever_the_map_was_made_with(digits, parameters):
    X, y = digits
    estimator = TSNE(random_state=0, max_iter=300).set_params(**parameters).fit(X[:1200])
    vote = KNeighborsClassifier(10).fit(estimator.embedding_, y[:1200])
    assert vote.score(estimator.transform(X[1200:]), y[1200:]) > 0.9


def test_tensors_sparse_matrices_and_distances(digits):
    X = digits[0][:400]
    new = digits[0][400:420]
    tensor = TSNE(random_state=0, max_iter=250).fit(torch.from_numpy(X))
    placed = tensor.transform(torch.from_numpy(new))
    assert isinstance(placed, torch.Tensor)
    few = TSNE(random_state=0, max_iter=250).fit(sparse.csr_matrix(X))
    assert np.isfinite(few.transform(sparse.csr_matrix(new))).all()
    D = np.linalg.norm(X[:, None] - X, axis=2)
    given = TSNE(metric="precomputed", init=tensor.embedding_, max_iter=1, learning_rate=1e-9)
    given.fit(D)
    by_distance = given.transform(np.linalg.norm(new[:, None] - X, axis=2))
    assert np.allclose(by_distance, placed, atol=0.1)


def test_bad_input_is_named(digits, fitted):
    X = digits[0]
    with pytest.raises(NotFittedError):
        TSNE().transform(X)
    with pytest.raises(ValueError, match="X has 5 features, but TSNE is expecting 64 features"):
        fitted.transform(X[:3, :5])
    with pytest.raises(ValueError, match="X has 5 features, but TSNE is expecting 64 features"):
        fitted.transform(torch.from_numpy(X[:3, :5]))
    with pytest.raises(ValueError, match="start must be one of weighted, median; got 'mean'"):
        fitted.transform(X, start="mean")
    with pytest.raises(ValueError, match=r"start must have shape \(3, 2\), got \(2, 3\)"):
        fitted.transform(X[:3], start=np.zeros((2, 3)))
    with pytest.raises(ValueError, match="iterations must be 0 or more"):
        fitted.transform(X[:3], iterations=-1)
    with pytest.raises(ValueError, match="X must have 1 sample or more"):
        fitted.transform(torch.empty(0, 64))
    with pytest.raises(ValueError, match="X must be dense, as the data of the fit were"):
        fitted.transform(sparse.csr_matrix(X[:3]))
    without = TSNE(affinities=np.ones((9, 9)), init="random", max_iter=1).fit(None)
    with pytest.raises(ValueError, match="this TSNE was fitted without X"):
        without.transform(X[:3])
