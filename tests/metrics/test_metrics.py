"""The measures of a map against brute force, scikit-learn and known answers."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
import sklearn.manifold
import torch
from sample import KINDS, points
from scipy import stats
from scipy.spatial.distance import pdist
from sklearn.metrics import silhouette_samples, silhouette_score

from fasttsne import TSNE, initialization
from fasttsne.affinities import JointP, Perplexity, joint_affinities
from fasttsne.datasets import make_landmark_frames
from fasttsne.metrics import (
    Judge,
    class_neighbor_recall,
    cohesion,
    cohesion_by_label,
    continuity,
    digits,
    divergence,
    exact,
    kl_at_best_scale,
    kl_divergence,
    label_accuracy,
    neighbor_recall,
    pairwise_distance_correlation,
    reach,
    report,
    silhouette,
    silhouette_by_label,
    strays,
    triplet_accuracy,
    trustworthiness,
)
from fasttsne.metrics.distances import _sample_triplets
from fasttsne.neighbors.exact import exact_neighbors


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
        ({"X": np.zeros((9, 3))}, ValueError, "the same number of rows, got 9 and 20"),
        ({"X": np.zeros(20)}, ValueError, r"X must have 2 dim.*got shape \(20,\)"),
        ({"Y": np.zeros((20, 0))}, ValueError, "Y must have 1 feature or more"),
        ({"X": np.full((20, 3), np.nan)}, ValueError, "X must be finite"),
        ({"Y": np.full((20, 2), np.inf)}, ValueError, "Y must be finite"),
        ({"X": np.zeros((20, 3), complex)}, TypeError, "X must hold real numbers"),
        ({"X": torch.zeros(20, 3, dtype=torch.complex64)}, TypeError, "X must be .*real numbers"),
        ({"X": np.full((20, 3), "a")}, TypeError, "X must hold real numbers"),
        ({"k": 0}, ValueError, "k must be 1 or more, got 0"),
        ({"k": 20}, ValueError, r"k must be at most 19 \(the other rows\), got 20"),
        ({"n_sample": 0}, ValueError, "n_sample must be 1 or more, got 0"),
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
        (np.full(20, -1), ValueError, r"k must be at most 0 \(the other labelled rows\)"),
    ],
)
def test_accuracy_refuses(labels, error, message):
    with pytest.raises(error, match=message):
        label_accuracy(np.zeros((20, 2)), labels)


def dense_kl(P, Y, dof):
    """KL by its definition, in float64: q is w to the power of dof."""
    sq_distances = ((Y[:, None] - Y[None]) ** 2).sum(2)
    q = (1 + sq_distances / dof) ** -dof
    np.fill_diagonal(q, 0)
    rows = np.repeat(np.arange(len(Y)), np.diff(P.indptr))
    p = P.values.double().numpy()
    return (p * np.log(p * q.sum() / q[rows, P.indices])).sum()


@pytest.fixture
def P():
    return Perplexity(10.0).joint(exact_neighbors(points("clustered", 400, 6), 30))


@pytest.mark.parametrize("dof", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("dims", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_kl_equals_its_definition(P, kind, dims, dof):
    Y = points(kind, 400, dims).double().numpy()
    expected = dense_kl(P, Y, dof)
    assert expected > 0.1
    assert kl_divergence(P, Y, dof) == pytest.approx(expected, rel=1e-5)
    assert kl_divergence(P, torch.from_numpy(Y), dof=dof) == kl_divergence(P, Y, dof)


@pytest.mark.parametrize("dof", [0.5, 1.0, 2.0])
def test_kl_is_zero_where_p_is_q(dof):
    n = 300
    Y = points("normal", n, 2).double()
    q = (1 + torch.cdist(Y, Y).square() / dof) ** -dof
    others = ~torch.eye(n, dtype=torch.bool)
    P = JointP(
        torch.arange(n + 1) * (n - 1),
        others.nonzero()[:, 1].int(),
        (q / q[others].sum())[others].float(),
    )
    assert kl_divergence(P, Y, dof) == pytest.approx(0, abs=1e-6)
    uniform = P._replace(values=torch.full_like(P.values, 1 / (n * (n - 1))))
    assert kl_divergence(uniform, torch.ones(n, 2), dof) == pytest.approx(0, abs=1e-6)
    assert kl_divergence(P, Y.flip(0), dof) > 0.1


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_approximate_kl_is_within_a_percent(dims):
    X = points("clustered", 3000, 6)
    P = Perplexity(10.0).joint(exact_neighbors(X, 30))
    for Y in (X[:, :dims], 10 * X[:, :dims], 1e5 * X[:, :dims], 1e9 * X[:, :dims]):
        exact = kl_divergence(P, Y)
        assert kl_divergence(P, Y, method="approximate") == pytest.approx(exact, rel=0.01)
    dense = 10 * X[:, :dims]
    assert kl_divergence(P, dense, method="approximate") != kl_divergence(P, dense)
    with pytest.raises(ValueError, match="Y must spread less"):
        kl_divergence(P, 1e39 * dense.double(), method="approximate")


def test_kl_is_what_a_fit_reports():
    X = points("clustered", 1000, 6)
    estimator = TSNE(perplexity=10, method="exact", max_iter=100, random_state=0).fit(X)
    P = Perplexity(10.0).joint(exact_neighbors(X - X.mean(0), 30))
    assert kl_divergence(P, estimator.embedding_) == pytest.approx(
        estimator.kl_divergence_, rel=1e-5
    )


def test_kl_ignores_where_the_map_lies(P):
    Y = points("normal", 400, 2).double()
    assert kl_divergence(P, Y + 1e6) == pytest.approx(kl_divergence(P, Y), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"P": "P"}, TypeError, "P must be a fasttsne.affinities.JointP, got str"),
        ({"Y": np.zeros((399, 2))}, ValueError, "the same number of rows, got 400 and 399"),
        ({"Y": np.full((400, 2), np.nan)}, ValueError, "Y must be finite"),
        ({"Y": np.zeros((400, 2), complex)}, TypeError, "Y must hold real numbers"),
        ({"Y": 1e20 * np.eye(400)}, ValueError, r"Y must spread less: its span is 1e\+20"),
        ({"Y": 1e9 * np.eye(400), "dof": 9}, ValueError, "Y must spread less"),
        ({"dof": 0}, ValueError, "dof must be above 0"),
        ({"method": "fft"}, ValueError, "method must be one of exact, approximate"),
    ],
)
def test_kl_refuses(P, change, error, message):
    with pytest.raises(error, match=message):
        kl_divergence(**{"P": P, "Y": np.zeros((400, 2)), **change})


def test_kl_refuses_an_exaggerated_p(P):
    with pytest.raises(ValueError, match="P must sum to 1, got 12"):
        kl_divergence(P._replace(values=12 * P.values), np.zeros((400, 2)))


@pytest.mark.parametrize("n_columns", [1, 2, 5])
@pytest.mark.parametrize("k", [1, 10, 59])
def test_trustworthiness_and_continuity_equal_scikit_learn(rng, n_columns, k):
    X = rng.normal(size=(120, 9))
    Y = X[:, :n_columns] + 0.3 * rng.normal(size=(120, n_columns))
    for ours, data, embedded in ((trustworthiness, X, Y), (continuity, Y, X)):
        expected = sklearn.manifold.trustworthiness(data, embedded, n_neighbors=k)
        assert 0.4 < expected < 0.97
        assert ours(X, Y, k) == pytest.approx(expected, abs=1e-12)
        assert ours(torch.from_numpy(X), torch.from_numpy(Y), k) == ours(X, Y, k)


def test_blocks_of_queries_join(rng, monkeypatch):
    X, Y = rng.normal(size=(200, 5)), rng.normal(size=(200, 4))
    whole = trustworthiness(X, Y), neighbor_recall(X, Y)
    monkeypatch.setattr(exact, "_BLOCK", 200 * 7)
    assert (trustworthiness(X, Y), neighbor_recall(X, Y)) == whole


def test_rows_equally_far_share_the_best_rank(rng):
    # Sevenths of small whole numbers: brute force knows which distances are the same, and most are;
    # their sums of squares are rounded, differently by order.
    X = rng.integers(0, 3, size=(331, 17))
    X[166:] = X[rng.permutation(166)[:165]]
    Y = rng.normal(size=(331, 2))
    sq_distances = ((X[:, None] - X[None]) ** 2).sum(2)
    np.fill_diagonal(sq_distances, sq_distances.max() + 1)
    cost = 0
    for row, neighbors in enumerate(brute_force_neighbors(Y, 10)):
        for neighbor in neighbors:
            rank = 1 + (sq_distances[row] < sq_distances[row, neighbor]).sum()
            cost += max(0, rank - 10)
    expected = 1 - cost * 2 / (331 * 10 * (2 * 331 - 3 * 10 - 1))
    found = trustworthiness(X / 7, Y)
    assert found == pytest.approx(expected, abs=1e-12)
    assert found >= sklearn.manifold.trustworthiness(X, Y, n_neighbors=10)


def test_copies_within_the_nearest_are_no_mistake(rng):
    # Whichever of the 4 copies of a row a map puts first: the others are the 3 nearest.
    X = np.repeat(rng.normal(size=(60, 12)), 4, axis=0)
    Y = X[:, :2] + 1e-9 * rng.normal(size=(240, 2))
    assert trustworthiness(X, Y, k=3) == 1.0
    assert sklearn.manifold.trustworthiness(X, Y, n_neighbors=3) == 1.0
    assert trustworthiness(np.ones((240, 12)), Y) == 1.0


def test_data_themselves_are_trusted_and_a_random_or_permuted_map_is_chance(rng):
    X = rng.normal(size=(1500, 20)).astype(np.float32)
    for measure in (trustworthiness, continuity):
        assert measure(X, X) == 1.0
        assert measure(X, X @ np.linalg.qr(rng.normal(size=(20, 20)))[0] * 7 - 100) == 1.0
        for Y in (rng.normal(size=(1500, 2)), X[rng.permutation(1500), :2]):
            # A rank is one of 1 .. n - 1, all alike.
            ranks = np.arange(1, 1500)
            chance = 1 - 2 / (2 * 1500 - 31) * np.maximum(0, ranks - 10).mean()
            assert measure(X, Y) == pytest.approx(chance, abs=0.02)


def test_a_tear_costs_continuity_and_a_fold_trustworthiness(rng):
    angle = np.sort(rng.uniform(0, 2 * np.pi, 500))
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    line, folded = angle[:, None], np.cos(angle)[:, None]
    assert trustworthiness(circle, line, k=5) > 0.9999 > 0.999 > continuity(circle, line, k=5)
    assert continuity(circle, folded, k=5) > 0.97 > 0.8 > trustworthiness(circle, folded, k=5)


def test_ranks_survive_a_large_offset_and_scale(rng):
    X, Y = rng.normal(size=(300, 12)), rng.normal(size=(300, 2))
    expected = trustworthiness(X, Y)
    assert expected == pytest.approx(sklearn.manifold.trustworthiness(X, Y, n_neighbors=10))
    assert trustworthiness(X * 1e6 + 1e9, Y) == pytest.approx(expected, abs=1e-12)
    assert trustworthiness(X * 1e-12, Y) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("how_many", [3, 150])
@pytest.mark.parametrize("away", [1e5, 1e8])
def test_ranks_are_exact_where_products_of_far_rows_are_not(rng, how_many, away):
    X, Y = rng.integers(0, 1000, size=(300, 12)), rng.normal(size=(300, 2))
    X[:how_many] += int(away)
    sq_distances = ((X[:, None] - X[None]) ** 2).astype(object).sum(2)  # whole numbers, no rounding
    queries = torch.arange(300)
    named = torch.from_numpy(brute_force_neighbors(Y, 10))
    expected = [
        [
            1 + sum(sq_distances[q, j] < sq_distances[q, c] for j in range(300) if j != q)
            for c in row
        ]
        for q, row in enumerate(named.tolist())
    ]
    assert exact.ranks(torch.from_numpy(X).double(), queries, named).tolist() == expected


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_distance_correlation_of_all_pairs_equals_scipy(rng, method):
    X, Y = rng.normal(size=(90, 6)), rng.normal(size=(90, 2))
    Y += 2 * X[:, :2]
    expected = getattr(stats, method + "r")(pdist(X), pdist(Y)).statistic
    assert 0.2 < expected < 0.8
    for x, y in ((X, Y), (torch.from_numpy(X), torch.from_numpy(Y))):
        assert pairwise_distance_correlation(x, y, method=method) == pytest.approx(
            expected, abs=1e-12
        )


def test_distance_correlation_knows_copies_of_another_size_and_noise(rng):
    X = rng.normal(size=(400, 5))
    turned = 3 * X @ np.linalg.qr(rng.normal(size=(5, 5)))[0] + 1
    permuted, noise = X[rng.permutation(400)], rng.normal(size=(400, 2))
    for method in ("spearman", "pearson"):
        assert pairwise_distance_correlation(X, turned, method=method) == pytest.approx(1)
        for Y in (permuted, noise):
            assert pairwise_distance_correlation(X, Y, method=method) == pytest.approx(0, abs=0.04)
    # The order of distances on a line survives its bending, the distances do not.
    line = rng.uniform(0, 50, size=(50, 1))
    arc = np.hstack([np.cos(line / 16), np.sin(line / 16)])
    assert pairwise_distance_correlation(line, arc) == pytest.approx(1)
    assert pairwise_distance_correlation(line, arc, method="pearson") < 0.995


def test_distance_correlation_looks_at_different_pairs_of_different_rows(monkeypatch):
    seen = []

    def spy(data, rows, columns):
        seen.append(torch.stack([rows, columns[:, 0]], 1))
        return search(data, rows, columns)

    search = exact.sq_distances
    monkeypatch.setattr(exact, "sq_distances", spy)
    X = points("normal", 60, 3)
    pairwise_distance_correlation(X, X, n_sample=2000)
    pairs, again = seen
    assert torch.equal(pairs, again) and len(pairs.unique(dim=0)) == 2000
    assert (pairs[:, 0] != pairs[:, 1]).all()
    # 2,000 of 3,540 with no favourites: a row is the first of 34, the second of 34.
    for counts in (pairs[:, 0].bincount(), pairs[:, 1].bincount()):
        assert len(counts) == 60 and 17 < counts.min() and counts.max() < 51


def test_distance_correlation_is_undefined_where_all_are_equal():
    with pytest.warns(stats.ConstantInputWarning):
        assert math.isnan(pairwise_distance_correlation(np.eye(9), np.ones((9, 2))))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": np.zeros((9, 3))}, ValueError, "the same number of rows, got 9 and 20"),
        ({"X": np.zeros((2, 3)), "Y": np.zeros((2, 2))}, ValueError, "at least 3 rows, got 2"),
        ({"n_sample": 1}, ValueError, "n_sample must be 2 or more, got 1"),
        ({"method": "kendall"}, ValueError, "method must be one of spearman, pearson"),
        ({"Y": np.full((20, 2), np.nan)}, ValueError, "Y must be finite"),
    ],
)
def test_distance_correlation_refuses(change, error, message):
    arguments = {"X": np.zeros((20, 3)), "Y": np.zeros((20, 2)), **change}
    with pytest.raises(error, match=message):
        pairwise_distance_correlation(**arguments)


@pytest.mark.parametrize("measure", [trustworthiness, continuity])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.zeros((9, 3))}, "the same number of rows, got 9 and 20"),
        ({"X": np.full((20, 3), np.nan)}, "X must be finite"),
        ({"Y": np.full((20, 2), np.nan)}, "Y must be finite"),
        ({"k": 0}, "k must be 1 or more"),
        ({"k": 10}, r"k must be at most 9 \(less than half of the 20 rows\), got 10"),
        ({"n_sample": 0}, "n_sample must be 1 or more, got 0"),
    ],
)
def test_trustworthiness_and_continuity_refuse(measure, change, message):
    arguments = {"X": np.zeros((20, 3)), "Y": np.zeros((20, 2)), "k": 5, **change}
    with pytest.raises(ValueError, match=message):
        measure(**arguments)


@pytest.fixture
def groups(rng):
    labels = rng.integers(0, 3, 300)
    return np.array([[0, 0], [4, 0], [9, 9]])[labels] + rng.normal(size=(300, 2)), labels


def test_silhouette_equals_scikit_learn(groups):
    Y, labels = groups
    expected = silhouette_score(Y, labels)
    assert 0.3 < expected < 0.9
    assert silhouette(Y, labels) == pytest.approx(expected, abs=1e-12)
    assert silhouette(torch.from_numpy(Y), torch.from_numpy(labels)) == silhouette(Y, labels)
    names = np.array(["c", "a", "b"])
    assert silhouette(Y + 1e9, names[labels]) == pytest.approx(expected, abs=1e-6)
    each = silhouette_samples(Y, labels)
    by_label = silhouette_by_label(Y, names[labels])
    assert list(by_label) == ["a", "b", "c"]
    for label, name in enumerate(names):
        assert by_label[name] == pytest.approx(each[labels == label].mean(), abs=1e-12)
    assert list(silhouette_by_label(Y, labels)) == [0, 1, 2]


def test_silhouette_of_groups_apart_is_one_and_of_random_labels_none(rng, groups):
    Y, labels = groups
    assert silhouette(Y + 1e4 * labels[:, None], labels) > 0.999
    assert silhouette(Y, rng.permutation(labels)) == pytest.approx(0, abs=0.03)


def test_unlabelled_rows_are_left_out_of_the_silhouette(rng, groups):
    Y, labels = groups
    crowd = np.concatenate([rng.normal(size=(500, 2)), Y])
    crowd_labels = np.concatenate([np.full(500, -1), labels])
    assert silhouette(crowd, crowd_labels) == pytest.approx(silhouette(Y, labels), abs=1e-12)
    assert list(silhouette_by_label(crowd, crowd_labels)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.zeros(19, int), ValueError, r"labels must have shape \(20,\)"),
        (np.zeros(20), TypeError, "labels must be integers or strings"),
        (np.zeros(20, int), ValueError, "labels must have at least 2 values .*got 1 in 20 rows"),
        (np.arange(20), ValueError, "fewer values than rows in the sample, got 20 in 20 rows"),
        (np.full(20, -1), ValueError, "got 0 in 0 rows"),
    ],
)
@pytest.mark.parametrize("measure", [silhouette, silhouette_by_label])
def test_silhouette_refuses(measure, labels, error, message):
    with pytest.raises(error, match=message):
        measure(np.zeros((20, 2)), labels)


def test_silhouette_refuses_no_sample(groups):
    with pytest.raises(ValueError, match="n_sample must be 1 or more, got 0"):
        silhouette(*groups, n_sample=0)


@pytest.mark.parametrize(
    ("measure", "n_sample", "tolerance"),
    [
        (trustworthiness, 500, 0.01),
        (continuity, 500, 0.01),
        (pairwise_distance_correlation, 20_000, 0.02),
        (lambda X, Y, **sampling: silhouette(Y, (X[:, 0] > 0).astype(int), **sampling), 500, 0.05),
    ],
)
def test_samples_are_seeded_and_close_to_the_whole(rng, measure, n_sample, tolerance):
    X = rng.normal(size=(1000, 6))
    Y = X[:, :2]
    whole = measure(X, Y, n_sample=1000**2)
    first = measure(X, Y, n_sample=n_sample, seed=1)
    assert first == measure(X, Y, n_sample=n_sample, seed=1)
    others = [measure(X, Y, n_sample=n_sample, seed=seed) for seed in range(2, 6)]
    assert len({first, *others}) == 5
    assert [first, *others] == pytest.approx([whole] * 5, abs=tolerance)


# ---- KL at the best scale ---------------------------------------------------------------------


def a_map(of_data):
    """Give a map of the data of P, or of no data at all."""
    data = points("clustered", 400, 6) if of_data else points("normal", 400, 2)
    return data[:, :2].double().numpy()


@pytest.mark.parametrize("dof", [0.5, 1.0])
@pytest.mark.parametrize("of_data", [True, False])
def test_best_scale_is_the_lowest_of_a_grid(P, of_data, dof):
    Y = a_map(of_data)
    lowest, scale = kl_at_best_scale(P, Y, dof)
    assert lowest == pytest.approx(kl_divergence(P, scale * Y, dof), rel=1e-6)
    grid = [dense_kl(P, scale * 2.0**step * Y, dof) for step in np.arange(-6, 6.1, 0.25)]
    assert lowest <= min(grid) + 1e-4 and max(grid) > min(grid) + 0.1
    assert lowest < kl_divergence(P, Y, dof) - 0.01
    if of_data:
        assert abs(np.argmin(grid) - 24) <= 1  # the scale itself; other maps shrink to nothing


def test_best_scale_is_that_of_the_shape(P):
    Y = torch.from_numpy(a_map(of_data=True))
    turn = torch.linalg.qr(torch.randn(2, 2, dtype=torch.float64))[0]
    expected = kl_at_best_scale(P, Y)
    for factor in (1e-30, 1e-4, 7.0, 1e30):
        found = kl_at_best_scale(P, factor * (Y @ turn) + factor)
        assert found.kl_divergence == pytest.approx(expected.kl_divergence, rel=1e-5)
        assert found.scale * factor == pytest.approx(expected.scale, rel=0.02)
    same = kl_at_best_scale(P, torch.ones(400, 2))
    assert same == (kl_divergence(P, torch.ones(400, 2)), 1.0)


def test_best_scale_takes_few_evaluations(P, monkeypatch):
    calls = []

    def spy(Y, dof, method):
        calls.append(method)
        return kernel_sum(Y, dof, method)

    kernel_sum = divergence._kernel_sum
    monkeypatch.setattr(divergence, "_kernel_sum", spy)
    kl_at_best_scale(P, a_map(of_data=True))
    assert len(calls) < 20 and calls.count("exact") == 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"P": "P"}, TypeError, "P must be a fasttsne.affinities.JointP, got str"),
        ({"Y": np.zeros((399, 2))}, ValueError, "the same number of rows, got 400 and 399"),
        ({"Y": np.full((400, 2), np.nan)}, ValueError, "Y must be finite"),
        ({"dof": 0}, ValueError, "dof must be above 0"),
        ({"method": "fft"}, ValueError, "method must be one of exact, approximate"),
    ],
)
def test_best_scale_refuses(P, change, error, message):
    with pytest.raises(error, match=message):
        kl_at_best_scale(**{"P": P, "Y": np.zeros((400, 2)), **change})


# ---- Neighbours of classes --------------------------------------------------------------------


def brute_force_class_recall(X, Y, labels, k):
    classes = sorted(set(labels.tolist()))
    centers = [np.array([data[labels == c].mean(0) for c in classes]) for data in (X, Y)]
    return brute_force_recall(*centers, k)


@pytest.mark.parametrize("k", [1, 4, 11])
def test_class_neighbors_equal_brute_force(rng, k):
    labels = rng.integers(0, 12, 400)
    X = 3 * rng.normal(size=(12, 7))[labels] + rng.normal(size=(400, 7))
    Y = X[:, :2]
    expected = brute_force_class_recall(X, Y, labels, k)
    assert expected < 1 or k == 11
    assert class_neighbor_recall(X, Y, labels, k) == pytest.approx(expected, abs=1e-12)
    names = np.array(list("fbdaecghklji"))[labels]
    assert class_neighbor_recall(torch.from_numpy(X), torch.from_numpy(Y), names, k) == (
        pytest.approx(expected, abs=1e-12)
    )
    turn = np.linalg.qr(rng.normal(size=(2, 2)))[0]
    order = rng.permutation(400)
    assert class_neighbor_recall(X[order], 9 * (Y @ turn + 1)[order], labels[order], k) == (
        pytest.approx(expected, abs=1e-12)
    )


@pytest.mark.parametrize(("classes", "k"), [(3, 1), (10, 4), (19, 9), (21, 10), (40, 10)])
def test_class_neighbors_are_ten_or_half_of_the_others(rng, classes, k):
    labels = np.arange(200) % classes
    X, Y = rng.normal(size=(200, 5)), rng.normal(size=(200, 2))
    assert class_neighbor_recall(X, Y, labels) == class_neighbor_recall(X, Y, labels, k)
    assert class_neighbor_recall(X, X, labels) == 1


def test_unlabelled_rows_have_no_class(rng):
    X, labels = rng.normal(size=(300, 5)), rng.integers(0, 9, 300)
    Y = X[:, :2]
    crowd = np.concatenate([rng.normal(size=(200, 5)), X])
    crowd_labels = np.concatenate([np.full(200, -1), labels])
    assert class_neighbor_recall(crowd, crowd[:, :2], crowd_labels) == pytest.approx(
        brute_force_class_recall(X, Y, labels, 4), abs=1e-12
    )


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": np.zeros((9, 3))}, ValueError, "the same number of rows, got 9 and 20"),
        ({"Y": np.full((20, 2), np.nan)}, ValueError, "Y must be finite"),
        ({"labels": np.arange(20) % 2}, ValueError, "labels must have at least 3 values, got 2"),
        ({"labels": np.zeros(20)}, TypeError, "labels must be integers or strings"),
        ({"labels": np.zeros(19, int)}, ValueError, r"labels must have shape \(20,\)"),
        ({"k": 0}, ValueError, "k must be 1 or more, got 0"),
        ({"k": 4}, ValueError, r"k must be at most 3 \(the other classes\), got 4"),
    ],
)
def test_class_neighbors_refuse(change, error, message):
    arguments = {"X": np.zeros((20, 3)), "Y": np.zeros((20, 2)), "labels": np.arange(20) % 4}
    with pytest.raises(error, match=message):
        class_neighbor_recall(**{**arguments, **change})


# ---- Triplets ---------------------------------------------------------------------------------


def brute_force_triplets(X, Y):
    distances = [((data[:, None] - data[None]) ** 2).sum(2) for data in (X, Y)]
    scores = []
    for i, j, k in permutations(range(len(X)), 3):
        in_data, in_map = (np.sign(d[i, j] - d[i, k]) for d in distances)
        scores.append(1.0 if in_data in (0, in_map) else 0.5 if in_map == 0 else 0.0)
    return np.mean(scores)


@pytest.mark.parametrize("ties", [False, True])
def test_triplets_equal_brute_force(rng, ties):
    X, Y = rng.normal(size=(25, 4)), rng.normal(size=(25, 2))
    Y += X[:, :2]
    if ties:
        X, Y = X.round(), Y.round()
    expected = brute_force_triplets(X, Y)
    assert 0.55 < expected < 0.9
    assert triplet_accuracy(X, Y) == pytest.approx(expected, abs=1e-12)
    assert triplet_accuracy(torch.from_numpy(X), torch.from_numpy(Y)) == triplet_accuracy(X, Y)
    if not ties:  # a turn would break them
        turn, order = np.linalg.qr(rng.normal(size=(2, 2)))[0], rng.permutation(25)
        assert triplet_accuracy(X[order], 3 * (Y @ turn + 1)[order]) == (
            pytest.approx(expected, abs=1e-12)
        )


@pytest.mark.parametrize("n_sample", [60, 59])
def test_triplets_are_of_three_rows(n_sample):
    first, others = _sample_triplets(5, n_sample, 0)
    found = torch.cat([first[:, None], others], 1).tolist()
    assert len(found) == n_sample and all(len({*rows}) == 3 for rows in found)
    if n_sample == 60:
        assert sorted(map(tuple, found)) == [*permutations(range(5), 3)]


def test_triplets_are_picked_without_favourites():
    first, others = _sample_triplets(6, 119, 1)
    many = [_sample_triplets(6, 119, seed) for seed in range(100)]
    assert len({(tuple(f.tolist()), tuple(o.flatten().tolist())) for f, o in many}) == 100
    for place in (torch.cat([f for f, _ in many]), torch.cat([o for _, o in many]).flatten()):
        share = place.bincount(minlength=6) / len(place)
        assert share.tolist() == pytest.approx([1 / 6] * 6, abs=0.02)
    assert torch.equal(first, many[1][0]) and torch.equal(others, many[1][1])


def test_triplets_of_the_data_are_right_and_of_noise_are_chance(rng):
    X = rng.normal(size=(500, 6))
    assert triplet_accuracy(X, 2 * X) == 1
    assert triplet_accuracy(X, rng.normal(size=(500, 2))) == pytest.approx(0.5, abs=0.03)
    assert triplet_accuracy(X, np.ones((500, 2))) == 0.5
    assert triplet_accuracy(np.ones((500, 6)), X[:, :2]) == 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": np.zeros((9, 3))}, ValueError, "the same number of rows, got 9 and 20"),
        ({"X": np.zeros((2, 3)), "Y": np.zeros((2, 2))}, ValueError, "at least 3 rows, got 2"),
        ({"n_sample": 0}, ValueError, "n_sample must be 1 or more, got 0"),
        ({"n_sample": 1.5}, TypeError, "n_sample must be an integer"),
        ({"Y": np.full((20, 2), np.nan)}, ValueError, "Y must be finite"),
    ],
)
def test_triplets_refuse(change, error, message):
    with pytest.raises(error, match=message):
        triplet_accuracy(**{"X": np.zeros((20, 3)), "Y": np.zeros((20, 2)), **change})


# ---- Pieces and strays ------------------------------------------------------------------------


def brute_force_pieces(Y, labels, k):
    """Points in the largest piece of each label, by painting from one point to the next."""
    apart = np.sqrt(((Y[:, None] - Y[None]) ** 2).sum(2))
    near = brute_force_neighbors(Y, k)
    limit = 4 * np.median([apart[i, row[-1]] for i, row in enumerate(near)])
    together = {i: set() for i in range(len(Y))}
    for i, row in enumerate(near):
        for j in row.tolist():
            if labels[i] == labels[j] and apart[i, j] <= limit:
                together[i].add(j)
                together[j].add(i)
    largest = {}
    left = set(together)
    while left:
        piece, edge = set(), {left.pop()}
        while edge:
            piece |= edge
            edge = set().union(*(together[i] for i in edge)) - piece
        left -= piece
        label = labels[min(piece)]
        largest[label] = max(largest.get(label, 0), len(piece))
    return largest


@pytest.mark.parametrize("n_columns", [1, 2, 3, 5])
@pytest.mark.parametrize("k", [1, 3, 15])
def test_cohesion_equals_brute_force(rng, n_columns, k):
    labels = rng.integers(0, 5, 300)
    Y = 4 * rng.normal(size=(5, n_columns))[labels] + rng.normal(size=(300, n_columns))
    Y[:7] += 100
    largest = brute_force_pieces(Y, labels.tolist(), k)
    expected = sum(largest.values()) / 300
    assert expected < 1
    assert cohesion(Y, labels, k) == pytest.approx(expected, abs=1e-12)
    names = np.array(list("dbace"))[labels]
    for y in (Y, torch.from_numpy(Y)):
        by_label = cohesion_by_label(y, names, k)
        assert list(by_label) == list("abcde")
        for label, name in enumerate("dbace"):
            share = largest[label] / (labels == label).sum()
            assert by_label[name] == pytest.approx(share, abs=1e-12)


def test_cohesion_sees_a_class_in_two_halves(rng):
    labels = np.repeat([0, 1, 2], 400)
    Y = rng.uniform(size=(1200, 2)) + 10 * labels[:, None]
    assert cohesion(Y, labels) == 1
    Y[800:1000] += [50, 0]
    assert cohesion_by_label(Y, labels) == {0: 1, 1: 1, 2: 0.5}
    assert cohesion(Y, labels) == pytest.approx(2.5 / 3)
    # What else is measured of labels does not see it, nor the neighbourhoods.
    assert label_accuracy(Y, labels) == 1


def test_pieces_do_not_depend_on_turn_scale_or_order(rng):
    labels = rng.integers(0, 4, 500)
    Y = 3 * rng.normal(size=(4, 2))[labels] + rng.normal(size=(500, 2))
    Y[:3] *= 100
    expected = cohesion(Y, labels), strays(Y)
    assert expected[0] < 1 and 0 < expected[1] < 0.1
    turn, order = np.linalg.qr(rng.normal(size=(2, 2)))[0], rng.permutation(500)
    for changed in (Y @ turn, 1e-9 * Y, 1e9 * Y, Y - 1e3):
        assert (cohesion(changed[order], labels[order]), strays(changed[order])) == expected
    for changed in (1e-9 * Y, 1e9 * Y, Y[order], Y[:, ::-1]):
        assert reach(changed) == pytest.approx(reach(Y), rel=1e-9)


def test_points_at_one_place_hang_together(rng):
    # Of 50 copies a search may name any 15: of two labels at one place, too few of the same.
    Y = np.repeat(rng.normal(size=(10, 2)), 50, axis=0)
    labels = np.tile([0, 1], 250)
    shares = [cohesion(Y[order], labels[order]) for order in map(rng.permutation, [500] * 5)]
    assert shares == [0.1] * 5
    assert cohesion(np.ones((500, 2)), labels) == 1 and strays(np.ones((500, 2))) == 0


def test_unlabelled_rows_are_in_no_piece(rng):
    labels = np.repeat([0, 1], 100)
    Y = rng.uniform(size=(200, 2)) + 5 * labels[:, None]
    crowd = np.concatenate([rng.uniform(0, 6, size=(300, 2)), Y])
    crowd_labels = np.concatenate([np.full(300, -1), labels])
    assert cohesion(crowd, crowd_labels) == cohesion(Y, labels) == 1
    assert list(cohesion_by_label(crowd, crowd_labels)) == [0, 1]


@pytest.mark.parametrize(
    ("labels", "k", "error", "message"),
    [
        (np.zeros(19, int), 5, ValueError, r"labels must have shape \(20,\)"),
        (np.zeros(20), 5, TypeError, "labels must be integers or strings"),
        (np.zeros(20, int), 0, ValueError, "k must be 1 or more, got 0"),
        (np.zeros(20, int), 20, ValueError, r"at most 19 \(the other labelled rows\), got 20"),
        (np.zeros(20, int), 2.5, TypeError, "k must be an integer, got 2.5"),
        (np.full(20, -1), 5, ValueError, "k must be at most 0 .*, got 5"),
    ],
)
@pytest.mark.parametrize("measure", [cohesion, cohesion_by_label])
def test_cohesion_refuses(measure, labels, k, error, message):
    with pytest.raises(error, match=message):
        measure(np.zeros((20, 2)), labels, k)
    with pytest.raises(ValueError, match="Y must be finite"):
        measure(np.full((20, 2), np.inf), np.zeros(20, int))


@pytest.mark.parametrize("n_columns", [1, 2, 5])
def test_strays_and_reach_equal_brute_force(rng, n_columns):
    Y = rng.normal(size=(300, n_columns))
    Y[:4] += 60 * np.arange(1, 5)[:, None]
    for k in (1, 5):
        apart = np.sqrt(((Y[:, None] - Y[None]) ** 2).sum(2))
        kth = np.sort(apart, axis=1)[:, k]  # the first is the point itself
        expected = np.mean(kth > 10 * np.median(kth))
        assert expected >= 4 / 300
        assert strays(Y, k) == strays(torch.from_numpy(Y), k) == expected
    radii = np.sqrt(((Y - np.median(Y, axis=0)) ** 2).sum(1))
    assert reach(Y) == reach(torch.from_numpy(Y)) == radii.max() / np.percentile(radii, 99) > 1.3


def test_a_few_strays_together_are_strays(rng):
    Y = rng.uniform(size=(2000, 2))
    assert strays(Y) == 0 and reach(Y) < 2
    Y[:5] = 100 + 0.01 * Y[:5]
    assert strays(Y) == 5 / 2000 and reach(Y) > 30
    assert strays(Y, k=3) == 0  # they are enough for each other


def test_reach_of_points_at_one_place():
    Y = np.zeros((200, 2))
    assert reach(Y) == 1
    Y[0] = 1
    assert reach(Y) == math.inf


def test_strays_and_reach_refuse():
    for k, error, message in (
        (0, ValueError, "k must be 1 or more, got 0"),
        (20, ValueError, r"k must be at most 19 \(the other rows\), got 20"),
        (True, TypeError, "k must be an integer"),
    ):
        with pytest.raises(error, match=message):
            strays(np.zeros((20, 2)), k)
    for measure in (strays, reach):
        with pytest.raises(ValueError, match="Y must be finite"):
            measure(np.full((20, 2), np.nan))
    with pytest.raises(ValueError, match="Y must have 1 row or more"):
        reach(np.zeros((0, 2)))


# ---- All in one -------------------------------------------------------------------------------


@pytest.mark.parametrize("unlabelled", [0, 100])
@pytest.mark.parametrize("n_sample", [5000, 150])
def test_report_is_of_the_single_measures(rng, unlabelled, n_sample):
    X, Y = rng.normal(size=(400, 6)), rng.normal(size=(400, 2))
    Y += X[:, :2]
    labels = np.digitize(X[:, 0], [-1, 0, 0.5, 1])
    labels[:unlabelled] = -1
    P = joint_affinities(X)
    expected = {
        "neighbour recall@10": neighbor_recall(X, Y, 10, n_sample, 3),
        "neighbour recall@30": neighbor_recall(X, Y, 30, n_sample, 3),
        "trustworthiness": trustworthiness(X, Y, 10, n_sample, 3),
        "continuity": continuity(X, Y, 10, n_sample, 3),
        "distances, rank correlation": pairwise_distance_correlation(X, Y, seed=3),
        "random triplets": triplet_accuracy(X, Y, seed=3),
        "10-NN accuracy": label_accuracy(Y, labels, 10, n_sample, 3),
        "class neighbours": class_neighbor_recall(X, Y, labels),
        "cohesion": cohesion(Y, labels),
        "silhouette": silhouette(Y, labels, n_sample, 3),
        "strays": strays(Y),
        "reach": reach(Y),
        "KL divergence": kl_divergence(P, Y, method="approximate"),
        "KL at best scale": kl_at_best_scale(P, Y, method="approximate").kl_divergence,
    }
    found = report(X, Y, labels, n_sample=n_sample, seed=3)
    assert list(found) == list(expected)
    assert found == pytest.approx(expected, abs=1e-12)
    judge = Judge(torch.from_numpy(X), torch.from_numpy(labels), P=P, n_sample=n_sample, seed=3)
    assert judge(torch.from_numpy(Y)) == pytest.approx(expected, abs=1e-12)
    lines = str(found).splitlines()
    assert [line[:27].strip() for line in lines] == list(expected)
    assert [line[27:].strip() for line in lines] == [digits(value) for value in found.values()]


def test_a_judge_looks_at_the_data_once(rng, monkeypatch):
    X, labels = rng.normal(size=(200, 6)), np.arange(200) % 3
    judge = Judge(X, labels)
    searched = []

    def spy(data, rows, k):
        searched.append(data.shape)
        return nearest(data, rows, k)

    nearest = exact.nearest
    monkeypatch.setattr(exact, "nearest", spy)
    judge(X[:, :2])
    assert searched.count((200, 2)) == 1
    assert not [shape for shape in searched if shape == (200, 6)]


def test_report_of_few_rows_and_of_rows_without_classes(rng):
    X = rng.normal(size=(100, 6))
    for labels in (np.zeros(100, int), np.full(100, -1), np.where(np.arange(100) < 15, 1, -1)):
        assert not {*report(X, X[:, :2], labels)} & {"cohesion", "10-NN accuracy", "silhouette"}
    for n in (4, 11, 12, 31):
        few = report(X[:n], X[:n, :2], np.arange(n))
        assert few[f"neighbour recall@{min(n - 1, 30)}"] == 1 or n == 31
        assert np.isfinite([*few.values()]).all()
    two = report(X, X[:, :2], np.arange(100) % 2)
    assert "class neighbours" not in two and "cohesion" in two
    # A sample of one class, or as many classes as rows, has no silhouette.
    assert "silhouette" not in report(X, X[:, :2], np.arange(100))
    assert "silhouette" not in report(X, X[:, :2], np.arange(100) == 7, n_sample=3)


def test_digits_show_what_is_small():
    shown = [digits(value) for value in (0.0, 0.12345, 12.3456, -0.25, 0.00039, math.nan, math.inf)]
    assert shown == ["0.000", "0.123", "12.346", "-0.250", "3.9e-04", "nan", "inf"]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": np.zeros((3, 3))}, ValueError, "X must have at least 4 rows, got 3"),
        ({"X": np.full((40, 3), np.nan)}, ValueError, "X must be finite"),
        ({"Y": np.zeros((39, 2))}, ValueError, "the same number of rows, got 40 and 39"),
        ({"Y": np.full((40, 2), np.nan)}, ValueError, "Y must be finite"),
        ({"labels": np.zeros(39, int)}, ValueError, r"labels must have shape \(40,\)"),
        ({"labels": np.zeros(40)}, TypeError, "labels must be integers or strings"),
        ({"perplexity": 0.5}, ValueError, "perplexity must be 1 or more"),
        ({"P": "P"}, TypeError, "P must be a fasttsne.affinities.JointP"),
        ({"dof": 0}, ValueError, "dof must be above 0"),
        ({"method": "fft"}, ValueError, "method must be one of approximate, exact"),
        ({"n_sample": 0}, ValueError, "n_sample must be 1 or more"),
    ],
)
def test_report_refuses(rng, change, error, message):
    arguments = {"X": rng.normal(size=(40, 3)), "Y": rng.normal(size=(40, 2)), **change}
    with pytest.raises(error, match=message):
        report(**arguments)


@pytest.mark.slow
def test_all_measures_of_a_hundred_thousand_frames():
    # What grew as n^2 in memory would not end. The map is the principal plane, of known qualities.
    frames = make_landmark_frames(100_000)
    X = torch.from_numpy(frames.points.reshape(len(frames), -1)).float()
    X -= X.mean(0)
    Y = initialization.pca(X, 2, 0)
    assert 0.93 < trustworthiness(X, Y) < 0.97
    assert 0.99 < continuity(X, Y) < 1
    assert 0.95 < pairwise_distance_correlation(X, Y) < 0.99
    assert 0.1 < neighbor_recall(X, Y) < 0.25
    assert 0.9 < triplet_accuracy(X, Y) < 1
    assert 0 < cohesion(Y, frames.label) <= 1 and 0 <= strays(Y) < 0.01 and 1 <= reach(Y) < 3
    # It tells actors and poses, not emotions.
    assert 0.3 < label_accuracy(Y, frames.label) < 0.45
    assert -0.1 < silhouette(Y, frames.label) < 0
    P = Perplexity(5.0).joint(exact_neighbors(X, 15))
    kl, about = (kl_divergence(P, 1e6 * Y, method=m) for m in ("exact", "approximate"))
    assert about == pytest.approx(kl, rel=0.01) and about != kl
    # Spread evenly over the pairs, Q would be this far from P.
    assert 1 < kl < P.negative_entropy() + math.log(1e5 * (1e5 - 1))
