"""What is told before a long fit."""

import re

import numpy as np

from fasttsne import TSNE
from fasttsne.cli import shared
from fasttsne.datasets import make_landmark_frames
from fasttsne.fit import estimate


def test_memory_grows_with_rows_columns_and_neighbours():
    small = estimate.memory_needed(10**6, 50, 90)
    assert estimate.memory_needed(10**7, 50, 90) > 5 * small
    assert estimate.memory_needed(10**6, 5000, 90) > 4 * 10**6 * 5000
    assert estimate.memory_needed(10**6, 50, 300) > 2 * small


def test_a_sentence_is_printed_before_a_fit_of_many_rows(monkeypatch, capsys):
    X = make_landmark_frames(3000).points.reshape(3000, -1)
    for limit, printed in ((2999, True), (3000, False)):
        monkeypatch.setattr(estimate, "MANY_ROWS", limit)
        monkeypatch.setattr(estimate, "_SAMPLE", 1000)
        tsne = shared.fit(X, quiet=False, max_iter=20, random_state=0)
        assert tsne.embedding_.shape == (3000, 2)
        told = re.findall(r"3,000 rows: about \d+ minutes and \d+\.\d GB", capsys.readouterr().err)
        assert len(told) == printed
    shared.fit(X, quiet=True, max_iter=20)
    assert not capsys.readouterr().err


def test_the_estimator_is_not_changed():
    X = np.random.default_rng(0).normal(size=(100_001, 3)).astype(np.float32)
    tsne = TSNE(max_iter=2, verbose=1)
    before = tsne.get_params()
    assert estimate.sentence(tsne, X).startswith("100,001 rows")
    assert tsne.get_params() == before and not hasattr(tsne, "embedding_")
