"""Labels in a fit: P by its formula, unknown labels, and what is gained for hidden ones."""

import numpy as np
import pytest
import torch
from sample import points
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fasttsne import TSNE, metrics
from fasttsne.affinities import Perplexity, joint_affinities
from fasttsne.neighbors.exact import exact_neighbors

N = 300


pytestmark = pytest.mark.usefixtures("small_cells")


@pytest.fixture(scope="module")
def X():
    return points("normal", N, 6).numpy()


@pytest.fixture(scope="module")
def y():
    labels = np.random.default_rng(0).integers(3, size=N)
    labels[::4] = -1
    return labels


def by_definition(X, y, weight, perplexity, found=None):
    """The joint P of labelled data, from loops over its formula; by default of all neighbours."""
    if found is None:
        rows = torch.from_numpy(X) - torch.from_numpy(X).mean(0)
        found = exact_neighbors(rows, int(3 * perplexity))
    conditional = Perplexity(perplexity).conditional_P(found).double().numpy()
    P = np.zeros((len(X), len(X)))
    for i, near in enumerate(found.indices.tolist()):
        for j, p in zip(near, conditional[i], strict=True):
            factor = 1.0
            if y[i] != -1 and y[j] != -1:
                factor = 1 + weight if y[i] == y[j] else 1 - weight
            P[i, j] = p * factor
        P[i] /= P[i].sum()
    return (P + P.T) / (2 * len(X))


def dense(fitted):
    """P of a fit in the order of the data."""
    P = fitted._kept.P.to_scipy().toarray()
    order = fitted._kept.facts["order"]
    if order is not None:
        place = np.argsort(order.numpy())
        P = P[place][:, place]
    return P


@pytest.mark.parametrize("neighbors", ["exact", "cells"])
@pytest.mark.parametrize("weight", [0.3, 0.95])
def test_p_is_that_of_its_formula(X, y, weight, neighbors):
    fitted = TSNE(perplexity=10, supervision=weight, neighbors=neighbors, max_iter=1).fit(X, y)
    order = fitted._kept.facts["order"]
    assert (order is None) == (neighbors == "exact")
    if order is not None:  # a search by cells has sorted the rows, and misses a few neighbours
        X, y = X[order.numpy()], y[order.numpy()]
    found = fitted._kept.neighbors
    expected, plain = (by_definition(X, y, w, 10, found) for w in (weight, 0))
    assert np.abs(expected - plain).max() > 0.05 * plain.max()
    P = fitted._kept.P.to_scipy().toarray()
    np.testing.assert_allclose(P, expected, rtol=1e-4, atol=1e-9)
    if order is None:
        np.testing.assert_allclose(P, by_definition(X, y, weight, 10), rtol=1e-4, atol=1e-9)


def test_p_of_another_perplexity_has_the_labels(X, y):
    fitted = TSNE(perplexity=10, supervision=0.8, max_iter=1).fit(X, y).optimize(1, perplexity=5)
    np.testing.assert_allclose(dense(fitted), by_definition(X, y, 0.8, 5), rtol=1e-4, atol=1e-9)


def test_what_is_kept_does_not_change_the_map(X, y):
    """P is made in the memory of the distances unless these are kept."""
    parameters = dict(perplexity=10, supervision=0.8, max_iter=60, random_state=0)
    maps = [TSNE(keep_state=keep, **parameters).fit_transform(X, y) for keep in (True, False)]
    assert np.array_equal(*maps)


def test_labels_without_supervision_have_no_effect(X):
    plain = TSNE(max_iter=30, random_state=0).fit(X)
    for labels in (np.arange(N), ["a"] * N, np.full(3, np.nan)):
        assert np.array_equal(
            TSNE(max_iter=30, random_state=0).fit_transform(X, labels), plain.embedding_
        )
    expected = joint_affinities(X)
    assert all(torch.equal(a, b) for a, b in zip(plain._kept.P, expected, strict=True))


