"""Further phases of a fitted map: the same bits as one fit, P of another perplexity."""

import pickle

import numpy as np
import pytest
import torch
from sample import points
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from fasttsne import TSNE, Phase
from fasttsne.affinities import Multiscale, joint_affinities

N = 700
FIRST = [Phase(60, exaggeration=12, momentum=0.5), Phase(47, momentum=0.8)]
NEXT = dict(exaggeration=1.5, momentum=0.9, learning_rate=100.0, compression=1e-4)


pytestmark = pytest.mark.usefixtures("small_cells")


@pytest.fixture(scope="module")
def X():
    return points("clustered", N, 8).numpy()


@pytest.fixture(scope="module")
def fitted(X):
    """Not to be changed: copy it by pickle."""
    return TSNE(random_state=0, perplexity=20, schedule=FIRST).fit(X)


def copy(fitted):
    return pickle.loads(pickle.dumps(fitted))


@pytest.mark.parametrize("neighbors, dims", [("exact", 2), ("exact", 3), ("cells", 2)])
@pytest.mark.parametrize(
    "method, n", [("exact", 600), ("barnes_hut", 600), ("fft", 600), ("auto", 1600)]
)
def test_a_fit_and_a_further_phase_are_one_schedule_to_the_bit(method, n, dims, neighbors):
    X = points("clustered", n, 8)
    parameters = dict(
        n_components=dims, method=method, neighbors=neighbors, random_state=0, perplexity=10
    )
    whole = TSNE(schedule=[*FIRST, Phase(55, **NEXT), Phase(30)], **parameters).fit(X)
    parts = TSNE(schedule=FIRST, **parameters).fit(X)
    assert parts.optimize(55, **NEXT) is parts
    parts.optimize(30)
    assert torch.equal(parts.embedding_, whole.embedding_)
    assert parts.kl_divergence_ == whole.kl_divergence_
    assert parts.n_iter_ == whole.n_iter_ == 191
    assert parts.learning_rate_ == whole.learning_rate_
    assert torch.equal(parts.transform(X[:5] + 0.01), whole.transform(X[:5] + 0.01))


def test_phases_of_the_default_schedule_can_be_run_one_by_one(X):
    from fasttsne.schedule import default_schedule

    phases = default_schedule(N, neighbors=90)
    whole = TSNE(random_state=0).fit(X)
    parts = TSNE(random_state=0, schedule=phases[:1]).fit(X)
    for phase in phases[1:]:
        parts.optimize(phase.iterations, momentum=phase.momentum)
    assert np.array_equal(parts.embedding_, whole.embedding_)


@pytest.mark.parametrize("objective", ["symmetric_sne", "sne"])
def test_other_objectives_go_on(X, objective):
    parameters = dict(objective=objective, random_state=0, min_grad_norm=0)
    whole = TSNE(schedule=[*FIRST, Phase(40)], **parameters).fit(X)
    parts = TSNE(schedule=FIRST, **parameters).fit(X).optimize(40)
    assert np.array_equal(parts.embedding_, whole.embedding_)
    assert parts.kl_divergence_ == whole.kl_divergence_


def test_a_descent_that_was_stopped_goes_on(X):
    stop = TSNE(random_state=0, callback=lambda i, kl, Y: i == 29, callback_every=30).fit(X)
    seen = []
    stop.set_params(callback=lambda i, kl, Y: seen.append(i), callback_every=10)
    before = stop.kl_divergence_
    stop.optimize(100)
    assert stop.n_iter_ == 128 and seen == list(range(29, 129, 10))
    assert stop.kl_divergence_ < before


@pytest.mark.parametrize("perplexity", [5, 13.4, 20])
def test_p_of_another_perplexity_is_that_of_a_new_fit(X, fitted, perplexity):
    map_ = copy(fitted).optimize(30, perplexity=perplexity)
    P, expected = map_._kept.P, joint_affinities(X, perplexity)
    assert all(torch.equal(a, b) for a, b in zip(P, expected, strict=True))
    other = TSNE(perplexity=perplexity, random_state=0, schedule=FIRST).fit(X)
    # Neighbours of the kept lists are those of the fit: all of them, for a further change.
    assert map_._kept.neighbors.indices.shape[1] == 60
    # New points are placed by the new perplexity, from their first places on.
    new = X[:9] + np.float32(0.3)
    assert map_._fitted_map.affinities == other._fitted_map.affinities
    same = copy(fitted).optimize(30)
    same_places = np.array_equal(map_.transform(new), same.transform(new))
    assert same_places == (perplexity == 20) and map_.perplexity == 20


def test_the_kl_of_sne_is_that_of_the_new_p(X):
    small = TSNE(objective="sne", perplexity=20, random_state=0, schedule=FIRST).fit(X)
    small.optimize(1, perplexity=7, learning_rate=1e-12)
    again = TSNE(
        objective="sne",
        perplexity=7,
        init=small.embedding_,
        schedule=[Phase(1, learning_rate=1e-12)],
    ).fit(X)
    assert small.kl_divergence_ == pytest.approx(again.kl_divergence_, rel=1e-5)


