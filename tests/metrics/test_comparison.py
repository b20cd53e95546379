"""PCA beside t-SNE: the maps and the numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fasttsne import comparison, metrics


@pytest.fixture
def X():
    rng = np.random.default_rng(0)
    return rng.normal(size=(90, 5)) * [9, 4, 2, 1, 1] + 3.0


@pytest.mark.parametrize("kind", [np.array, torch.tensor])
@pytest.mark.parametrize("m", [2, 3])
def test_beside_pca(X, kind, m):
    Y = X[:, -m:]
    maps = comparison.beside_pca(kind(X), kind(Y))
    assert list(maps) == ["PCA", "t-SNE"]
    np.testing.assert_array_equal(maps["t-SNE"], Y)
    centred = X - X.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    for found, expected in zip(maps["PCA"].T, axes[:m] @ centred.T, strict=True):
        cosine = found @ expected / np.linalg.norm(found) / np.linalg.norm(expected)
        assert abs(cosine) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("shape", [(89, 5), (90, 1), (90,)])
def test_beside_pca_refuses(shape):
    with pytest.raises(
        ValueError, match=r"X must have (shape \(90, d\) with d >= 2|2 dimensions .*), got"
    ):
        comparison.beside_pca(np.zeros(shape), np.zeros((90, 2)))


def test_measures(X):
    Y, labels = X[:, :2], np.arange(90) % 3
    found = comparison.measures(X, Y, labels, k=7)
    assert found == {
        "neighbour recall@7": metrics.neighbor_recall(X, Y, 7),
        "7-NN accuracy": metrics.label_accuracy(Y, labels, 7),
    }
    some = comparison.measures(X, Y, labels, n_sample=20, seed=3)
    assert some["neighbour recall@10"] == metrics.neighbor_recall(X, Y, 10, 20, 3)
    text = comparison.caption({"one": 0.123, "two": 1.0})
    assert text == "one  0.12      two  1.00"


def test_measures_of_few_rows_and_of_rows_without_classes(X):
    assert list(comparison.measures(X[:5], X[:5, :2])) == ["neighbour recall@4"]
    for labels in (np.zeros(90, int), np.full(90, -1), np.where(np.arange(90) < 10, 1, -1)):
        assert list(comparison.measures(X, X[:, :2], labels)) == ["neighbour recall@10"]