def test_one_known_label_changes_nothing(X):
    y = np.full(N, -1)
    y[7] = 2
    parameters = dict(max_iter=30, random_state=0)
    plain = joint_affinities(X).to_scipy().toarray()
    fitted = TSNE(supervision=0.9, **parameters).fit(X, y)
    np.testing.assert_allclose(dense(fitted), plain, rtol=1e-5, atol=1e-12)


def test_a_pipeline_hands_labels_on(X, y):
    steps = StandardScaler(), TSNE(supervision=0.5, max_iter=30, random_state=0)
    piped = make_pipeline(*steps).fit_transform(X, y)
    alone = TSNE(supervision=0.5, max_iter=30, random_state=0)
    assert np.array_equal(piped, alone.fit_transform(StandardScaler().fit_transform(X), y))
    without = TSNE(max_iter=30, random_state=0).fit_transform(StandardScaler().fit_transform(X))
    assert not np.array_equal(piped, without)


@pytest.mark.parametrize("seed", range(2))
def test_hidden_labels_are_found_at_least_as_well(seed):
    X, y = (array[:1000] for array in load_digits(return_X_y=True))
    rng = np.random.default_rng(seed)
    X = X + 8 * rng.normal(size=X.shape)  # so that there is something to gain
    is_hidden = rng.random(len(X)) < 0.5
    given = np.where(is_hidden, -1, y)
    found = {}
    for weight in (0.0, 0.9):
        Y = TSNE(supervision=weight, random_state=seed).fit_transform(X, given)
        vote = KNeighborsClassifier(10).fit(Y[~is_hidden], y[~is_hidden])
        found[weight] = vote.score(Y[is_hidden], y[is_hidden])
        shown = metrics.label_accuracy(Y[~is_hidden], y[~is_hidden])
        # What is told of the labels that were given is no measure of the map.
        assert shown > found[weight] - 0.05
    assert found[0.9] > found[0.0] - 0.02


def test_any_number_of_threads(two_thread_counts, X, y):
    one, two = two_thread_counts(
        lambda: TSNE(supervision=0.5, max_iter=60, random_state=0).fit_transform(X, y)
    )
    assert np.array_equal(one, two)


@pytest.mark.parametrize(
    "labels, parameters, error, message",
    [
        (None, {}, ValueError, "y must hold labels with supervision=0.5, got None"),
        (np.zeros(N - 1, int), {}, ValueError, r"y must have shape \(300,\), .* got \(299,\)"),
        (np.zeros((N, 1), int), {}, ValueError, r"y must have shape \(300,\), .* got \(300, 1\)"),
        (np.zeros(N), {}, TypeError, "y must hold integers, -1 for unknown, got dtype float64"),
        (["a"] * N, {}, TypeError, "y must hold integers"),
        (np.full(N, -2), {}, ValueError, "y must hold labels of -1 or more, got -2"),
        (np.full(N, -1), {}, ValueError, "y must hold a known label, got -1 alone"),
        (np.zeros(N, int), dict(supervision=1), ValueError, "supervision must be below 1, got 1"),
        (np.zeros(N, int), dict(supervision=-1), ValueError, "supervision must be 0 or more"),
        (np.zeros(N, int), dict(supervision="a"), TypeError, "supervision must be a number"),
        (
            np.zeros(N, int),
            dict(affinities=np.ones((N, N))),
            ValueError,
            "affinities must not be a matrix with supervision above 0",
        ),
        (
            np.ma.masked_equal(np.arange(N), 3),
            {},
            ValueError,
            "y must not have masked entries",
        ),
    ],
)
def test_bad_labels_are_named_before_any_work(X, labels, parameters, error, message):
    steps = []
    with pytest.raises(error, match=message):
        TSNE(**{"supervision": 0.5, "progress": steps.append, **parameters}).fit(X, labels)
    assert steps == []
