"""Neighbours by scikit-learn's search: any metric, sparse data, given distances."""

import math

import numpy as np
import pytest
import torch
from sample import points
from scipy import sparse
from sklearn.metrics import pairwise_distances

from fasttsne import TSNE
from fasttsne.affinities import joint_affinities
from fasttsne.initialization import pca_of_sparse
from fasttsne.neighbors.exact import exact_neighbors
from fasttsne.neighbors.metric import metric_neighbors
from fasttsne.neighbors.search import Search

N, K = 300, 20


@pytest.fixture(scope="module")
def X():
    return points("clustered", N, 9).numpy()


def assert_same(found, expected):
    """The same neighbours, distances up to one power of two."""
    assert torch.equal(found.indices, expected.indices)
    ratio = found.sq_distances / expected.sq_distances
    torch.testing.assert_close(ratio, ratio[0, 0].expand_as(ratio), rtol=1e-4, atol=0)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("metric", ["euclidean", "l2", lambda x, y: np.sqrt(((x - y) ** 2).sum())])
def test_euclidean_by_any_name_is_our_own_search(X, metric, whole):
    X = X.astype(float)
    found = metric_neighbors(X, K, metric, whole=whole)
    assert_same(found, exact_neighbors(torch.from_numpy(X).float(), K))


@pytest.mark.parametrize("metric", ["cosine", "manhattan", "chebyshev", "correlation"])
def test_metric_is_that_of_its_distances(X, metric):
    D = pairwise_distances(X.astype(float), metric=metric)
    found = metric_neighbors(X.astype(float), K, metric)
    assert_same(found, metric_neighbors(D, K, "precomputed"))
    by_hand = np.argsort(D + np.diag(np.full(N, np.inf)), 1)[:, :K]
    assert (found.indices.numpy() == by_hand).mean() > 0.999


def test_sparse_data_need_not_be_made_dense(X):
    X = np.where(np.abs(X) > 5, X, 0)
    dense, few = TSNE(random_state=0, max_iter=1), TSNE(random_state=0, max_iter=1)
    dense.fit(X)
    few.fit(sparse.csc_matrix(X))
    assert few.report_.search == "scikit-learn" and few.n_features_in_ == 9
    exact = pca_of_sparse(sparse.csr_matrix(X), 2, seed=0).numpy()
    U, _, _ = np.linalg.svd(X - X.mean(0), full_matrices=False)
    for m in range(2):
        cosine = exact[:, m] @ U[:, m] / np.linalg.norm(exact[:, m])
        assert abs(cosine) > 0.99
    # One step from the same start, up to the signs of the components.
    for m in range(2):
        assert abs(np.corrcoef(dense.embedding_[:, m], few.embedding_[:, m])[0, 1]) > 0.9


def test_metric_of_a_tensor(X):
    Y = TSNE(metric="cosine", max_iter=60, random_state=0).fit_transform(torch.from_numpy(X))
    assert isinstance(Y, torch.Tensor) and torch.isfinite(Y).all()


def test_negative_distances_are_refused(X):
    with pytest.raises(ValueError, match="All distances should be positive"):
        metric_neighbors(X, K, lambda x, y: -1.0, whole=True)


def nowhere(x, y):
    """A metric that knows no distance between some rows."""
    return math.nan if (x[0] > 0) != (y[0] > 0) else np.abs(x - y).sum()


CPU = torch.device("cpu")
QUICK = dict(max_iter=5, random_state=0)


@pytest.mark.parametrize("n", [N, 2100])
@pytest.mark.parametrize("method", ["auto", "exact"])
def test_a_row_without_a_correlation_is_named(n, method):
    X = points("clustered", n, 9)
    fitted = TSNE(metric="correlation", init="random", method=method, **QUICK).fit(X)
    message = "metric 'correlation' is not defined for a constant row, .* in row {} of X are equal"
    for constant in (0.5, 0.1, 0.0, 1e300):
        X_new = X[:7].double()
        X_new[4] = constant
        with pytest.raises(ValueError, match=message.format(4)):
            fitted.transform(X_new)
        X_bad = X.double()
        X_bad[11] = constant
        with pytest.raises(ValueError, match=message.format(11)):
            TSNE(metric="correlation", init="random", method=method, **QUICK).fit(X_bad)


def test_a_metric_that_returns_nan_is_named_with_its_row(X):
    for method in ("auto", "exact"):
        with pytest.raises(ValueError, match=r"metric 'nowhere' .* nan for row [0-9]+.* of X"):
            TSNE(metric=nowhere, init="random", method=method, **QUICK).fit(X)
    X = X.copy()
    X[:, 0] = np.minimum(X[:, 0], 0)
    fitted = TSNE(metric=nowhere, init="random", **QUICK).fit(X)
    new = X[:6].copy()
    new[3, 0] = 1
    with pytest.raises(ValueError, match=r"metric 'nowhere' .* nan for row 3 of X"):
        fitted.transform(new)


