"""scikit-learn's own tests of TSNE and of estimators, aimed at ours."""

import warnings
from importlib.util import find_spec, module_from_spec

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import KNeighborsTransformer
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from fasttsne import TSNE

# Tests of private functions of scikit-learn's module, which are not TSNE's to have, and of others.
PRIVATE = {
    "test_gradient_descent_stops": "_gradient_descent",
    "test_binary_search": "_binary_search_perplexity",
    "test_binary_search_underflow": "_binary_search_perplexity",
    "test_binary_search_neighbors": "_binary_search_perplexity",
    "test_binary_perplexity_stability": "_binary_search_perplexity",
    "test_gradient": "_joint_probabilities, _kl_divergence",
    "test_answer_gradient_two_points": "_barnes_hut_tsne.gradient",
    "test_answer_gradient_four_points": "_barnes_hut_tsne.gradient",
    "test_skip_num_points_gradient": "_barnes_hut_tsne.gradient",
    "test_barnes_hut_angle": "_joint_probabilities, _kl_divergence_bh",
    "test_gradient_bh_multithread_match_sequential": "_kl_divergence_bh",
    "test_n_iter_without_progress": "sets _N_ITER_CHECK; ours is test_no_progress_ends_a_phase",
    "test_optimization_minimizes_kl_divergence": "compares single maps, which end in minima of "
    "their own; ours is test_more_iterations_end_lower",
    "test_tsne_with_different_distance_metrics": "compares float32 distances, where "
    "ours are of float64; ours is test_a_metric_is_its_distances_to_the_bit",
}
# Of another function than TSNE.
OTHERS = {
    "test_trustworthiness",
    "test_trustworthiness_n_neighbors_error",
    "test_trustworthiness_not_euclidean_metric",
}


def _aimed_at_ours():
    spec = find_spec("sklearn.manifold.tests.test_t_sne")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.TSNE = TSNE
    return {name: test for name, test in vars(module).items() if name.startswith("test_")}


SUITE = _aimed_at_ours()
globals().update(
    {name: test for name, test in SUITE.items() if name not in PRIVATE and name not in OTHERS}
)


def test_what_is_left_out_still_exists():
    assert {*PRIVATE, *OTHERS} <= set(SUITE)
    assert len(SUITE) - len(PRIVATE) - len(OTHERS) >= 25


@parametrize_with_checks([TSNE(perplexity=3, max_iter=60)])
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def X():
    g = np.random.default_rng(0)
    return np.concatenate([g.normal(size=(60, 5)), 8 + g.normal(size=(60, 5))])


@pytest.mark.parametrize("method", ["exact", "barnes_hut"])
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "chebyshev"])
def test_a_metric_is_its_distances_to_the_bit(metric, method):
    X = np.random.default_rng(0).normal(size=(50, 3))
    parameters = dict(method=method, init="random", random_state=0, max_iter=300)
    D = pairwise_distances(X, metric=metric)
    expected = TSNE(metric="precomputed", **parameters).fit_transform(D)
    # Under another name Euclidean distances, too, are scikit-learn's.
    named = {"euclidean": "l2"}.get(metric, metric)
    assert np.array_equal(TSNE(metric=named, **parameters).fit_transform(X), expected)


QUICK = dict(perplexity=10, max_iter=60, random_state=0)


def test_neighbors_of_a_pipeline(X):
    graph = KNeighborsTransformer(n_neighbors=31, mode="distance")
    piped = make_pipeline(graph, TSNE(metric="precomputed", init="random", **QUICK)).fit_transform(
        X
    )
    alone = TSNE(init="random", **QUICK).fit_transform(X)
    # The same start and neighbours; the descent amplifies the rounding of the distances.
    gap = np.linalg.norm(piped[:60].mean(0) - piped[60:].mean(0))
    assert piped.shape == alone.shape and gap > 0.5 * np.ptp(piped, axis=0).max() / 2


def test_clone_and_output_names(X):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abcde"), index=range(100, 220))
    estimator = clone(TSNE(3, dof=0.8, **QUICK)).set_output(transform="pandas")
    out = estimator.fit_transform(table)
    assert list(out.columns) == ["tsne0", "tsne1", "tsne2"] and list(out.index) == list(table.index)
    assert list(estimator.get_feature_names_out()) == ["tsne0", "tsne1", "tsne2"]
    assert list(estimator.feature_names_in_) == list("abcde")
    assert estimator.dof == 0.8


def test_more_iterations_end_lower():
    """As scikit-learn's test of one start has it, of the medians over nine."""
    X, _ = make_blobs(n_features=3, random_state=0)

    def kl(max_iter, seed):
        parameters = dict(init="random", perplexity=10, learning_rate=100.0, random_state=seed)
        return TSNE(max_iter=max_iter, **parameters).fit(X).kl_divergence_

    found = [np.median([kl(most, seed) for seed in range(9)]) for most in (250, 300, 350)]
    assert found[1] < found[0] and found[2] < found[1]


def test_no_progress_ends_a_phase(X, capsys):
    # Too long steps: no progress can be made.
    estimator = TSNE(
        n_iter_without_progress=-1,
        learning_rate=1e8,
        perplexity=10,
        max_iter=1500,  # the phases of fewer end before a second look
        verbose=2,
        random_state=0,
    ).fit(X)
    said = capsys.readouterr().out
    assert "did not make any progress during the last -1 episodes. Finished." in said
    assert estimator.n_iter_ < 1499


def test_float32_stays_float32(X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert TSNE(**QUICK).fit_transform(X.astype(np.uint8)).dtype == np.float32
