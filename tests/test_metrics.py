"""Recall and label accuracy against brute force."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fasttsne.metrics import label_accuracy, neighbor_recall


def brute_force_neighbors(data, k):
    data = np.asarray(data, np.float64)
    sq_distances = ((data[:, None] - data[None]) ** 2).sum(2)
    np.fill_diagonal(sq_distances, np.inf)
    return np.argsort(sq_distances, axis=1, kind="stable")[:, :k]


def brute_force_recall(X, Y, k):
    pairs = zip(brute_force_neighbors(X, k), brute_force_neighbors(Y, k), strict=True)
    return np.mean([len(set(a) & set(b)) / k for a, b in pairs])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("n_columns", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("k", [1, 10, 119])
def test_recall_equals_brute_force(rng, n_columns, k):
    X = rng.normal(size=(120, 9))
    Y = X[:, :n_columns] + 0.3 * rng.normal(size=(120, n_columns))
    assert neighbor_recall(X, Y, k) == pytest.approx(brute_force_recall(X, Y, k), abs=1e-12)


def test_recall_of_the_data_itself_is_one_and_of_noise_is_chance(rng):
    X = rng.normal(size=(1000, 20)).astype(np.float32)
    assert neighbor_recall(X, X) == 1.0
    assert neighbor_recall(X, rng.normal(size=(1000, 2))) == pytest.approx(10 / 999, abs=0.005)


def test_recall_survives_a_large_offset_and_scale(rng):
    X = rng.normal(size=(300, 12))
    Y = X[:, :2]
    expected = brute_force_recall(X, Y, 10)
    assert neighbor_recall(X * 1e6 + 1e9, Y) == pytest.approx(expected, abs=1e-12)
    assert neighbor_recall(X * 1e-12, Y * 1e-12 + 1e-3) == pytest.approx(expected, abs=1e-12)


def test_far_clusters_keep_their_own_neighbours(rng):
    X = rng.normal(size=(400, 8))
    X[200:] += 1e5
    assert neighbor_recall(X, X[:, :5]) == pytest.approx(
        brute_force_recall(X, X[:, :5], 10), abs=1e-12
    )


@pytest.mark.parametrize("n_columns", [2, 6])
def test_self_is_excluded_by_index_among_duplicates(rng, n_columns):
    # Every point four times: with k = 3 the other copies are the neighbours, all of them.
    X = np.repeat(rng.normal(size=(50, n_columns)), 4, axis=0)[rng.permutation(200)]
    assert neighbor_recall(X, X, k=3) == 1.0
    labels = np.unique(X, axis=0, return_inverse=True)[1].ravel()
    assert label_accuracy(X, labels, k=3) == 1.0
    # A label of its own for every row: only a row that votes for itself could be right.
    assert label_accuracy(X, np.arange(200), k=3) == 0.0


def test_ties_count_for_whichever_copy_a_search_names(rng):
    X = np.repeat(rng.normal(size=(10, 5)), 30, axis=0)
    Y = X[:, :2] + 1e-9 * rng.normal(size=(300, 2))
    assert neighbor_recall(X, Y, k=10) == 1.0


def test_all_points_equal():
    assert neighbor_recall(np.ones((50, 5)), np.ones((50, 2)), k=10) == 1.0


def test_sample_is_seeded_and_close_to_the_whole(rng):
    X = rng.normal(size=(3000, 6))
    Y = X[:, :2]
    whole = neighbor_recall(X, Y, n_sample=3000)
    sample = neighbor_recall(X, Y, n_sample=500, seed=1)
    assert sample == neighbor_recall(X, Y, n_sample=500, seed=1)
    assert sample != neighbor_recall(X, Y, n_sample=500, seed=2)
    assert sample == pytest.approx(whole, abs=0.02)


def test_inputs_of_all_kinds_give_the_same(rng):
    X = rng.integers(0, 200, size=(300, 10))
    Y = rng.normal(size=(300, 2)).astype(np.float32)
    expected = neighbor_recall(X, Y)
    for x, y in [
        (X.astype(np.uint8), Y),
        (X.astype(np.float16), Y),
        (torch.from_numpy(X), torch.from_numpy(Y)),
        (torch.from_numpy(X).half(), torch.from_numpy(Y).requires_grad_()),
        (np.asfortranarray(X), Y[::-1][::-1]),
        (X.tolist(), Y.tolist()),
    ]:
        assert neighbor_recall(x, y) == expected


def test_input_is_left_as_it_was(rng):
    X, Y = torch.randn(100, 6, dtype=torch.float64), rng.normal(size=(100, 2))
    before = X.clone(), Y.copy()
    neighbor_recall(X, Y)
    assert torch.equal(X, before[0]) and np.array_equal(Y, before[1])


def brute_force_accuracy(Y, labels, k):
    right = 0
    for row, neighbors in enumerate(brute_force_neighbors(Y, k)):
        voters = [labels[j] for j in neighbors]
        most = max(voters.count(label) for label in voters)
        winner = next(label for label in voters if voters.count(label) == most)
        right += winner == labels[row]
    return right / len(Y)


@pytest.mark.parametrize("k", [1, 2, 4, 10])
@pytest.mark.parametrize("n_columns", [2, 5])
def test_accuracy_equals_brute_force_with_ties(rng, k, n_columns):
    labels = rng.integers(0, 6, 250)
    Y = rng.normal(size=(6, n_columns))[labels] + 0.8 * rng.normal(size=(250, n_columns))
    expected = brute_force_accuracy(Y, labels.tolist(), k)
    assert 0.2 < expected < 0.95
    assert label_accuracy(Y, labels, k) == pytest.approx(expected, abs=1e-12)
    names = np.array(["f", "b", "d", "a", "e", "c"])[labels]
    assert label_accuracy(Y, names, k) == pytest.approx(expected, abs=1e-12)
    assert label_accuracy(torch.from_numpy(Y), torch.from_numpy(labels), k) == pytest.approx(
        expected, abs=1e-12
    )


def test_as_many_labels_as_rows(rng):
    # Memory that grew with rows times labels would take 8 GB here.
    Y = rng.normal(size=(200_000, 2))
    assert label_accuracy(Y, np.arange(200_000)) == 0.0


def test_unlabelled_rows_neither_vote_nor_count(rng):
    Y = rng.normal(size=(200, 2))
    labels = (Y[:, 0] > 0).astype(int)
    crowd = np.concatenate([Y, Y, Y])
    crowd_labels = np.concatenate([labels, np.full(400, -1)])
    assert label_accuracy(crowd, crowd_labels) == label_accuracy(Y, labels)


def test_digits_of_real_data(data_dir):
    with np.load(data_dir / "bench" / "pbmc68k_reduced" / "pbmc68k_reduced.npz") as data:
        X, labels = data["pca50"], data["y"]
    assert neighbor_recall(X, X[:, :2]) == pytest.approx(
        brute_force_recall(X, X[:, :2], 10), abs=1e-12
    )
    assert label_accuracy(X, labels) > label_accuracy(X[:, :2], labels) > 0.5


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": np.zeros((9, 3))}, ValueError, "as many rows, got 9 and 20"),
        ({"X": np.zeros(20)}, ValueError, r"X must have shape .*got \(20,\)"),
        ({"Y": np.zeros((20, 0))}, ValueError, r"Y must have shape"),
        ({"X": np.full((20, 3), np.nan)}, ValueError, "X must be finite"),
        ({"Y": np.full((20, 2), np.inf)}, ValueError, "Y must be finite"),
        ({"X": np.zeros((20, 3), complex)}, TypeError, "X must hold real numbers"),
        ({"X": torch.zeros(20, 3, dtype=torch.complex64)}, TypeError, "X must hold real numbers"),
        ({"X": np.full((20, 3), "a")}, TypeError, "X must hold real numbers"),
        ({"k": 0}, ValueError, "k must be 1 to 19"),
        ({"k": 20}, ValueError, "k must be 1 to 19.*got 20"),
        ({"n_sample": 0}, ValueError, "n_sample must be at least 1"),
    ],
)
def test_recall_refuses(change, error, message):
    arguments = {"X": np.zeros((20, 3)), "Y": np.zeros((20, 2)), **change}
    with pytest.raises(error, match=message):
        neighbor_recall(**arguments)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.zeros(19, int), ValueError, r"labels must have shape \(20,\)"),
        (np.zeros(20), TypeError, "labels must be integers or strings"),
        (np.full(20, -1), ValueError, "k must be"),
    ],
)
def test_accuracy_refuses(labels, error, message):
    with pytest.raises(error, match=message):
        label_accuracy(np.zeros((20, 2)), labels)
