"""Points by their names."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.spatial.distance import cdist

from fasttsne import names
from fasttsne.names import index_of, neighbors_of

WORDS = ["king", "queen", "kind", "the", "kin", "queen"]


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(6, 4)) + 1.0


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "cityblock"])
@pytest.mark.parametrize(
    "kind", [np.asarray, torch.as_tensor, sparse.csr_matrix, np.ndarray.tolist]
)
def test_neighbors_are_the_nearest_others(X, metric, kind):
    found = neighbors_of("kind", WORDS, kind(X), 5, metric)
    expected = cdist(X, X, metric)[2]
    order = [i for i in np.argsort(expected) if i != 2]
    assert [name for name, _ in found] == [WORDS[i] for i in order]
    np.testing.assert_allclose([distance for _, distance in found], expected[order], rtol=1e-6)
    assert neighbors_of("kind", WORDS, kind(X), 2, metric) == found[:2]


def test_names_of_rows_of_low_precision(X):
    X = torch.from_numpy(X).bfloat16()
    assert neighbors_of("kind", WORDS, X, 5) == neighbors_of("kind", WORDS, X.float(), 5)
    with pytest.raises(ValueError, match=r"X must have 2 dimensions .* got shape \(6,\)"):
        neighbors_of("kind", WORDS, X[:, 0], 5)


def test_identical_rows_do_not_name_the_row_itself():
    found = neighbors_of("c", list("abcd"), np.ones((4, 2)), 3)
    assert found == [("a", 0.0), ("b", 0.0), ("d", 0.0)]


def test_the_first_of_several():
    assert index_of("queen", WORDS) == 1 and index_of("the", np.array(WORDS)) == 3


def test_unknown_names_suggest_others():
    with pytest.raises(ValueError, match=r"no name 'kingg' among 6: did you mean 'king', 'kin"):
        index_of("kingg", WORDS)
    with pytest.raises(ValueError, match="did you mean 'queen'\\?"):
        neighbors_of("queeen", WORDS, np.zeros((6, 2)), 2)
    with pytest.raises(ValueError, match="no name 'zzz' among 6, and none is similar"):
        index_of("zzz", WORDS)


@pytest.mark.parametrize("k", [0, 6])
def test_k_out_of_range(X, k):
    with pytest.raises(ValueError, match=rf"k must be 1 to 5 \(the other rows\), got {k}"):
        neighbors_of("king", WORDS, X, k)


def test_as_many_names_as_rows(X):
    with pytest.raises(ValueError, match="names must hold 6 names, as X has 6 rows; got 5"):
        neighbors_of("king", WORDS[:5], X, 2)


def test_example():
    assert doctest.testmod(names).attempted == 1 and not doctest.testmod(names).failed
