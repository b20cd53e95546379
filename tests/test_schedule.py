"""Phases, the default schedule, and schedules that a user gives."""

import math

import numpy as np
import pytest
import torch
from sample import points
from sklearn.datasets import load_digits

from fasttsne import TSNE, Phase
from fasttsne.schedule import check_schedule, default_schedule


@pytest.mark.parametrize("n", [2, 1499, 1500, 4999, 5000, 10**6])
@pytest.mark.parametrize("max_iter", [None, 1, 2, 7, 60, 250, 1001])
def test_default_schedule(n, max_iter):
    phases = default_schedule(n, 12, "auto", max_iter)
    total = sum(phase.iterations for phase in phases)
    assert total == max_iter if max_iter else 200 <= total <= 750
    assert [phase.exaggeration for phase in phases] == [12] + [1] * (len(phases) - 1)
    assert math.isclose(phases[0].learning_rate, n / 48)
    assert all(math.isclose(phase.learning_rate, n / 4) for phase in phases[1:])
    assert all(phase.iterations >= 0 and 0 < phase.momentum < 1 for phase in phases)
    assert all(phase.learning_rate == 7 for phase in default_schedule(n, 12, 7.0, max_iter))


@pytest.mark.parametrize(
    "start, expected",
    [
        (None, [(50, 12), (50, 4), (60, 4), (40, 4)]),
        (0, [(50, 12), (50, 4), (60, 4), (40, 4)]),
        (70, [(50, 12), (20, 1), (30, 4), (60, 4), (40, 4)]),
        (100, [(50, 12), (50, 1), (60, 4), (40, 4)]),
        (500, [(50, 12), (50, 1), (60, 1), (40, 1)]),
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


@pytest.mark.parametrize("dof", [3, 10])
def test_light_tails_do_not_overshoot(dof):
    X = load_digits().data  # enough points for the momentum of many
    estimator = TSNE(random_state=0, dof=dof).fit(X)
    assert len(default_schedule(len(X))) > len(default_schedule(len(X), light_tails=True))
    swinging = TSNE(random_state=0, dof=dof, schedule=default_schedule(len(X))).fit(X)
    assert estimator.kl_divergence_ < 0.7 * swinging.kl_divergence_
