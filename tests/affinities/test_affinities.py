"""perplexity_search, symmetrize, and every way to a joint P."""

import math
import mmap
import re
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sample import assert_close, opcheck, over_devices, points
from scipy import sparse

from fasttsne import TSNE, Phase, ops, reference
from fasttsne._pages import forget, release
from fasttsne.affinities import (
    FixedSigma,
    Multiscale,
    Perplexity,
    Uniform,
    given_affinities,
    in_parts,
    joint_affinities,
    joint_P,
)
from fasttsne.affinities.in_parts import Edges, outgoing_edges
from fasttsne.neighbors.exact import exact_neighbors
from fasttsne.neighbors.search import Search


def perplexities(conditional_P):
    P = conditional_P.double()
    return torch.exp(-(P * P.log().nan_to_num(neginf=0)).sum(1))


@over_devices
@pytest.mark.parametrize("n, k, perplexity", [(1, 1, 1.0), (40, 7, 5.0), (600, 90, 30.0)])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_perplexity_search_matches_reference(device, n, k, perplexity, scale):
    sq = points("normal", n, k, device).square() * scale
    beta, P = ops.perplexity_search(sq, perplexity)
    expected_beta, expected_P = reference.perplexity_search(sq.double(), perplexity)
    assert_close(P, expected_P, 1e-4)
    if k > 1:
        torch.testing.assert_close(beta.double(), expected_beta, rtol=1e-3, atol=0)
        torch.testing.assert_close(
            perplexities(P), torch.full_like(expected_beta, perplexity), rtol=1e-4, atol=0
        )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1e6, width=32), min_size=3, max_size=40),
    st.floats(1.0, 3.0),
)
@example([0.0, 0.0, 7.17e-37], 1.0)
def test_any_row_gives_a_distribution(row, perplexity):
    sq = torch.tensor([row], dtype=torch.float32)
    beta, P = ops.perplexity_search(sq, perplexity)
    assert torch.isfinite(beta).all() and (beta >= 0).all()
    assert (P >= 0).all()
    assert abs(P.double().sum().item() - 1) < 1e-5
    # A nearer neighbour never has less.
    assert (P[0, sq[0].argsort()].diff() <= 1e-6).all()


def test_more_equal_distances_than_the_perplexity_stay_finite():
    sq = torch.cat([torch.zeros(1, 40), torch.full((1, 50), 5.0)], 1)
    _, P = ops.perplexity_search(sq, 30.0)
    torch.testing.assert_close(P[0, :40], torch.full((40,), 1 / 40))
    assert P[0, 40:].max() < 1e-6


def test_distances_too_small_to_invert_give_a_distribution():
    sq = torch.zeros(2, 91)
    sq[:, ::2] = 1e-42
    sq[1] = 1e-45
    beta, P = ops.perplexity_search(sq, 30.0)
    assert torch.isfinite(beta).all()
    assert (P >= 0).all()
    torch.testing.assert_close(P.sum(1), torch.ones(2))


def dense(P, n):
    indptr, indices, values = P
    out = torch.zeros(n, n, dtype=torch.float64)
    rows = torch.repeat_interleave(torch.arange(n), indptr.cpu().diff())
    out[rows, indices.cpu().long()] = values.cpu().double()
    return out


@over_devices
@pytest.mark.parametrize("n, k", [(2, 1), (50, 7), (700, 90), (3000, 33)])
def test_symmetrize_matches_reference(device, n, k):
    g = torch.Generator().manual_seed(0)
    indices = torch.rand(n, n, generator=g).fill_diagonal_(2).argsort(1)[:, :k].int().to(device)
    conditional = torch.rand(n, k, generator=g).to(device)
    conditional /= conditional.sum(1, keepdim=True)
    actual = ops.symmetrize(indices, conditional)
    expected = reference.symmetrize(indices, conditional.double())
    assert torch.equal(actual[0], expected[0])
    assert torch.equal(actual[1], expected[1])
    assert_close(actual[2], expected[2], 1e-6)
    P = dense(actual, n)
    assert torch.equal(P, P.T)
    assert abs(P.sum().item() - 1) < 1e-6


