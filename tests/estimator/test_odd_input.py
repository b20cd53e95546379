"""Input that is odd: it gives the map of the same numbers in plain form, or an error by name."""

import numpy as np
import pytest
import torch
from sample import points
from scipy import sparse

from fasttsne import TSNE
from fasttsne.affinities import given_affinities, joint_affinities

N, D = 120, 5


@pytest.fixture(scope="module")
def X():
    return points("clustered", N, D).double().numpy()


def fitted(X, **parameters):
    return TSNE(random_state=0, perplexity=8, max_iter=20, **parameters).fit(X)


# ---- Distances that are none ------------------------------------------------------------------


def not_a_number(x, y):
    """City blocks, and NaN as soon as a row begins with 99."""
    return np.nan if 99 in (x[0], y[0]) else np.abs(x - y).sum()


@pytest.mark.parametrize("n", [N, 2100])
@pytest.mark.parametrize("method", ["auto", "exact"])
def test_a_constant_row_has_no_correlation(n, method):
    X = points("normal", n, D).double().numpy()
    message = "metric 'correlation' is not defined for a constant row, .* in row 3 of X are equal"
    estimator = fitted(X, metric="correlation", method=method)
    with pytest.raises(ValueError, match=message):
        estimator.transform(np.concatenate([X[:3], np.full((1, D), 0.5)]))
    X[3] = -7
    with pytest.raises(ValueError, match=message):
        fitted(X, metric="correlation", method=method)


@pytest.mark.parametrize("method", ["auto", "exact"])
def test_a_metric_that_returns_nan_is_named_and_the_row(X, method):
    estimator = fitted(X, metric=not_a_number, method=method)
    bad = X[:4].copy()
    bad[2, 0] = 99
    with pytest.raises(ValueError, match=r"metric 'not_a_number' .*nan for row .*2"):
        estimator.transform(bad)
    with pytest.raises(ValueError, match=r"metric 'not_a_number' .*nan for row .*2"):
        fitted(np.concatenate([bad, X[4:]]), metric=not_a_number, method=method)


def test_a_negative_distance_is_named(X):
    with pytest.raises(ValueError, match=r"should be positive.*metric '<lambda>' .*-1"):
        fitted(X, metric=lambda x, y: -1.0)


# ---- Sparse matrices --------------------------------------------------------------------------


def doubled(matrix):
    """The same matrix with each entry in two halves, columns falling."""
    matrix = matrix.tocsr().sorted_indices()
    rows = [np.r_[row, row][::-1] for row in np.split(matrix.indices, matrix.indptr[1:-1])]
    data = [np.r_[row, row][::-1] / 2 for row in np.split(matrix.data, matrix.indptr[1:-1])]
    parts = (np.concatenate(data), np.concatenate(rows), 2 * matrix.indptr)
    return type(matrix)(parts, shape=matrix.shape)


def as_kind(matrix, kind):
    """A COO or CSC matrix with the same entries, each of them twice still."""
    if kind == "csr":
        return matrix
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    coo = sparse.coo_matrix((matrix.data, (rows, matrix.indices)), shape=matrix.shape)
    if kind == "coo":
        return coo
    order = np.argsort(matrix.indices, kind="stable")
    ends = np.r_[0, np.bincount(matrix.indices, minlength=matrix.shape[1]).cumsum()]
    return sparse.csc_matrix((matrix.data[order], rows[order], ends), shape=matrix.shape)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_entries_for_the_same_place_are_summed(X, kind):
    plain = sparse.csr_matrix(np.where(np.abs(X) > 8, X, 0))
    twice = as_kind(doubled(plain), kind)
    before = [twice.data.copy(), twice.nnz]
    expected = fitted(plain)
    assert np.array_equal(fitted(twice).embedding_, expected.embedding_)
    for one, other in zip(joint_affinities(twice, 8), joint_affinities(plain, 8), strict=True):
        assert torch.equal(one, other)
    assert np.array_equal(twice.data, before[0]) and twice.nnz == before[1]
    new = expected.transform(plain[:9])
    assert np.array_equal(expected.transform(as_kind(doubled(plain[:9]), kind)), new)


def test_entries_of_graphs_and_of_p_for_the_same_place_are_summed(X):
    P = joint_affinities(X, 8).to_scipy().astype(np.float64)
    halves = doubled(P).tocoo(copy=True)
    at = np.array([halves.row, halves.col])
    of_torch = torch.sparse_coo_tensor(at, halves.data, P.shape, check_invariants=True)
    for other in (doubled(P), of_torch):
        for one, expected in zip(given_affinities(other), given_affinities(P), strict=True):
            assert torch.equal(one, expected)
    from sklearn.neighbors import kneighbors_graph

    graph = kneighbors_graph(X, 24, mode="distance")
    expected = fitted(X, neighbors=graph).embedding_
    assert np.array_equal(fitted(X, neighbors=doubled(graph)).embedding_, expected)