def test_any_affinities_may_become_one_perplexity(X):
    fitted = TSNE(affinities=Multiscale([5, 20]), random_state=0, schedule=FIRST).fit(X)
    fitted.optimize(10, perplexity=12)
    expected = joint_affinities(X, 12)
    assert all(torch.equal(a, b) for a, b in zip(fitted._kept.P, expected, strict=True))


def test_a_map_of_a_matrix_or_of_a_graph_goes_on_without_data(X):
    P = joint_affinities(X, 20).to_scipy()
    parameters = dict(init=X[:, :2] / 1e4, random_state=0)
    fitted = TSNE(affinities=P, schedule=FIRST, **parameters).fit(None).optimize(20)
    whole = TSNE(affinities=P, schedule=[*FIRST, Phase(20)], **parameters).fit(None)
    assert np.array_equal(fitted.embedding_, whole.embedding_)
    with pytest.raises(ValueError, match="perplexity must be None where no neighbours are kept"):
        fitted.optimize(20, perplexity=5)


def test_what_a_user_does_with_the_map_does_not_reach_the_descent(X, fitted):
    one, other = copy(fitted), copy(fitted)
    one.embedding_[:] = 0
    assert np.array_equal(one.optimize(20).embedding_, other.optimize(20).embedding_)


def test_an_error_leaves_the_estimator_as_it_was(fitted):
    def fail(*_):
        raise RuntimeError("of the callback")

    one, other = copy(fitted), copy(fitted)
    one.set_params(callback=fail, callback_every=10)
    with pytest.raises(RuntimeError, match="of the callback"):
        one.optimize(50)
    assert np.array_equal(one.embedding_, fitted.embedding_)
    one.set_params(callback=None)
    assert np.array_equal(one.optimize(20).embedding_, other.optimize(20).embedding_)


def test_a_further_phase_can_be_resumed_and_a_resumed_fit_goes_on(tmp_path, X):
    path = tmp_path / "fit.pt"
    whole = TSNE(random_state=0, schedule=[*FIRST, Phase(60), Phase(20)]).fit(X)
    fitted = TSNE(random_state=0, schedule=FIRST, checkpoint=path, checkpoint_every=10).fit(X)

    def stop(i, kl, Y):
        if i == 139:
            raise RuntimeError("stop")

    fitted.set_params(callback=stop, callback_every=20)
    with pytest.raises(RuntimeError, match="stop"):
        fitted.optimize(60)
    resumed = TSNE.resume(path, X)
    assert np.array_equal(resumed.optimize(20).embedding_, whole.embedding_)
    with pytest.raises(ValueError, match="perplexity must be None where no neighbours are kept"):
        resumed.optimize(20, perplexity=5)


def test_what_is_kept_is_a_choice(X):
    plain = TSNE(random_state=0, max_iter=30, keep_state=False).fit(X)
    kept = TSNE(random_state=0, max_iter=30, keep_state=True).fit(X)
    assert np.array_equal(plain.embedding_, kept.embedding_)
    assert plain._kept is None and clone(kept).keep_state is True
    assert len(pickle.dumps(kept)) - len(pickle.dumps(plain)) > 8 * N * 90
    with pytest.raises(ValueError, match=r"needs what a fit with keep_state=True .* of 700 s"):
        plain.optimize(10)


def test_many_samples_keep_nothing_unless_asked(X, monkeypatch):
    monkeypatch.setattr("fasttsne.fit.kept.KEPT_UP_TO", N - 1)
    assert TSNE(max_iter=1).fit(X)._kept is None
    assert TSNE(max_iter=1, keep_state=True).fit(X)._kept is not None


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        (dict(iterations=0), ValueError, "iterations must be 1 or more, got 0"),
        (dict(iterations=2.5), TypeError, "iterations must be an integer, got 2.5"),
        (dict(exaggeration=0), ValueError, "exaggeration must be above 0"),
        (dict(momentum=1.0), ValueError, "momentum must be below 1, got 1.0"),
        (dict(learning_rate="fast"), ValueError, "learning_rate must be a number or 'auto'"),
        (dict(compression=-1), ValueError, "compression must be 0 or more"),
        (dict(perplexity=21), ValueError, "at most 20, a third of the 60 .* perplexity=21 sea"),
        (dict(perplexity=0.5), ValueError, "perplexity must be 1 or more"),
        (dict(perplexity="30"), TypeError, "perplexity must be a number"),
    ],
)
def test_bad_arguments_are_named_before_any_work(fitted, arguments, error, message):
    with pytest.raises(error, match=message):
        fitted.optimize(**{"iterations": 10, **arguments})


def test_bad_estimators_are_named(X, fitted):
    with pytest.raises(NotFittedError):
        TSNE().optimize(10)
    with pytest.raises(ValueError, match="n_components must be 2, as in the fit, got 3"):
        copy(fitted).set_params(n_components=3).optimize(10)
    for wrong, error in ((3, TypeError), ("yes", ValueError)):
        with pytest.raises(error, match="keep_state must be True, False or 'auto'"):
            TSNE(keep_state=wrong).fit(X)
