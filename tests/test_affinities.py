"""perplexity_search, symmetrize and the joint P."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sample import assert_close, opcheck, over_devices, points

from fasttsne import ops, reference
from fasttsne.affinities import perplexity_affinities
from fasttsne.neighbors import exact_neighbors


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
@pytest.mark.parametrize("n, k", [(2, 1), (50, 7), (700, 90)])
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


def test_joint_P_of_real_neighbors_and_its_entropy(two_thread_counts):
    X = points("clustered", 900, 12)
    one, two = two_thread_counts(
        lambda: perplexity_affinities(exact_neighbors(X, 60), perplexity=20)
    )
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    P = dense(one, 900)
    expected = (P * P.log().nan_to_num(neginf=0)).sum().item()
    assert math.isclose(one.negative_entropy(), expected, rel_tol=1e-9)


def test_opcheck():
    sq = points("normal", 10, 6).square()
    opcheck(torch.ops.fasttsne.perplexity_search.default, (sq, 3.0))
    indices = torch.tensor([[1, 2], [0, 2], [0, 1]], dtype=torch.int32)
    opcheck(torch.ops.fasttsne.symmetrize.default, (indices, torch.full((3, 2), 0.5)))


def test_bad_input_is_named():
    sq = torch.rand(4, 3)
    with pytest.raises(ValueError, match=r"perplexity must be in 1 .. k = 3"):
        ops.perplexity_search(sq, 4.0)
    with pytest.raises(TypeError, match=r"indices must be torch.int32, got torch.int64"):
        ops.symmetrize(torch.zeros(2, 1, dtype=torch.int64), torch.ones(2, 1))
    with pytest.raises(ValueError, match=r"conditional_P must have shape \(2, 1\)"):
        ops.symmetrize(torch.zeros(2, 1, dtype=torch.int32), torch.ones(2, 2))
    with pytest.raises(RuntimeError, match=r"indices must be in 0 .. n - 1"):
        ops.symmetrize(torch.full((2, 1), 5, dtype=torch.int32), torch.ones(2, 1))
