"""Sparse matrices as users bring them: places repeated, out of order or out of range."""

import numpy as np
import pytest
import torch
from sample import points
from scipy import sparse

from fasttsne import TSNE
from fasttsne.affinities import given_affinities, joint_affinities
from fasttsne.neighbors.graphs import given_neighbors

N = 60
QUICK = dict(perplexity=5, max_iter=5, random_state=0)


def split(matrix, seed=0):
    """The same COO matrix with every entry in two parts, in a random order."""
    matrix = sparse.coo_matrix(matrix)
    share = np.random.default_rng(seed).uniform(0.2, 0.8, matrix.nnz)
    order = np.random.default_rng(seed).permutation(2 * matrix.nnz)
    data = np.concatenate([matrix.data * share, matrix.data - matrix.data * share])[order]
    row, col = (np.tile(place, 2)[order] for place in (matrix.row, matrix.col))
    return sparse.coo_matrix((data, (row, col)), shape=matrix.shape)


def repeated(matrix, form):
    """The same again in a format that keeps places twice."""
    coo = split(matrix)
    if form == "coo":
        return coo
    across = form == "csc"
    major, minor = (coo.col, coo.row) if across else (coo.row, coo.col)
    order = np.argsort(major, kind="stable")
    ends = np.searchsorted(major[order], np.arange(coo.shape[across] + 1))
    kind = sparse.csc_matrix if across else sparse.csr_matrix
    return kind((coo.data[order], minor[order], ends), shape=coo.shape)


@pytest.fixture(scope="module")
def X():
    X = points("clustered", N, 6).double().numpy()
    return np.where(np.abs(X) > 3, X, 0)


def parts(matrix):
    if matrix.format == "coo":
        return [matrix.data.copy(), matrix.row.copy(), matrix.col.copy()]
    return [matrix.data.copy(), matrix.indices.copy(), matrix.indptr.copy()]


def distances(X):
    return np.linalg.norm(X[:, None] - X, axis=2) + 0.1


USES = {
    "joint_affinities": lambda X, M: joint_affinities(M, 5).values,
    "joint_affinities of distances": lambda X, M: (
        joint_affinities(M, 5, metric="precomputed").values
    ),
    "X": lambda X, M: TSNE(init="random", **QUICK).fit_transform(M),
    "X by angles": lambda X, M: TSNE(init="random", metric="cosine", **QUICK).fit_transform(M),
    "transform": lambda X, M: (
        TSNE(init="random", **QUICK).fit(sparse.csr_matrix(1.5 * X)).transform(M, iterations=1)
    ),
    "distances": lambda X, M: TSNE(init="random", metric="precomputed", **QUICK).fit_transform(M),
    "graph": lambda X, M: given_neighbors(M, X, N, 5).sq_distances,
    "P": lambda X, M: given_affinities(M).values,
    "affinities": lambda X, M: TSNE(init="random", affinities=M, **QUICK).fit_transform(None),
}


@pytest.mark.parametrize("form", ["coo", "csr", "csc"])
@pytest.mark.parametrize("use", USES)
def test_entries_for_the_same_place_are_summed_and_the_matrix_is_left_alone(X, use, form):
    is_of_pairs = use.endswith("distances") or use in ("graph", "P", "affinities")
    use_it = USES[use]
    matrix = repeated(distances(X) if is_of_pairs else X, form)
    summed = matrix.tocsr(copy=True)
    summed.sum_duplicates()
    before = parts(matrix)
    assert np.array_equal(np.asarray(use_it(X, matrix)), np.asarray(use_it(X, summed)))
    for now, then in zip(parts(matrix), before, strict=True):
        assert np.array_equal(now, then)