def broken(change):
    """A CSR matrix of numbers whose places are wrong, as scipy lets one make it."""
    matrix = sparse.random(N, N, 0.2, "csr", random_state=0)
    matrix.data += 1
    change(matrix)
    return matrix


def set_at(name, i, value):
    def change(matrix):
        getattr(matrix, name)[i] = value

    return change


BROKEN = {
    "column too large": set_at("indices", 5, 10**8),
    "column below 0": set_at("indices", 5, -1),
    "pointers too large": set_at("indptr", -1, 10**8),
    "pointers fall": set_at("indptr", 7, 1),
    "pointers begin late": set_at("indptr", 0, 3),
}


@pytest.mark.parametrize("name", BROKEN)
def test_places_out_of_range_are_refused(X, name):
    matrix = broken(BROKEN[name])
    with pytest.raises(ValueError, match=r"(columns|indptr) of X must"):
        fitted(matrix)
    with pytest.raises(ValueError, match=r"(columns|indptr) of affinities must"):
        TSNE(affinities=matrix).fit(None)
    with pytest.raises(ValueError, match=r"(columns|indptr) of neighbors must"):
        fitted(X, neighbors=matrix)
    parts = (torch.from_numpy(part) for part in (matrix.indptr, matrix.indices, matrix.data))
    with torch.sparse.check_sparse_tensor_invariants(enable=False):
        unchecked = torch.sparse_csr_tensor(*parts, size=(N, N))
    with pytest.raises(ValueError, match=r"(columns|indptr) of affinities must"):
        TSNE(affinities=unchecked).fit(None)


def test_neighbours_out_of_range_are_refused(X):
    indices = np.tile(np.arange(24), (N, 1))
    for wrong in (N, -1, 2**40):
        indices[7, 3] = wrong
        with pytest.raises(ValueError, match="indices of neighbors must"):
            fitted(X, neighbors=(indices, np.ones(indices.shape)))


# ---- Sizes at the end of the range ------------------------------------------------------------


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
@pytest.mark.parametrize("n", [N, 2100])
def test_the_length_of_rows_does_not_matter_for_angles(metric, n):
    X = points("normal", n, 8).double().numpy()
    lengths = np.random.default_rng(0).choice([1e-300, 1e-170, 1.0, 1e155, 1e300], (n, 1))
    expected = joint_affinities(X, 8, metric=metric).to_scipy()
    actual = joint_affinities(X * lengths, 8, metric=metric).to_scipy()
    assert abs(expected - actual).max() < 1e-4 * expected.max()


def test_a_few_huge_rows_do_no_harm():
    X = points("normal", 2100, 8).double().numpy()
    X[:7] = 1e308 * np.random.default_rng(0).uniform(-1, 1, (7, 8))
    Y = TSNE(metric="correlation", max_iter=20, random_state=0).fit_transform(X)
    assert np.isfinite(Y).all()


def test_the_largest_numbers(X):
    huge = X.copy()
    huge[3, 2] = 1.7e308
    assert np.isfinite(fitted(huge).embedding_).all()
    assert np.array_equal(
        fitted(X * 2.0**900, init="random").embedding_, fitted(X, init="random").embedding_
    )


# ---- Parameters -------------------------------------------------------------------------------


def test_a_seed_of_any_size(X):
    few = sparse.csr_matrix(np.where(np.abs(X) > 8, X, 0))
    for seed in (2**32, 2**40 + 1, 2**63 - 1):
        Y = TSNE(random_state=seed, perplexity=8, max_iter=5).fit_transform(few)
        assert np.isfinite(Y).all()


def test_no_seed_takes_numpys_as_scikit_learn_does(X):
    maps = []
    for seed in (0, 0, 1):
        np.random.seed(seed)  # noqa: NPY002
        maps.append(TSNE(perplexity=8, init="random", max_iter=20).fit_transform(X))
    assert np.array_equal(maps[0], maps[1]) and not np.array_equal(maps[0], maps[2])


def test_parameters_that_a_metric_does_not_take_are_refused(X):
    for given in ({"w": np.ones(D)}, {"nonsense": 1}):
        with pytest.raises(ValueError, match=r"metric='euclidean' takes no metric_params, got"):
            fitted(X, metric_params=given)
    with pytest.raises(TypeError, match=r"metric 'manhattan' with metric_params=.*nonsense"):
        fitted(X, metric="manhattan", metric_params={"nonsense": 1})