@pytest.mark.parametrize(
    "starts", [[0, 500], [0, 100, 500], [0, 0, 300, 301, 500, 500], [0, 333, 500]]
)
@pytest.mark.parametrize("kind", ["near", "anywhere"])
def test_parts_of_the_rows_give_the_same_joint_P(kind, starts, two_thread_counts):
    """In any division: the edges between parts go from one to the other."""
    g = torch.Generator().manual_seed(1)
    n, k = 500, 20
    away = torch.rand(n, n if kind == "anywhere" else 4 * k, generator=g).argsort(1)[:, :k]
    indices = ((torch.arange(n)[:, None] + away + 1) % n).int()
    conditional = torch.rand(n, k, generator=g)
    whole = joint_P(indices, conditional)
    parts = [slice(*ends) for ends in pairwise(starts)]
    leaving = [outgoing_edges(indices[s], conditional[s], s.start, starts) for s in parts]

    def of_parts(symmetrize):
        for number, part in enumerate(parts):
            edges = Edges.join([to[number] for to in leaving])
            yield symmetrize(indices[part], conditional[part], part.start, n, edges)

    one, two = two_thread_counts(lambda: list(of_parts(ops.symmetrize)))
    for actual in (one, two):
        assert torch.equal(torch.cat([indptr.diff() for indptr, *_ in actual]), whole.indptr.diff())
        assert torch.equal(torch.cat([columns for _, columns, _ in actual]), whole.indices)
        assert torch.equal(torch.cat([values for *_, values in actual]), whole.values)
    by_reference = of_parts(lambda a, P, f, n, e: reference.symmetrize(a, P.double(), f, n, *e))
    for actual, expected in zip(one, by_reference, strict=True):
        assert torch.equal(actual[0], expected[0]) and torch.equal(actual[1], expected[1])
        torch.testing.assert_close(actual[2].double(), expected[2], rtol=1e-6, atol=0)


@pytest.mark.parametrize("edges", [900, 5000, 10**9])
def test_P_in_the_memory_of_its_edges_is_the_same(monkeypatch, edges):
    monkeypatch.setattr(in_parts, "MANY_EDGES", edges)
    monkeypatch.setattr(in_parts, "_EDGES_OF_PART", edges)
    monkeypatch.setattr(in_parts, "_EDGES_AT_ONCE", 999)
    monkeypatch.setattr(in_parts, "_ROWS_AT_ONCE", 77)
    neighbors = exact_neighbors(points("clustered", 600, 12), 60)
    expected = Perplexity(20).joint(neighbors)
    conditional = in_parts.conditional_P_of_consumed(Perplexity(20), neighbors)
    assert conditional.data_ptr() == neighbors.sq_distances.data_ptr()
    actual = in_parts.joint_P_of_consumed(neighbors.indices, conditional)
    assert all(torch.equal(a, b) for a, b in zip(actual, expected, strict=True))


@pytest.mark.parametrize("row, target", [(20, 30), (5, 9), (70, 30), (-1, 30), (99, 5)])
def test_edges_that_do_not_come_from_other_rows_are_refused(row, target):
    indices = torch.arange(1, 41).remainder(50)[:, None].int() + 10
    edges = torch.tensor([3, row]), torch.tensor([30, target])
    with pytest.raises(RuntimeError, match="incoming edges must run from other rows to these"):
        ops.symmetrize(
            indices, torch.ones(40, 1), 10, 70, (edges[0].int(), edges[1].int(), torch.ones(2))
        )
    with pytest.raises(ValueError, match=r"first must be in 0 .. n - l = 30, got 31"):
        ops.symmetrize(indices, torch.ones(40, 1), 31, 70)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux takes memory back")
@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_a_mapped_file_is_let_go_and_read_again(tmp_path, mode):
    def resident():
        return int(re.search(r"RssFile:\s+(\d+)", Path("/proc/self/status").read_text())[1]) << 10

    np.save(tmp_path / "X.npy", np.ones((1 << 18, 16), np.float32))
    X = np.load(tmp_path / "X.npy", mmap_mode=mode)
    if mode != "r":
        X[5, 5] = 7
    assert X[100:].sum() == X[100:].size
    before = resident()
    forget(X[3:])  # a view has the whole mapping
    assert (before - resident() > 0.7 * X.nbytes) == (mode != "c")
    assert X[100:].sum() == X[100:].size and X[5, 5] == (1 if mode == "r" else 7)
    forget(np.ones(3))
    forget(None)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux takes memory back")
def test_released_memory_is_given_back():
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE

    t = torch.ones(1 << 24)
    before = resident()
    release(t[1 << 22 :])
    assert before - resident() > 0.7 * t.nbytes
    assert bool((t[: 1 << 22] == 1).all())