def test_small_integers_do_not_overflow_in_a_sum():
    twice = (np.full(2 * N, 100, np.int8), (np.repeat(np.arange(N), 2), np.arange(2 * N) // 2 % 4))
    matrix = sparse.coo_matrix(twice, shape=(N, 4))
    once = sparse.csr_matrix(np.eye(4)[np.arange(N) % 4] * 200)
    assert torch.equal(
        joint_affinities(matrix, 5, metric="manhattan").values,
        joint_affinities(once, 5, metric="manhattan").values,
    )
    truths = sparse.coo_matrix((np.ones(2 * N, bool), twice[1]), shape=(N, 4))
    ones = sparse.csr_matrix(np.eye(4)[np.arange(N) % 4])
    assert torch.equal(joint_affinities(truths, 5).values, joint_affinities(ones, 5).values)


def test_a_sparse_matrix_is_checked_where_no_estimator_does(X):
    X = X.copy()
    X[7, 2] = np.nan
    with pytest.raises(ValueError, match=r"X must be finite, .* X\[7, 2\] is nan"):
        joint_affinities(sparse.csc_matrix(X), 5)
    with pytest.raises(TypeError, match="X must hold real numbers, got dtype complex128"):
        joint_affinities(sparse.csr_matrix(np.eye(N) + 1j), 5)
    with pytest.raises(ValueError, match="square distance matrix"):
        joint_affinities(sparse.csr_matrix(X[:, :2] > 0), 5, metric="precomputed")


def broken(form, fault):
    """A matrix (N, N) whose places were spoilt after scipy had looked at them."""
    matrix = sparse.csr_matrix(distances(points("normal", N, 3).numpy())).asformat(form)
    if form == "coo":
        (matrix.row if fault == "row" else matrix.col)[5] = 10**8 if fault == "row" else -1
    elif fault == "columns":
        matrix.indices[5] = 10**8
    elif fault == "negative":
        matrix.indices[5] = -1
    elif fault == "end":
        matrix.indptr[-1] += 10**6
    elif fault == "falling":
        matrix.indptr[3] = 10**6
    elif fault == "short":
        matrix.indptr = matrix.indptr[:10]
    return matrix


FAULTS = [
    ("coo", "row", r"rows of {} must be in 0 \.\. 59, got 0 \.\. 100000000"),
    ("coo", "col", r"columns of {} must be in 0 \.\. 59, got -1"),
    ("csr", "columns", r"columns of {} must be in 0 \.\. 59, got 0 \.\. 100000000"),
    ("csr", "negative", r"columns of {} must be in 0 \.\. 59, got -1"),
    ("csc", "columns", r"rows of {} must be in 0 \.\. 59, got 0 \.\. 100000000"),
    ("bsr", "columns", r"columns of {} must be in 0 \.\. \d+, got 0 \.\. 100000000"),
    ("csr", "end", "indptr of {} must rise from 0 to"),
    ("csr", "falling", "indptr of {} must rise from 0 to .* falling in between"),
    ("csc", "falling", "indptr of {} must rise from 0 to"),
    ("csr", "short", "indptr of {} must have 61 numbers for 60 rows"),
]


@pytest.mark.parametrize("form, fault, message", FAULTS, ids=lambda v: v if len(v) < 9 else "")
def test_places_out_of_range_are_refused_by_name(form, fault, message):
    for name, fit in {
        "X": lambda M: TSNE(init="random", **QUICK).fit(M),
        "neighbors": lambda M: TSNE(init="random", neighbors=M, **QUICK).fit(None),
        "affinities": lambda M: TSNE(init="random", affinities=M, **QUICK).fit(None),
        "P": given_affinities,
    }.items():
        with pytest.raises(ValueError, match=message.format(name)):
            fit(broken(form, fault))


def test_places_out_of_range_of_a_torch_matrix_are_refused():
    ends, columns, ones = torch.arange(N + 1), torch.arange(N).roll(1), torch.ones(N)
    with torch.sparse.check_sparse_tensor_invariants(False):
        far = columns.clone()
        far[3] = 10**8
        for matrix in (
            torch.sparse_csr_tensor(ends, far, ones, (N, N)),
            torch.sparse_coo_tensor(torch.stack([ends[:-1], far]), ones, (N, N)),
        ):
            with pytest.raises(ValueError, match=r"columns of affinities must be in 0 \.\. 59"):
                TSNE(init="random", affinities=matrix, **QUICK).fit(None)
        fall = ends.clone()
        fall[3] = 10**6
        with pytest.raises(ValueError, match="indptr of P must rise from 0 to 60"):
            given_affinities(torch.sparse_csr_tensor(fall, columns, ones, (N, N)))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.int8, torch.uint32])
def test_P_of_any_dtype(dtype):
    P = torch.ones(N, N).to(dtype)
    assert torch.equal(given_affinities(P).values, given_affinities(torch.ones(N, N)).values)


def test_sparse_rows_all_alike_and_numbers_of_any_size(X):
    for rows in (sparse.csr_matrix((N, 4)), sparse.csr_matrix(np.ones((N, 4)))):
        assert np.isfinite(TSNE(**QUICK).fit_transform(rows)).all()
    expected = TSNE(**QUICK).fit_transform(sparse.csr_matrix(X))
    for power in (-560, 520, 1000):
        scaled = TSNE(**QUICK).fit_transform(sparse.csr_matrix(np.ldexp(X, power)))
        assert np.allclose(scaled, expected, atol=1e-5)


def test_a_seed_beyond_32_bits(X):
    matrix = sparse.csr_matrix(X)
    one, two = (
        TSNE(perplexity=5, max_iter=5, random_state=2**40 + 1).fit_transform(matrix)
        for _ in range(2)
    )
    assert np.array_equal(one, two)
