"""Maps of a time series: aligned by anchors they are steadier than separate ones."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes

from fasttsne import TSNE, metrics

N, TIMES = 400, 3


def series(seed):
    """Clusters that drift a little from time to time, each point with noise of its own."""
    g = np.random.default_rng(seed)
    label = g.integers(8, size=N)
    centers = 4 * g.normal(size=(8, 10))
    within = g.normal(size=(N, 10))
    data = []
    for _ in range(TIMES):
        data.append((centers[label] + within + 0.3 * g.normal(size=(N, 10))).astype(np.float32))
        centers = centers + 0.3 * g.normal(size=centers.shape)
    return data, label


def displacement(before, after):
    """Mean distance between two maps that are turned onto each other, in units of the radius."""
    before, after = before - before.mean(0), after - after.mean(0)
    turn, _ = orthogonal_procrustes(after, before)
    radius = np.sqrt((before**2).sum(1).mean())
    return np.linalg.norm(after @ turn - before, axis=1).mean() / radius


def unsteadiness(maps):
    return np.mean([displacement(a, b) for a, b in pairwise(maps)])


@pytest.mark.parametrize("seed", range(4))
def test_an_aligned_series_is_steadier_than_separate_maps(seed):
    data, label = series(seed)
    separate = [TSNE(random_state=seed).fit_transform(X) for X in data]
    aligned = [separate[0]]
    for X in data[1:]:
        last = aligned[-1]
        parameters = dict(init=last, anchors=last, anchor_weight=1.0, random_state=seed)
        aligned.append(TSNE(**parameters).fit_transform(X))
    assert unsteadiness(aligned) < 0.5 * unsteadiness(separate)
    # Each map is still one of its own data.
    for X, Y, Y_alone in zip(data, aligned, separate, strict=True):
        kept = metrics.neighbor_recall(X, Y) / metrics.neighbor_recall(X, Y_alone)
        assert kept > 0.9
        assert metrics.label_accuracy(Y, label) > 0.9
