"""New rows that join a fitted map: neighbours, P, starts, and all that a fit has beside."""

import numpy as np
import pytest
import torch
from sample import points
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.metrics import pairwise_distances

from fasttsne import TSNE, metrics
from fasttsne.affinities import Uniform, joint_affinities

N, NEW = 500, 120
QUICK = dict(random_state=0, perplexity=15, max_iter=60)


pytestmark = pytest.mark.usefixtures("small_cells")


@pytest.fixture(scope="module")
def data():
    X = points("clustered", N + NEW, 8).numpy()
    return X[:N], X[N:], X


def lists(fitted):
    """Indices and distances of the neighbours of a fit, in the order of the data."""
    kept = fitted._kept
    indices = kept.neighbors.indices.numpy()
    distances = np.sqrt(kept.neighbors.sq_distances.double().numpy()) * kept.neighbors.unit
    order = kept.facts["order"]
    if order is None:
        return indices, distances
    place = np.argsort(order.numpy())
    return order.numpy()[indices][place], distances[place]


def assert_nearest(fitted, D):
    """No row is missing that is nearer than the last neighbour, and distances are right."""
    D = D.copy()
    np.fill_diagonal(D, np.inf)
    indices, distances = lists(fitted)
    n, k = indices.shape
    assert len(D) == n
    np.testing.assert_allclose(
        distances, np.take_along_axis(D, indices, 1), rtol=1e-5, atol=1e-6 * D[D < np.inf].max()
    )
    assert (np.diff(np.sort(indices, 1), axis=1) > 0).all()  # no row twice
    assert (np.diff(distances, axis=1) >= 0).all()
    kth = np.sort(D, 1)[:, k - 1 : k]
    is_missing = D < kth * (1 - 1e-5)
    is_missing[np.arange(n)[:, None], indices] = False
    assert not is_missing.any()


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "cityblock"])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_neighbours_are_those_of_a_search_of_all(data, metric, is_sparse):
    as_given = sparse.csr_array if is_sparse else np.asarray
    old, new, X = data
    fitted = TSNE(metric=metric, init="random", **QUICK).fit(as_given(old))
    fitted.extend(as_given(new[:70]), iterations=1).extend(as_given(new[70:]), iterations=1)
    assert_nearest(fitted, pairwise_distances(X.astype(np.float64), metric=metric))
    assert fitted.report_.n == N + NEW


def test_neighbours_after_a_search_by_cells_are_those_of_their_rows(data):
    old, new, X = data
    fitted = TSNE(neighbors="cells", **QUICK).fit(old).extend(new, iterations=1)
    assert not torch.equal(fitted._kept.facts["order"], torch.arange(N + NEW))
    D = pairwise_distances(X.astype(np.float64))
    np.fill_diagonal(D, np.inf)
    indices, distances = lists(fitted)
    np.testing.assert_allclose(distances, np.take_along_axis(D, indices, 1), rtol=1e-4)
    # The old rows may lack some old neighbours, and no row a new one.
    kth = np.sort(D, 1)[:, indices.shape[1] - 1 :][:, :1]
    is_missing = D < kth * (1 - 1e-5)
    is_missing[np.arange(N + NEW)[:, None], indices] = False
    assert not is_missing[:, N:].any() and not is_missing[N:].any()


def test_neighbours_are_to_the_bit_those_of_a_fit_where_distances_are_exact(data):
    X = np.random.default_rng(0).integers(0, 16, size=(N + NEW, 12)).astype(np.float32)
    whole = TSNE(**QUICK).fit(X)
    grown = TSNE(**QUICK).fit(X[:N]).extend(X[N:], iterations=1)
    (indices, distances), (wanted, expected) = lists(grown), lists(whole)
    assert np.array_equal(distances, expected)
    # Of equally near rows any may be the last ones of a list.
    is_nearer = expected < expected[:, -1:]
    for row, other, some in zip(indices, wanted, is_nearer, strict=True):
        assert set(row[some]) == set(other[some])