def test_a_named_metric_that_overflows_is_named_with_its_row(X):
    X = X.astype(float)
    fitted = TSNE(metric="manhattan", init="random", **QUICK).fit(X)
    far = X[:3].copy()
    far[2] = 1.5e308
    with pytest.raises(ValueError, match=r"metric 'manhattan' must give finite .* inf for row 2"):
        fitted.transform(far)
    with pytest.raises(ValueError, match=r"metric 'seuclidean' must give finite .* for row"):
        TSNE(metric="seuclidean", init="random", **QUICK).fit(np.c_[X, np.zeros(N)])


def power(X, exponent):
    if sparse.issparse(X):
        return sparse.csr_matrix(np.ldexp(X.toarray(), exponent))
    return torch.from_numpy(np.ldexp(np.asarray(X), exponent))


@pytest.mark.parametrize("exponent", [-990, -560, 520, 1000])
@pytest.mark.parametrize(
    "form, metric",
    [
        *(("sparse", metric) for metric in ("euclidean", "l2", "manhattan", "cosine")),
        *(("dense", metric) for metric in ("euclidean", "l2", "manhattan", "cosine")),
        *(("dense", metric) for metric in ("sqeuclidean", "chebyshev", "minkowski")),
    ],
)
def test_numbers_of_any_size_have_the_same_P(X, metric, form, exponent):
    X = X.astype(float)
    X = sparse.csr_matrix(np.where(np.abs(X) > 5, X, 0)) if form == "sparse" else X
    expected = joint_affinities(X, 10, metric=metric)
    found = joint_affinities(power(X, exponent), 10, metric=metric)
    assert torch.equal(found.indices, expected.indices)
    torch.testing.assert_close(found.values, expected.values, rtol=1e-5, atol=1e-10)


@pytest.mark.parametrize("n", [N, 2100])
@pytest.mark.parametrize("metric", ["cosine", "correlation"])
@pytest.mark.parametrize("dtype, powers", [(np.float64, 990), (np.float32, 110)])
def test_the_length_of_a_row_does_not_matter_to_an_angle(metric, n, dtype, powers):
    X = points("normal", n, 9).numpy().astype(dtype)
    sizes = np.random.default_rng(0).integers(-powers, powers, (n, 1))
    rows = torch.from_numpy(np.ldexp(X, sizes))
    expected = joint_affinities(torch.from_numpy(X), 10, metric=metric)
    found = joint_affinities(rows, 10, metric=metric)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    # And beside others in a transform.
    among = [Search("exact", metric).among(Z, Z[:50], 10, CPU) for Z in (torch.from_numpy(X), rows)]
    assert torch.equal(among[0].indices, among[1].indices)


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_few_queries_among_many_rows(metric):
    """The size of the data decides how they are searched, not the number of queries."""
    X = points("normal", 2100, 9)
    auto, exact = (Search(how, metric).among(X, X[:50], 10, CPU) for how in ("auto", "exact"))
    assert torch.equal(auto.indices, exact.indices)
    assert torch.equal(auto.sq_distances, exact.sq_distances)


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_the_largest_numbers_point_somewhere(metric):
    X = points("normal", 2100, 8).double()
    X[:7] = 1e308 * X[:7].sign()
    X[:7, 0] = -X[:7, 1]
    assert torch.isfinite(TSNE(metric=metric, **QUICK).fit_transform(X)).all()
    X[7:9] = 5e-324 * torch.arange(8).double()
    assert torch.isfinite(TSNE(metric=metric, **QUICK).fit_transform(X)).all()


def test_parameters_of_a_metric_are_obeyed_or_refused(X):
    weights = np.arange(9.0)
    for metric in ("euclidean", "precomputed"):
        with pytest.raises(ValueError, match=f"metric='{metric}' takes no metric_params, got"):
            TSNE(metric=metric, metric_params={"w": weights}).fit(X)
    weighted = joint_affinities(X, 10, metric="minkowski", metric_params={"p": 2, "w": weights})
    expected = joint_affinities(X * np.sqrt(weights), 10)
    torch.testing.assert_close(weighted.values, expected.values, rtol=1e-2, atol=1e-7)
    with pytest.raises(TypeError, match=r"metric 'manhattan' with metric_params=.'w': 3.: "):
        TSNE(metric="manhattan", metric_params={"w": 3}).fit(X)
    with pytest.raises(ValueError, match=r"metric 'mahalanobis': .* V or VI"):
        TSNE(metric="mahalanobis").fit(X)


@pytest.mark.parametrize("method", ["auto", "exact"])
def test_variances_are_those_of_the_data_unless_given(X, method):
    X = X.astype(float)
    quick = dict(init="random", method=method, **QUICK)
    own = TSNE(metric="seuclidean", **quick).fit(X)
    V = X.var(0, ddof=1)
    given = TSNE(metric="seuclidean", metric_params={"V": V}, **quick).fit(X)
    assert np.array_equal(own.embedding_, given.embedding_)
    assert np.array_equal(own.transform(X[:5] + 0.1), given.transform(X[:5] + 0.1))
