"""Phases, the default schedule, and schedules that a user gives."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from sample import points
from sklearn.datasets import load_digits

from fasttsne import TSNE, Phase
from fasttsne.affinities import Multiscale, Perplexity, Uniform, joint_affinities
from fasttsne.schedule import check_schedule, default_schedule


@pytest.mark.parametrize("n", [2, 100, 1500, 10**6])
@pytest.mark.parametrize("max_iter", [None, 1, 2, 7, 60, 250, 1001])
def test_default_schedule(n, max_iter):
    phases = default_schedule(n, 12, "auto", max_iter)
    total = sum(phase.iterations for phase in phases)
    assert total == (max_iter or 400)
    assert [phase.exaggeration for phase in phases] == [12] + [1] * (len(phases) - 1)
    assert math.isclose(phases[0].learning_rate, n / 48)
    assert all(math.isclose(phase.learning_rate, n / 4) for phase in phases[1:])
    assert all(phase.iterations >= 0 and 0 < phase.momentum < 1 for phase in phases)
    assert all(phase.learning_rate == 7 for phase in default_schedule(n, 12, 7.0, max_iter))


@pytest.mark.parametrize(
    "n, neighbors, least",
    [
        (50, 49, 0.2),
        (400, 90, 0.1232),
        (1797, 90, 0.0581),
        (3000, 90, 0.045),
        (3000, 1500, 0.1837),
        (10**6, 90, 1 / 60),
    ],
)
def test_momentum_grows_by_steps_with_points_over_neighbors(n, neighbors, least):
    early, *late, last = default_schedule(n, neighbors=neighbors)
    assert early.momentum == 0.5 and last.momentum == 0.9
    losses = [1 - phase.momentum for phase in late]
    assert losses[0] == pytest.approx(0.2) and losses[-1] == pytest.approx(least, abs=1e-4)
    ratios = [b / a for a, b in itertools.pairwise(losses)]
    assert ratios == pytest.approx([ratios[0]] * 3)


@pytest.mark.parametrize("max_iter", [200, 500, 1000, 3000])
def test_max_iter_scales_the_whole_rule(max_iter):
    for one, other in zip(
        default_schedule(5000), default_schedule(5000, max_iter=max_iter), strict=True
    ):
        assert abs(other.iterations - one.iterations * max_iter / 400) <= 1
        assert replace(one, iterations=0) == replace(other, iterations=0)


@pytest.mark.parametrize(
    "parameters, same_as",
    [
        (dict(perplexity=20), 60),
        (dict(affinities=Multiscale([5, 40])), 120),
        (dict(affinities=Uniform(15)), 15),
    ],
)
def test_the_rule_goes_by_the_neighbors_of_p(parameters, same_as):
    X = points("clustered", 400, 8)
    expected = default_schedule(400, neighbors=same_as)
    given = joint_affinities(X, affinities=parameters.get("affinities", Perplexity(20)))
    maps = [
        TSNE(random_state=0, **parameters).fit_transform(X),
        TSNE(random_state=0, **parameters, schedule=expected).fit_transform(X),
    ]
    assert torch.equal(*maps)
    # A matrix has the pairs of both directions, up to twice as many.
    of_matrix = TSNE(random_state=0, affinities=given.to_scipy(), max_iter=100)
    assert math.isfinite(of_matrix.fit(X).kl_divergence_)


@pytest.mark.parametrize(
    "start, expected",
    [
        (None, [(150, 12), (50, 4), (50, 4), (50, 4), (75, 4), (25, 4)]),
        (0, [(150, 12), (50, 4), (50, 4), (50, 4), (75, 4), (25, 4)]),
        (180, [(150, 12), (30, 1), (20, 4), (50, 4), (50, 4), (75, 4), (25, 4)]),
        (250, [(150, 12), (50, 1), (50, 1), (50, 4), (75, 4), (25, 4)]),
        (900, [(150, 12), (50, 1), (50, 1), (50, 1), (75, 1), (25, 1)]),
    ],
)
def test_late_exaggeration(start, expected):
    phases = default_schedule(10**4, late_exaggeration=4, late_exaggeration_start=start)
    assert [(phase.iterations, phase.exaggeration) for phase in phases] == expected
    assert all(phase.rate == 10**4 / phase.exaggeration / 4 for phase in phases)


def test_late_exaggeration_draws_clusters_together():
    X = points("clustered", 1000, 8)
    spans = [
        float(TSNE(random_state=0, late_exaggeration=late).fit_transform(X).std())
        for late in (1, 4)
    ]
    assert spans[1] < 0.7 * spans[0]


def test_early_compression_keeps_points_close_while_it_lasts():
    X = points("clustered", 500, 8)

    def spread(weight):
        phases = [Phase(60, 1.0, 0.5, 100, compression=weight)]
        return float(TSNE(random_state=0, schedule=phases).fit_transform(X).std())

    assert spread(1e-2) < 0.5 * spread(0)
    whole = TSNE(random_state=0, early_compression=1e-3).fit(X)
    assert math.isfinite(whole.kl_divergence_) and whole.kl_divergence_ > 0


def test_a_given_schedule_is_what_runs():
    X = points("clustered", 300, 8)
    phases = [Phase(20, 12, 0.5), Phase(30, 1, 0.8, learning_rate=40.0)]
    estimator = TSNE(random_state=0, schedule=phases).fit(X)
    assert estimator.report_.iterations == 50
    assert estimator.learning_rate_ == 300 / 12 / 4
    same = default_schedule(300, max_iter=120)
    expected = TSNE(random_state=0, max_iter=120).fit_transform(X)
    assert torch.equal(TSNE(random_state=0, schedule=same).fit_transform(X), expected)


BAD = [
    ([], TypeError, r"schedule must be a list of fasttsne.Phase, got \[\]"),
    ([(10, 1)], TypeError, "schedule must be a list of fasttsne.Phase"),
    (Phase(10), TypeError, "schedule must be a list of fasttsne.Phase"),
    ([Phase(-1)], ValueError, r"schedule\[0\].iterations must be 0 or more"),
    ([Phase(5), Phase(5, 0)], ValueError, r"schedule\[1\].exaggeration must be above 0"),
    ([Phase(5, momentum=1.0)], ValueError, r"schedule\[0\].momentum must be below 1, got 1.0"),
    ([Phase(5, learning_rate=0)], ValueError, r"schedule\[0\].learning_rate must be above 0"),
    ([Phase(5, learning_rate="a")], ValueError, "learning_rate must be a number or 'auto'"),
    ([Phase(5, compression=-1)], ValueError, r"schedule\[0\].compression must be 0 or more"),
    ([Phase(0)], ValueError, "schedule must hold 1 iteration or more"),
]


@pytest.mark.parametrize("schedule, error, message", BAD, ids=range(len(BAD)))
def test_a_wrong_schedule_is_named_before_any_work(schedule, error, message):
    with pytest.raises(error, match=message):
        check_schedule(schedule, 100)
    with pytest.raises(error, match=message):
        TSNE(schedule=schedule).fit(np.zeros((100, 2)))


@pytest.mark.parametrize("parameters", [dict(dof=3), dict(dof=10), dict(objective="sne")])
def test_light_tails_do_not_overshoot(parameters):
    # The attraction hardly weakens with the distance: momentum put on at once swings these maps.
    X = load_digits().data
    by_rule = TSNE(random_state=0, **parameters).fit(X).kl_divergence_
    slowly = [Phase(250, 12, 0.5), Phase(700, 1, 0.8)]
    at_once = [Phase(60, 12, 0.8), Phase(150, 1, 0.97), Phase(40, 1, 0.9)]
    arrived = TSNE(random_state=0, schedule=slowly, **parameters).fit(X).kl_divergence_
    thrown = TSNE(random_state=0, schedule=at_once, **parameters).fit(X).kl_divergence_
    assert by_rule < 1.01 * arrived
    assert by_rule < 0.7 * thrown


def test_a_rate_is_a_number_only_for_a_number_of_points():
    phase = Phase(10, exaggeration=2.0)
    assert phase.for_points(400).rate == 50.0
    with pytest.raises(ValueError, match=r"learning_rate is 'auto'.* phase\.for_points\(n\)\.rate"):
        _ = phase.rate
