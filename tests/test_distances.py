"""Neighbours by scikit-learn's search: any metric, sparse data, given distances."""

import numpy as np
import pytest
import torch
from sample import points
from scipy import sparse
from sklearn.metrics import pairwise_distances

from fasttsne import TSNE
from fasttsne.distances import metric_neighbors
from fasttsne.initialization import pca_of_sparse
from fasttsne.neighbors import exact_neighbors

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
