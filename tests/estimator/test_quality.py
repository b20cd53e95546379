"""Maps of real data: the methods against each other and against scikit-learn.

Every KL divergence here is measured alike, on one P shared by all maps of a data set and with Z
summed over all pairs in float64; iterations are equal for all.
"""

from __future__ import annotations

import math
import statistics
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.manifold import TSNE as SklearnTSNE

from fasttsne import TSNE, _validation, initialization, landmarks, reference
from fasttsne.affinities import Perplexity
from fasttsne.metrics import neighbor_recall
from fasttsne.neighbors.exact import exact_neighbors

ITERATIONS = 500
METHODS = ("exact", "barnes_hut", "fft")


def landmark_list(name):
    def load(data_dir):
        path = data_dir / "landmarks" / name / f"list_{name}.txt"
        return landmarks.read_list(path).points.reshape(-1, 136)

    return load


def mnist(data_dir):
    X = np.load(data_dir / "bench" / "mnist" / "mnist.npz")["X"]
    return X[np.random.default_rng(0).permutation(len(X))[:3000]].astype(np.float32)


def cells(data_dir):
    return np.load(data_dir / "bench" / "pbmc68k_reduced" / "pbmc68k_reduced.npz")["pca50"]


DATA = {
    "pyfeat_news": landmark_list("pyfeat_news"),
    "plsr_emotion_videos": landmark_list("plsr_emotion_videos"),
    "openface_pyfeat_test": landmark_list("openface_pyfeat_test"),
    "ytfaces_udacity": landmark_list("ytfaces_udacity"),
    "mnist": mnist,
    "pbmc68k_reduced": cells,
}


class Maps:
    """Quality of all maps of one data set: medians over starts.

    Few points have many minima, and which one a descent finds hangs on the last bit of its start
    (100 frames: 10 % in KL), so small sets are embedded from several starts a millionth apart.
    """

    def __init__(self, X):
        n = len(X)
        # 100 frames of one video are too few for the default.
        perplexity = 30.0 if n > 120 else 15.0
        scaled = _validation.as_matrix(X)
        scaled = (scaled - scaled.mean(0)).float()
        k = min(n - 1, int(3 * perplexity))
        self.P = Perplexity(perplexity).joint(exact_neighbors(scaled, k))
        starts = [
            (initialization.pca(scaled, 2, 0) + 1e-2 * initialization.random(n, 2, s)).numpy()
            for s in range(25 if n < 200 else 9 if n < 1000 else 1)
        ]
        fits = {m: partial(TSNE, method=m) for m in METHODS}
        fits["sklearn"] = SklearnTSNE
        self.kl, self.recall = {}, {}
        for name, estimator in fits.items():
            embeddings = [
                estimator(
                    perplexity=perplexity, max_iter=ITERATIONS, init=start, random_state=0
                ).fit_transform(X)
                for start in starts
            ]
            self.kl[name] = statistics.median(self.measure(Y) for Y in embeddings)
            self.recall[name] = statistics.median(neighbor_recall(X, Y) for Y in embeddings)

    def measure(self, Y):
        Y = torch.from_numpy(Y).double()
        _, Z = reference.repulsive_exact(Y, 1.0)
        P = self.P
        _, cost = reference.attractive_forces(P.indptr, P.indices, P.values.double(), Y, 1.0, True)
        return P.negative_entropy() + float(cost) + math.log(Z)


SOONEST = ("mnist", "pbmc68k_reduced")
"""Sets of data that ``make test`` embeds; each takes about as long, and those of landmarks are left
to ``make test-deep``."""


@pytest.fixture(
    scope="module",
    params=[
        name if name in SOONEST else pytest.param(name, marks=pytest.mark.deep) for name in DATA
    ],
)
def maps(request, data_dir):
    return Maps(DATA[request.param](data_dir))


@pytest.mark.slow
def test_no_method_ends_above_scikit_learn(maps):
    # 1 %: two descents of one objective by one rule differ by so much from their rounding alone.
    for method in METHODS:
        assert maps.kl[method] <= 1.01 * maps.kl["sklearn"], (method, maps.kl)


@pytest.mark.slow
def test_force_errors_cost_little(maps):
    assert maps.kl["fft"] <= 1.03 * maps.kl["exact"], maps.kl
    assert maps.kl["barnes_hut"] <= 1.08 * maps.kl["exact"], maps.kl


@pytest.mark.slow
def test_neighbours_are_kept_as_well_as_by_scikit_learn(maps):
    for method in METHODS:
        assert maps.recall[method] >= maps.recall["sklearn"] - 0.02, (method, maps.recall)


def test_ravdess_fixture_is_read_but_is_too_small_to_embed(data_dir):
    path = data_dir / "landmarks" / "ravdess_2frames" / "list_ravdess_2frames.txt"
    X = landmarks.read_list(path, drop_neutral=False).points.reshape(-1, 136)
    with pytest.raises(ValueError, match=r"perplexity \(30\) must be less than n_samples \(2\)"):
        TSNE().fit(X)
    assert np.isfinite(TSNE(perplexity=1).fit_transform(X)).all()


@pytest.mark.parametrize("method", METHODS)
def test_real_frames_repeat_bit_for_bit(method, data_dir, two_thread_counts):
    X = DATA["ytfaces_udacity"](data_dir)
    one, two = two_thread_counts(
        lambda: TSNE(method=method, max_iter=100, random_state=0).fit_transform(X)
    )
    assert np.array_equal(one, two)
