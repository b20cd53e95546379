"""Neighbours that a user brings to TSNE(neighbors=...)."""

import math

import numpy as np
import pytest
import torch
from sample import points
from scipy import sparse
from sklearn.neighbors import KNeighborsTransformer, NearestNeighbors

from fasttsne import TSNE
from fasttsne.affinities import joint_affinities
from fasttsne.neighbors.exact import exact_neighbors
from fasttsne.neighbors.graphs import given_neighbors

N, K = 400, 30
QUICK = dict(perplexity=10, max_iter=60, random_state=0)


@pytest.fixture(scope="module")
def X():
    return points("clustered", N, 8).numpy()


@pytest.fixture(scope="module")
def search(X):
    return NearestNeighbors(n_neighbors=K).fit(X)


def forms(X, search):
    """The same neighbours in every form, with and without each row's entry for itself."""
    distances, indices = search.kneighbors()
    distances_with_self, indices_with_self = search.kneighbors(X, K + 1)
    shuffled = np.random.default_rng(0).permutation(K)
    return {
        "pair": (indices, distances),
        "tensors": (torch.from_numpy(indices), torch.from_numpy(distances)),
        "float32": (indices.astype(np.int32), distances.astype(np.float32)),
        "big-endian": (indices.astype(">i8"), distances.astype(">f8")),
        "unsigned": (indices.astype(np.uint64), distances.astype(np.longdouble)),
        "any order": (indices[:, shuffled], distances[:, shuffled]),
        "with itself": (indices_with_self, distances_with_self),
        "graph": search.kneighbors_graph(mode="distance"),
        "graph with itself": KNeighborsTransformer(n_neighbors=K).fit_transform(X),
        "coordinates": search.kneighbors_graph(mode="distance").tocoo(),
        "function": lambda data, k: search.kneighbors(data, K + 1)[::-1],
        "function of a graph": lambda data, k: search.kneighbors_graph(mode="distance"),
    }


FORMS = (
    "pair, tensors, float32, big-endian, unsigned, any order, with itself, graph, "
    "graph with itself, coordinates, function, function of a graph"
).split(", ")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_neighbors_of_our_own_search(X, search, form):
    given = given_neighbors(forms(X, search)[form], X, N, K)
    expected = exact_neighbors(torch.from_numpy(X), K)
    assert torch.equal(given.indices, expected.indices)
    assert given.indices.dtype == torch.int32 and given.sq_distances.dtype == torch.float32
    ratio = given.sq_distances / expected.sq_distances
    scale = math.log2(ratio[0, 0])
    assert math.isclose(scale, round(scale), abs_tol=1e-3), "not scaled by a power of two"
    torch.testing.assert_close(ratio, torch.full_like(ratio, 2.0 ** round(scale)))


def test_p_of_given_neighbors_is_that_of_our_own(X, search):
    graph = forms(X, search)["graph"]
    given = TSNE(perplexity=10, random_state=0, neighbors=graph).fit(X)
    assert given.report_.search == "given" and math.isnan(given.report_.search_recall)
    # Two descents may end in two maps; they are of the same P.
    ours = joint_affinities(X, 10).to_scipy()
    assert abs(joint_affinities(X, 10, neighbors=graph).to_scipy() - ours).max() < 1e-4 * ours.max()


def test_function_gets_the_data_as_given_and_the_wanted_count(X):
    seen = []

    def search(data, k):
        seen.append((data, k))
        indices, sq_distances, _ = exact_neighbors(data, k)
        return indices, sq_distances.sqrt()

    data = torch.from_numpy(X)
    TSNE(neighbors=search, **QUICK).fit(data)
    assert seen[0][0] is data and seen[0][1] == 30


def test_rows_of_a_graph_may_differ_in_length(X, search):
    graph = search.kneighbors_graph(mode="distance")
    graph.data[3] = 0  # a duplicate of row 0, which explicit zeros keep
    graph = graph[:, :].tolil()
    graph[-1, graph[-1].nonzero()[1][: K // 2]] = 0  # which a list of lists does not keep
    given = given_neighbors(graph, X, N, K)
    assert given.indices.shape == (N, K // 2)
    assert given.sq_distances[0, 0] == 0


def test_perplexity_beyond_the_neighbors_is_lowered_with_a_warning(X, search):
    distances, indices = search.kneighbors(n_neighbors=5)
    with pytest.warns(UserWarning, match="perplexity 10 is lowered to 5"):
        TSNE(neighbors=(indices, distances), **QUICK).fit(X)


ONE = np.ones((N, 3))
OTHERS = (np.arange(N)[:, None] + [1, 2, 3]) % N

BAD = [
    (5, TypeError, "neighbors must be one of auto, exact, cells, a pair .* got 5"),
    ((OTHERS,), TypeError, "neighbors must be a pair"),
    (lambda X, k: None, TypeError, "neighbors must be a pair .* got NoneType"),
    ((ONE, ONE), TypeError, "indices of neighbors must be integers, got torch.float64"),
    ((OTHERS[1:], ONE), ValueError, r"indices of neighbors must have shape \(400, neighbours\)"),
    ((OTHERS[:, :0], ONE), ValueError, "indices of neighbors must have shape"),
    ((OTHERS, ONE[:, 1:]), ValueError, "distances of neighbors must have the shape"),
    ((OTHERS, -ONE), ValueError, "distances of neighbors must be finite and 0 or more"),
    ((OTHERS, ONE * np.nan), ValueError, "distances of neighbors must be finite"),
    ((OTHERS, ONE * np.inf), ValueError, "distances of neighbors must be finite"),
    ((OTHERS - 2, ONE), ValueError, r"indices .* must be in 0 .. n - 1 = 399, got -2 .. 397"),
    ((OTHERS + 10**12, ONE), ValueError, "indices of neighbors must be in 0 .. n - 1 = 399, got"),
    ((OTHERS.astype(object), ONE), TypeError, "neighbors must hold real numbers, got dtype object"),
    ((OTHERS + 0j, ONE), TypeError, "neighbors must hold real numbers, got dtype complex128"),
    (
        (torch.from_numpy(OTHERS), torch.ones(N, 3) + 0j),
        TypeError,
        "distances of neighbors must be real numbers, got torch.complex64",
    ),
    (
        (np.ma.masked_equal(OTHERS, 5), ONE),
        ValueError,
        "neighbors must not have masked entries, got 3",
    ),
    ((OTHERS // 2 * 2 % N, ONE), ValueError, "must differ within a row; row 0 holds one twice"),
    (
        (np.arange(N)[:, None], ONE[:, :1]),
        ValueError,
        "another row in every row; row 0 holds only itself",
    ),
    (sparse.eye(N, format="csr"), ValueError, "1 neighbour or more in every row, got none in row"),
    (sparse.eye(N - 1), ValueError, r"neighbors must have shape \(400, 400\), got \(399, 399\)"),
]


@pytest.mark.parametrize("neighbors, error, message", BAD, ids=range(len(BAD)))
def test_bad_neighbors_are_named(X, neighbors, error, message):
    started = []
    with pytest.raises(error, match=message):
        TSNE(neighbors=neighbors, progress=started.append, **QUICK).fit(X)
    assert not started


@pytest.mark.parametrize("size", [1.7e308, 5e-324])
def test_distances_of_any_size(size):
    given = given_neighbors((OTHERS, ONE * size), None, N, 3)
    assert torch.isfinite(given.sq_distances).all() and (given.sq_distances > 0).all()