def test_joint_P_of_real_neighbors_and_its_entropy(two_thread_counts):
    X = points("clustered", 900, 12)
    one, two = two_thread_counts(lambda: Perplexity(20).joint(exact_neighbors(X, 60)))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    P = dense(one, 900)
    expected = (P * P.log().nan_to_num(neginf=0)).sum().item()
    assert math.isclose(one.negative_entropy(), expected, rel_tol=1e-9)


def test_opcheck():
    sq = points("normal", 10, 6).square()
    opcheck(torch.ops.fasttsne.perplexity_search.default, (sq, 3.0))
    indices = torch.tensor([[1, 2], [0, 2], [0, 1]], dtype=torch.int32)
    none = indices.new_empty(0), indices.new_empty(0), torch.empty(0)
    opcheck(torch.ops.fasttsne.symmetrize.default, (indices, torch.full((3, 2), 0.5), 0, 3, *none))


def test_bad_input_is_named():
    sq = torch.rand(4, 3)
    with pytest.raises(ValueError, match=r"perplexity must be in 1 .. k = 3"):
        ops.perplexity_search(sq, 4.0)
    with pytest.raises(TypeError, match=r"indices must be torch.int32, got torch.int64"):
        ops.symmetrize(torch.zeros(2, 1, dtype=torch.int64), torch.ones(2, 1))
    with pytest.raises(ValueError, match=r"conditional_P must have shape \(2, 1\)"):
        ops.symmetrize(torch.zeros(2, 1, dtype=torch.int32), torch.ones(2, 2))
    with pytest.raises(ValueError, match=r"sq_distances must have 1 column or more"):
        ops.perplexity_search(torch.empty(3, 0), 1.0)
    twice = torch.tensor([[1, 1], [0, 2], [0, 1]], dtype=torch.int32)
    with pytest.raises(RuntimeError, match=r"indices of a row must be distinct"):
        ops.symmetrize(twice, torch.rand(3, 2))
    # Lists of so many edges would not fit into memory.
    too_wide = torch.zeros(1, 1 << 24)
    with pytest.raises(RuntimeError, match=r"indices of a row must be distinct"):
        ops.symmetrize(too_wide.int(), too_wide)
    with pytest.raises(RuntimeError, match=r"indices must be in 0 .. n - 1"):
        ops.symmetrize(torch.full((2, 1), 5, dtype=torch.int32), torch.ones(2, 1))


# --- kinds of affinities -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def X():
    return points("clustered", 400, 6)


@pytest.fixture(scope="module")
def neighbors(X):
    return exact_neighbors(X, 60)


def assert_joint(P, n):
    """Every P is truly symmetric and sums to 1."""
    matrix = dense(P, n)
    assert torch.equal(matrix, matrix.T)
    assert abs(matrix.sum().item() - 1) < 1e-6
    assert (matrix.diagonal() == 0).all()


KINDS = [
    Perplexity(20),
    Multiscale([5, 20]),
    Multiscale([5, 20], True),
    FixedSigma(2.0),
    Uniform(9),
]


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_every_kind_makes_distributions(kind, neighbors):
    conditional = kind.conditional_P(neighbors)
    assert conditional.shape == neighbors.indices.shape and (conditional >= 0).all()
    torch.testing.assert_close(conditional.sum(1), torch.ones(400))
    assert_joint(kind.joint(neighbors), 400)


@pytest.mark.parametrize("mixture", [False, True])
def test_one_scale_is_plain(neighbors, mixture):
    plain = Perplexity(20).conditional_P(neighbors)
    scales = Multiscale([20], mixture).conditional_P(neighbors)
    torch.testing.assert_close(scales, plain, rtol=1e-4, atol=1e-7)
    repeated = Multiscale([20, 20], mixture).conditional_P(neighbors)
    torch.testing.assert_close(repeated, plain, rtol=1e-4, atol=1e-7)


def test_scales_by_their_formulas(neighbors):
    sq = neighbors.sq_distances.double()
    averaged, mixed = 0, 0
    for perplexity in (5, 20):
        beta, P = reference.perplexity_search(sq, perplexity)
        averaged = averaged + P / 2
        mixed = mixed + beta[:, None].sqrt() * torch.exp(-beta[:, None] * sq)
    actual = Multiscale([5, 20]).conditional_P(neighbors)
    assert_close(actual, averaged, 1e-4)
    actual = Multiscale([5, 20], mixture=True).conditional_P(neighbors)
    assert_close(actual, mixed / mixed.sum(1, keepdim=True), 1e-3)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_sigma_is_in_units_of_the_data(X, scale):
    P = joint_affinities(X.double() * scale, affinities=FixedSigma(2.0 * scale, k=50))
    sq = torch.cdist(X.double(), X.double()).square()
    kth = sq.fill_diagonal_(math.inf).kthvalue(50, 1, keepdim=True).values
    conditional = torch.softmax(torch.where(sq <= kth, -sq / (2 * 2.0**2), -math.inf), 1)
    assert_close(dense(P, 400), (conditional + conditional.T) / 800, 1e-4)