def test_few_rows_get_more_neighbours_as_they_become_many():
    X = points("normal", 100, 4).numpy()
    fitted = TSNE(perplexity=15, max_iter=5, random_state=0).fit(X[:20])
    assert fitted._kept.neighbors.indices.shape == (20, 19)
    for first, last in ((20, 30), (30, 31), (31, 100)):
        fitted.extend(X[first:last], iterations=1)
        assert_nearest(fitted, pairwise_distances(X[:last].astype(np.float64)))
    assert fitted._kept.neighbors.indices.shape == (100, 45)


@pytest.mark.parametrize("affinities", [None, Uniform(20)])
def test_p_is_that_of_all_rows(data, affinities):
    old, new, X = data
    fitted = TSNE(affinities=affinities, **QUICK).fit(old).extend(new, iterations=1)
    expected = joint_affinities(X, 15, affinities=affinities).to_scipy().toarray()
    found = fitted._kept.P.to_scipy().toarray()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-8)


@pytest.mark.parametrize("neighbors, dims", [("exact", 2), ("exact", 3), ("cells", 2)])
@pytest.mark.parametrize("method", ["exact", "barnes_hut", "fft"])
def test_new_rows_join_and_old_ones_start_where_they_are(data, method, dims, neighbors):
    old, new, _ = data
    fitted = TSNE(dims, method=method, neighbors=neighbors, **QUICK).fit(old)
    before, placed = fitted.embedding_.copy(), fitted.transform(new)
    seen = []
    fitted.set_params(callback=lambda i, kl, Y: seen.append((i, Y.clone())), callback_every=1)
    assert fitted.extend(new, iterations=30) is fitted
    iteration, start = seen[0]
    assert iteration == 60 and fitted.n_iter_ == 89
    np.testing.assert_array_equal(start.numpy(), np.concatenate([before, placed]))
    assert fitted.embedding_.shape == (N + NEW, dims) and len(fitted.transform(new[:4])) == 4
    assert np.array_equal(fitted.transform(new[:4]), fitted.embedding_[N : N + 4])
    assert abs(fitted.embedding_.mean(0)).max() < 1e-3


def test_a_grown_map_is_as_good_and_as_steady():
    X, y = load_digits(return_X_y=True)
    X, y = X[:1000], y[:1000]
    parameters = dict(random_state=0)
    fitted = TSNE(**parameters).fit(X[:800])
    before = fitted.embedding_.copy()
    fitted.extend(X[800:])
    whole = TSNE(**parameters).fit(X)
    assert fitted.kl_divergence_ < 1.1 * whole.kl_divergence_
    recall = [metrics.neighbor_recall(X, t.embedding_) for t in (fitted, whole)]
    assert recall[0] > 0.95 * recall[1]
    assert metrics.label_accuracy(fitted.embedding_, y) > 0.93
    # Most old points stay near their places, which in another fit of all rows they do not.
    moved = np.linalg.norm(fitted.embedding_[:800] - before, axis=1)
    assert np.median(moved) < 0.1 * np.ptp(before, axis=0).max()


def test_tensors_stay_tensors_and_dtypes_may_differ(data):
    old, new, _ = data
    fitted = TSNE(**QUICK).fit(torch.from_numpy(old)).extend(new.astype(np.float64), iterations=5)
    assert isinstance(fitted.embedding_, torch.Tensor) and fitted.embedding_.shape == (620, 2)
    other = TSNE(**QUICK).fit(old).extend(torch.from_numpy(new), iterations=5)
    assert np.array_equal(other.embedding_, fitted.embedding_.numpy())


def test_a_grown_map_goes_on(data):
    old, new, X = data
    fitted = TSNE(**QUICK).fit(old).extend(new, iterations=20).optimize(20, perplexity=5)
    expected = joint_affinities(X, 5).to_scipy().toarray()
    np.testing.assert_allclose(fitted._kept.P.to_scipy().toarray(), expected, rtol=1e-3, atol=1e-8)
    fitted.extend(new[:10] + 1, iterations=5)  # with the perplexity of the map
    assert fitted._fitted_map.affinities.perplexity == 5
    assert fitted._kept.neighbors.indices.shape == (630, 45)