def test_variances_are_those_of_the_data_unless_given(X):
    X = X * np.arange(1.0, D + 1)
    given = fitted(X, metric="seuclidean", metric_params={"V": X.var(0, ddof=1)})
    assert np.array_equal(fitted(X, metric="seuclidean").embedding_, given.embedding_)
    scaled = joint_affinities(X / X.std(0, ddof=1), 8).to_scipy()
    P = joint_affinities(X, 8, metric="seuclidean").to_scipy()
    assert abs(P - scaled).max() < 1e-3 * scaled.max()


@pytest.mark.parametrize(
    "theirs, ours",
    [
        ("n_iter", "max_iter"),
        ("square_distances", "always squared"),
        ("early_exaggeration_iter", r"schedule=\[fasttsne.Phase"),
        ("exaggeration", "late_exaggeration"),
        ("negative_gradient_method", "method"),
        ("theta", "angle"),
        ("initialization", "init"),
        ("n_neighbors", "perplexity"),
    ],
)
def test_a_parameter_of_another_library_names_ours(theirs, ours):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{theirs}': use .*{ours}"):
        TSNE(**{theirs: 1})


def test_a_parameter_of_none_is_an_error():
    with pytest.raises(TypeError, match=r"TSNE got an unexpected keyword argument 'nonsense'$"):
        TSNE(nonsense=1)


def test_several_perplexities_name_multiscale(X):
    with pytest.raises(TypeError, match=r"affinities=fasttsne.affinities.Multiscale\(\[30, 300"):
        TSNE(perplexity=[30, 300]).fit(X)


def test_a_perplexity_that_tells_no_points_apart_is_said(X):
    with pytest.warns(UserWarning, match=r"perplexity \(119\) is so near n_samples - 1 = 119"):
        TSNE(perplexity=N - 1, max_iter=5).fit(X)


def test_a_start_too_large_is_said(X):
    start = points("normal", N, 2).double().numpy()
    with pytest.warns(UserWarning, match="init is far larger than a map of 120 points.*rescale"):
        fitted(X, init=1e6 * start)
    for size in (1e30, 1e38):
        with pytest.raises(ValueError, match=r"init must lie within .*rescale"):
            fitted(X, init=size * start)


def test_more_jobs_than_cores_are_as_many_as_cores(X):
    assert np.array_equal(fitted(X, n_jobs=10**6).embedding_, fitted(X, n_jobs=1).embedding_)


# ---- Numbers in other dress -------------------------------------------------------------------


def test_the_same_whole_numbers_of_any_dtype_give_the_same_map():
    whole = np.random.default_rng(0).integers(0, 100, (N, D))
    expected = fitted(whole.astype(np.float64)).embedding_
    for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", ">f4", ">f8", ">i4", "O"):
        assert np.array_equal(fitted(whole.astype(kind)).embedding_, expected), kind


def test_masked_entries_are_refused(X):
    masked = np.ma.masked_array(X, mask=X > 30)
    assert masked.mask.any()
    with pytest.raises(ValueError, match="X must not have masked entries, got"):
        fitted(masked)
    assert np.array_equal(fitted(np.ma.masked_array(X)).embedding_, fitted(X).embedding_)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_few_points(n):
    for d in (1, 3):
        Y = TSNE(perplexity=1, max_iter=20, random_state=0).fit_transform(points("normal", n, d))
        assert Y.shape == (n, 2) and torch.isfinite(Y).all()


@pytest.mark.parametrize(
    "parameters",
    [
        dict(),
        dict(metric="cosine"),
        dict(metric="cityblock"),
        dict(metric="precomputed", init="random"),
        dict(init=points("normal", N, 2), anchors=points("normal", N, 2), anchor_weight=2.0),
        dict(supervision=0.5),
    ],
)
def test_tensors_that_are_negated_when_they_are_read(X, parameters):
    X = torch.from_numpy(X)
    if parameters.get("metric") == "precomputed":
        X = torch.cdist(X, X)
    y = torch.arange(N) % 3

    def later(value):
        # As (real + imaginary * 1j).conj().imag.
        return torch._neg_view(-value) if isinstance(value, torch.Tensor) else value

    def map_of(change):
        given = {name: change(value) for name, value in parameters.items()}
        estimator = TSNE(random_state=0, perplexity=8, max_iter=20, **given)
        return estimator.fit_transform(change(X), change(y))

    assert torch.equal(map_of(later), map_of(lambda value: value))