def test_a_width_far_below_all_distances_leaves_the_nearest(neighbors):
    conditional = FixedSigma(1e-12).conditional_P(neighbors)
    assert torch.isfinite(conditional).all()
    torch.testing.assert_close(conditional[:, 0], torch.ones(400))


def test_mean_sigma_is_in_units_of_the_data(X):
    def sigma(scale):
        found = Search()(X.double() * scale, 60, torch.device("cpu")).neighbors
        return Perplexity(20).sigma(found) / scale

    torch.testing.assert_close(sigma(1e6), sigma(1.0), rtol=1e-3, atol=0)


def test_fewer_neighbors_than_the_perplexity_lower_it_with_a_warning(X):
    few = exact_neighbors(X, 10)
    with pytest.warns(UserWarning, match="perplexity 20 is lowered to 10"):
        conditional = Perplexity(20).conditional_P(few)
    # The entropy is flat at its largest.
    torch.testing.assert_close(conditional, torch.full((400, 10), 0.1), rtol=0.02, atol=0)


# --- given P -------------------------------------------------------------------------------------


def forms_of(P):
    matrix = sparse.csr_array(P)
    yield "array", P
    yield "tensor", torch.from_numpy(P)
    yield "scipy", sparse.coo_matrix(P)
    yield "torch csr", torch.from_numpy(P).to_sparse_csr()
    yield "torch coo", torch.from_numpy(P).to_sparse_coo()
    yield "float32", matrix.astype(np.float32)


def some_P():
    rng = np.random.default_rng(0)
    P = rng.random((30, 30)) * (rng.random((30, 30)) < 0.3)
    P[np.arange(30), (np.arange(30) + 1) % 30] = 0.5
    return P