def test_fixed_points_and_anchors_stay_those_of_the_old_rows(data):
    old, new, _ = data
    start = points("normal", N, 2).numpy()
    anchors = start + 1
    parameters = dict(init=start, fixed=[3, 4], anchors=anchors, anchor_weight=1.0)
    fitted = TSNE(neighbors="cells", **parameters, **QUICK).fit(old).extend(new, iterations=30)
    assert np.array_equal(fitted.embedding_[[3, 4]], start[[3, 4]])
    held = fitted._kept.facts["constraints"]
    assert int(held["fixed"].sum()) == 2 and int((held["stiffness"] > 0).sum()) == N


def test_labels_of_new_rows(data):
    old, new, _ = data
    y = np.arange(N) % 3
    maps = {}
    for name, labels in {"unknown": None, "all -1": np.full(NEW, -1), "known": [1] * NEW}.items():
        fitted = TSNE(supervision=0.8, **QUICK).fit(old, y).extend(new, labels, iterations=10)
        maps[name] = fitted.embedding_
    assert np.array_equal(maps["unknown"], maps["all -1"])
    assert not np.array_equal(maps["unknown"], maps["known"])
    fitted = TSNE(**QUICK).fit(old, y).extend(new, "nothing", iterations=1)  # as in fit
    with pytest.raises(ValueError, match=r"y must have shape \(120,\)"):
        TSNE(supervision=0.8, **QUICK).fit(old, y).extend(new, y)


def test_a_growing_fit_can_be_resumed(tmp_path, data):
    old, new, X = data
    path = tmp_path / "fit.pt"
    whole = TSNE(**QUICK).fit(old).extend(new, iterations=60)

    def stop(i, kl, Y):
        if i == 99:
            raise RuntimeError("stop")

    stopped = TSNE(checkpoint=path, checkpoint_every=10, **QUICK).fit(old)
    with pytest.raises(RuntimeError, match="stop"):
        stopped.set_params(callback=stop, callback_every=10).extend(new, iterations=60)
    assert stopped.embedding_.shape == (N, 2)  # as it was
    assert np.array_equal(TSNE.resume(path, X).embedding_, whole.embedding_)


def test_bad_input_is_named_before_any_work(data):
    old, new, _ = data
    steps = []
    fitted = TSNE(**QUICK).fit(old).set_params(progress=steps.append)
    cases = [
        ((new[:, :3],), {}, ValueError, "X has 3 features, but TSNE is expecting 8"),
        ((new * np.nan,), {}, ValueError, "X contains NaN in row 0, column 0"),
        ((new[:0],), {}, ValueError, "0 sample"),
        ((sparse.csr_array(new),), {}, ValueError, "X must be dense, .* got a sparse matrix"),
        ((new,), dict(iterations=0), ValueError, "iterations must be 1 or more, got 0"),
        ((new,), dict(momentum=1), ValueError, "momentum must be below 1"),
    ]
    for arguments, named, error, message in cases:
        with pytest.raises(error, match=message):
            fitted.extend(*arguments, **named)
    assert steps == [] and fitted.embedding_.shape == (N, 2)
    with pytest.raises(NotFittedError):
        TSNE().extend(new)
    with pytest.raises(ValueError, match="extend needs what a fit with keep_state=True keeps"):
        TSNE(keep_state=False, **QUICK).fit(old).extend(new)
    D = pairwise_distances(old)
    fitted = TSNE(metric="precomputed", init="random", **QUICK).fit(D)
    with pytest.raises(ValueError, match="extend needs rows, not distances"):
        fitted.extend(D[:5])
    P = joint_affinities(old, 15).to_scipy()
    with pytest.raises(ValueError, match="extend needs the data of the fit and their neighbours"):
        TSNE(affinities=P, **QUICK).fit(old).extend(new)
    graph = (np.argsort(D, 1)[:, 1:46], np.sort(D, 1)[:, 1:46])
    with pytest.raises(ValueError, match="extend finds neighbours itself"):
        TSNE(neighbors=graph, **QUICK).fit(old).extend(new)