@pytest.mark.parametrize(
    "form, P", list(forms_of(some_P())), ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_given_P_is_made_symmetric_and_sums_to_one(form, P):
    expected = some_P()
    np.fill_diagonal(expected, 0)
    expected = expected + expected.T
    joint = given_affinities(P)
    assert_close(dense(joint, 30), torch.from_numpy(expected / expected.sum()), 1e-6)
    assert_joint(joint, 30)
    assert joint.indices.dtype == torch.int32
    for row in range(30):
        assert (joint.indices[joint.indptr[row] : joint.indptr[row + 1]].diff() > 0).all()


BAD_P = [
    (np.full((3, 3), -1.0), ValueError, "P must be 0 or more, got -1"),
    (np.ones((3, 4)), ValueError, r"P must be square, got shape \(3, 4\)"),
    (np.full((3, 3), np.nan), ValueError, "P must be finite"),
    (np.array([[0, 1, 0], [1, 0, 1e-60], [0, 1e-60, 0]]), ValueError, "none in row 2"),
    (np.eye(3), ValueError, "P must connect each point to another, got none in row 0"),
    (np.ones((1, 1)), ValueError, "P must have 2 rows or more, got 1"),
    (np.array([["a"]]), TypeError, "P must be a matrix of numbers"),
    (np.ones(3), TypeError, r"P must be a matrix of numbers, got dtype float64 of shape \(3,\)"),
]


@pytest.mark.parametrize("P, error, message", BAD_P, ids=range(len(BAD_P)))
def test_a_wrong_P_is_named(P, error, message):
    with pytest.raises(error, match=message):
        given_affinities(P)


BAD_KINDS = [
    (Perplexity(400), ValueError, r"perplexity \(400\) must be less than n_samples \(400\)"),
    (Perplexity("a"), TypeError, "perplexity must be a number"),
    (Multiscale([]), TypeError, "perplexities must be a list of 1 number or more"),
    (Multiscale([5, 0.5]), ValueError, r"perplexities\[1\] must be 1 or more"),
    (FixedSigma(0), ValueError, "sigma must be above 0"),
    (FixedSigma(1, k=0), ValueError, "k must be 1 or more"),
    (Uniform(2.5), TypeError, "k must be an integer"),
]


def test_large_numbers_are_only_relative():
    P = given_affinities(np.full((9, 9), 1e307))
    assert_joint(P, 9)
    TSNE(affinities=np.full((9, 9), 1e307), init="random", max_iter=5).fit(None)


def test_the_narrowest_width_leaves_the_nearest(neighbors):
    conditional = FixedSigma(1e-200).conditional_P(neighbors)
    torch.testing.assert_close(conditional[:, 0], torch.ones(400))


@pytest.mark.parametrize("kind, error, message", BAD_KINDS, ids=repr)
def test_wrong_parameters_are_named(kind, error, message):
    with pytest.raises(error, match=message):
        kind.check(400)


# --- from data to P, and from P to a map ---------------------------------------------------------


@pytest.mark.parametrize("neighbors", ["exact", "cells"])
@pytest.mark.parametrize("small_cells", [False, True])
def test_joint_affinities_are_those_of_the_rows_in_their_order(monkeypatch, neighbors, small_cells):
    if small_cells:  # as they are for many rows
        monkeypatch.setattr("fasttsne.neighbors.cells._FIRST_BUDGET", 64)
        monkeypatch.setattr("fasttsne.neighbors.cells._ROWS_OVER_BUDGET", 1)
    X = points("clustered", 3000, 4)
    P = joint_affinities(X.numpy(), 10, neighbors=neighbors)
    expected = Perplexity(10).joint(exact_neighbors(X - X.mean(0), 30))
    assert_joint(P, 3000)
    assert_close(dense(P, 3000), dense(expected, 3000), 0.2 if neighbors == "cells" else 1e-3, 1)


def test_a_map_of_a_given_P_is_that_of_the_data(X):
    P = joint_affinities(X, 20)
    start = points("normal", 400, 2, seed=3)
    phases = [Phase(4, 12, 0.5), Phase(6)]  # the default ones go by how many neighbours P has
    expected = TSNE(perplexity=20, init=start, schedule=phases).fit_transform(X)
    for given_P in (P.to_scipy(), P.to_scipy().toarray()):
        estimator = TSNE(affinities=given_P, init=start.numpy(), schedule=phases)
        Y = estimator.fit_transform(None)
        assert np.allclose(Y, expected, atol=1e-3)
        assert estimator.report_.search == "given"


def test_a_map_of_a_given_graph_needs_no_data(X):
    found = exact_neighbors(X, 60)
    graph = (found.indices, found.sq_distances.sqrt())
    start = points("normal", 400, 2, seed=3).numpy()
    expected = TSNE(perplexity=20, init=start, max_iter=10).fit_transform(X.numpy())
    Y = TSNE(perplexity=20, neighbors=graph, init=start, max_iter=10).fit_transform(None)
    assert np.allclose(Y, expected, atol=1e-3)


def test_P_of_a_table_is_that_of_its_numbers():
    pandas = pytest.importorskip("pandas")
    P = np.random.default_rng(0).random((40, 40))
    maps = [
        TSNE(affinities=kind(P), init="random", random_state=0, max_iter=20).fit_transform(None)
        for kind in (np.asarray, pandas.DataFrame)
    ]
    assert np.array_equal(*maps)


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_every_kind_makes_a_map(X, kind):
    estimator = TSNE(affinities=kind, random_state=0, max_iter=60)
    assert torch.isfinite(estimator.fit_transform(X)).all()
    assert 0 < estimator.kl_divergence_ < 10


@pytest.mark.parametrize(
    "parameters, X, message",
    [
        (dict(), None, "X must be given, unless affinities is a matrix or neighbors are a graph"),
        (dict(affinities=np.ones((5, 5))), None, "init='pca' needs X"),
        (dict(affinities=np.ones((5, 5))), np.eye(4), r"affinities must have shape \(4, 4\)"),
        (dict(affinities=7), np.eye(4), "affinities must be one of fasttsne.affinities"),
    ],
    ids=range(4),
)
def test_what_does_not_go_together_is_named(parameters, X, message):
    with pytest.raises((ValueError, TypeError), match=message):
        TSNE(**{"perplexity": 2, **parameters}).fit(X)


@pytest.mark.parametrize("neighbors", [(), [1, 2], (np.zeros((9, 3)),)], ids=repr)
def test_a_malformed_graph_is_named(neighbors):
    with pytest.raises(TypeError, match="neighbors must be a pair"):
        TSNE(neighbors=neighbors, init="random").fit(None)
