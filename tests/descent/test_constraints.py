"""Fixed points and anchors: what moves, how far, and by which gradient."""

import math

import numpy as np
import pytest
import torch
from sample import joint_P, points
from sklearn.datasets import load_digits

from fasttsne import TSNE, Phase, reference
from fasttsne.descent.bounds import bounds_of
from fasttsne.descent.constraints import check_constraints
from fasttsne.descent.methods import choose_repulsion
from fasttsne.descent.optimize import minimize_kl

N = 700
METHODS = [("exact", 600), ("barnes_hut", 600), ("fft", 600), ("auto", 1700)]


pytestmark = pytest.mark.usefixtures("small_cells")


@pytest.fixture(scope="module")
def X():
    return points("clustered", N, 8).numpy()


def start_of(n, dims, seed=1):
    start = 5 * points("normal", n, dims, seed=seed).numpy()
    start[0] = -0.0  # whose sign is a bit, too
    return start


# ---- Fixed points -------------------------------------------------------------------------------


@pytest.mark.parametrize("neighbors, dims", [("exact", 2), ("exact", 3), ("cells", 2)])
@pytest.mark.parametrize("method, n", METHODS)
def test_fixed_points_do_not_move_by_a_bit(method, n, dims, neighbors):
    X = points("clustered", n, 8)
    start = torch.from_numpy(start_of(n, dims))
    is_fixed = torch.arange(n) % 3 == 0
    seen = []
    fitted = TSNE(
        dims,
        method=method,
        neighbors=neighbors,
        init=start,
        fixed=is_fixed,
        random_state=0,
        callback=lambda i, kl, Y: seen.append(Y.clone()),
        callback_every=40,
        schedule=[Phase(60, exaggeration=4, compression=1e-3), Phase(61, momentum=0.9)],
    ).fit(X)
    order = fitted._kept.facts["order"]
    assert (order is None) == (neighbors == "exact")
    assert order is None or not torch.equal(order, torch.arange(n))
    fitted.optimize(40)
    for Y in [*seen, fitted.embedding_]:
        bits, expected = Y[is_fixed].view(torch.int32), start[is_fixed].view(torch.int32)
        assert torch.equal(bits, expected)
        assert (Y[~is_fixed] != start[~is_fixed]).any(1).all()
    assert len(seen) == 3 + 1


def test_numbers_of_rows_are_the_mask(X):
    start = start_of(N, 2)
    is_fixed = np.arange(N) % 5 == 2
    parameters = dict(init=start, max_iter=60, random_state=0)
    maps = [
        TSNE(fixed=fixed, **parameters).fit_transform(X)
        for fixed in (is_fixed, np.flatnonzero(is_fixed), np.flatnonzero(is_fixed).tolist())
    ]
    assert np.array_equal(maps[0], maps[1]) and np.array_equal(maps[0], maps[2])


@pytest.mark.parametrize("fixed", [[], np.zeros(N, bool)])
def test_no_fixed_points_is_the_plain_fit(X, fixed):
    parameters = dict(init=start_of(N, 2), max_iter=60, random_state=0)
    plain = TSNE(**parameters).fit_transform(X)
    assert np.array_equal(TSNE(fixed=fixed, **parameters).fit_transform(X), plain)


def test_free_points_go_to_their_neighbours_that_are_fixed():
    X, y = load_digits(return_X_y=True)
    whole = TSNE(random_state=0).fit_transform(X)
    is_fixed = np.arange(len(X)) % 4 > 0
    start = np.where(is_fixed[:, None], whole, np.float32(0))
    Y = TSNE(init=start, fixed=is_fixed, random_state=0).fit_transform(X)
    near = ((Y[~is_fixed][:, None] - whole[is_fixed]) ** 2).sum(2).argmin(1)
    assert (y[is_fixed][near] == y[~is_fixed]).mean() > 0.95  # by chance 0.1
    # All started at one place, in the middle; most end near where the whole map has them.
    moved = np.linalg.norm(Y - whole, axis=1)[~is_fixed]
    assert np.median(moved) < 0.1 * np.ptp(whole, axis=0).max()


# ---- Gradients by finite differences ------------------------------------------------------------


def objective(P, Y, dof, weight, anchors):
    """KL divergence and penalty in float64, by their definitions."""
    _, cost = reference.attractive_forces(P.indptr, P.indices, P.values.double(), Y, dof, True)
    kl = P.negative_entropy() + float(cost) + math.log(reference.repulsive_exact(Y, dof)[1])
    if anchors is None:
        return kl
    has_one = ~anchors.isnan().any(1)
    a, y = anchors[has_one], Y[has_one]
    far = (y - a).square().sum(1).mean()
    return kl + weight / 2 * float(far / (a - a.mean(0)).square().sum(1).mean())


def slopes(function, Y, step=1e-4):
    """The gradient by central differences."""
    out = torch.zeros_like(Y)
    for i in range(Y.numel()):
        up, down = Y.clone(), Y.clone()
        up.view(-1)[i] += step
        down.view(-1)[i] -= step
        out.view(-1)[i] = (function(up) - function(down)) / (2 * step)
    return out


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("dof", [0.7, 1.0])
@pytest.mark.parametrize("what", ["fixed", "anchors", "both"])
def test_a_step_is_along_the_gradient_by_finite_differences(what, dof, dims):
    n, weight = 40, 30.0
    P = joint_P(points("clustered", n, 5), 5)
    Y = points("normal", n, dims, seed=1)
    anchors = Y + 0.5 * points("normal", n, dims, seed=2)
    anchors[::4] = math.nan
    is_fixed = torch.arange(n) % 5 == 1
    held = check_constraints(
        is_fixed if what != "anchors" else None,
        *((anchors, weight) if what != "fixed" else (None, None)),
        *(n, dims, True),
    )
    rate = 0.5
    # The first step is the gradient times rate and gain, which begins with 1 and shrinks to 0.8.
    phase = Phase(1, momentum=0, learning_rate=rate)
    method = choose_repulsion("exact", n, dims, dof, 0.5)
    end = minimize_kl(P, Y, [phase], method, constraints=held).embedding
    found = (Y - end).double() / (0.8 * rate)
    used = None if what == "fixed" else anchors.double()
    expected = slopes(lambda y: objective(P, y, dof, weight, used), Y.double())
    if what != "anchors":
        expected[is_fixed] = 0
    # Without the constraints the gradient is another one.
    assert (found - slopes(lambda y: objective(P, y, dof, 0, None), Y.double())).norm() > 0.1 * (
        expected.norm()
    )
    assert (found - expected).norm() < 1e-4 * expected.norm()


@pytest.mark.parametrize("exaggeration", [1.0, 12.0])
def test_exaggeration_leaves_anchors_as_they_are(exaggeration):
    n = 50
    P = joint_P(points("normal", n, 5), 5)
    Y = points("normal", n, 2, seed=1)
    anchors = torch.roll(Y, 1, 0)
    phase = Phase(1, exaggeration=exaggeration, momentum=0, learning_rate=0.5)
    method = choose_repulsion("exact", n, 2, 1.0, 0.5)
    # Weights whose steps differ by the gradient of the penalty alone.
    ends = [
        minimize_kl(
            P, Y, [phase], method, constraints=check_constraints(None, anchors, w, n, 2, True)
        ).embedding.double()
        for w in (10.0, 30.0)
    ]
    spread = (anchors - anchors.mean(0)).double().square().sum()
    expected = 0.4 * 20 * (Y - anchors).double() / spread
    assert ((ends[0] - ends[1]) - expected).norm() < 1e-4 * expected.norm()


# ---- Anchors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("neighbors, dims", [("exact", 2), ("exact", 3), ("cells", 2)])
@pytest.mark.parametrize("method, n", METHODS)
def test_heavy_anchors_hold_their_points_on_every_method(method, n, dims, neighbors):
    X = points("clustered", n, 8)
    anchors = start_of(n, dims)
    anchors[::2] = np.nan
    held = ~np.isnan(anchors[:, 0])
    radius = np.sqrt(anchors[held].var(0).sum())
    parameters = dict(method=method, neighbors=neighbors, random_state=0, init="random")
    maps = [
        TSNE(dims, anchors=anchors, anchor_weight=w, **parameters).fit_transform(X).numpy()
        for w in (1e-3, 100.0, 1e9)
    ]
    far = [np.sqrt(((Y - anchors)[held] ** 2).sum(1).mean()) / radius for Y in maps]
    assert far[0] > 1 and max(far[1:]) < 0.1


@pytest.mark.parametrize("n", [300, 1200])
@pytest.mark.parametrize("scale", [1.0, 8.0])
def test_a_weight_means_the_same_for_all_numbers_and_scales(n, scale):
    """The penalty of points as far from their anchors as these from their centre is weight / 2."""
    anchors = scale * points("normal", n, 2).double() + 3
    held = check_constraints(None, anchors, 0.7, n, 2, False)
    centre = anchors.mean(0).expand(n, 2).float()
    assert held.penalty(centre) == pytest.approx(0.35, rel=1e-5)
    assert held.penalty(anchors.float()) == pytest.approx(0, abs=1e-9)


def test_kl_divergence_is_told_without_the_penalty(X):
    anchors = start_of(N, 2)
    fitted = TSNE(anchors=anchors, anchor_weight=50.0, init=anchors, method="exact").fit(X)
    again = TSNE(
        init=fitted.embedding_, method="exact", schedule=[Phase(1, learning_rate=1e-12)]
    ).fit(X)
    assert fitted.kl_divergence_ == pytest.approx(again.kl_divergence_, rel=1e-5)


def test_a_resumed_fit_has_its_constraints(tmp_path, X):
    path = tmp_path / "fit.pt"
    anchors = start_of(N, 2)
    anchors[10:20] = np.nan
    parameters = dict(
        init=start_of(N, 2, 2), anchors=anchors, anchor_weight=2.0, fixed=[5, 7], max_iter=120
    )
    whole = TSNE(random_state=0, neighbors="cells", **parameters).fit(X)

    def stop(i, kl, Y):
        if i == 79:
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        TSNE(
            random_state=0,
            neighbors="cells",
            checkpoint=path,
            checkpoint_every=20,
            callback=stop,
            callback_every=40,
            **parameters,
        ).fit(X)
    resumed = TSNE.resume(path)
    assert np.array_equal(resumed.embedding_, whole.embedding_)
    assert np.array_equal(resumed.embedding_[[5, 7]], parameters["init"][[5, 7]])


def test_any_number_of_threads(two_thread_counts, X):
    anchors = start_of(N, 2)
    parameters = dict(init=anchors, anchors=anchors, anchor_weight=2.0, fixed=[5, 7], max_iter=90)
    one, two = two_thread_counts(lambda: TSNE(random_state=0, **parameters).fit_transform(X))
    assert np.array_equal(one, two)


def test_bounds_are_those_of_the_map_that_is_not_centred():
    held = check_constraints([0], None, None, 30, 2, True)
    Y = points("normal", 30, 2) + 100
    zeros = torch.zeros(30, 2)
    force = points("normal", 30, 2, seed=1)
    one = torch.ones((), dtype=torch.float64)
    told = held.step_(Y, zeros.clone(), zeros + 1, force, zeros.clone(), one, 1.0, 0.1, 0.5, 5.0)
    low, high = bounds_of(Y)
    assert told.tolist()[1:] == [*low, *high] and min(low) > 90
    assert told[0] == pytest.approx(float(16 * force[1:].square().sum()), rel=1e-5)


# ---- Bad input ----------------------------------------------------------------------------------

START = np.random.default_rng(0).normal(size=(N, 2)).astype(np.float32)


def with_value(array, place, value):
    array = array.copy()
    array[place] = value
    return array


@pytest.mark.parametrize(
    "parameters, error, message",
    [
        (dict(fixed=np.ones(N, bool)), ValueError, "fixed must leave 1 point .* got all 700"),
        (dict(fixed=np.ones(N - 1, bool)), ValueError, "fixed must be a mask of 700 .* got 699"),
        (dict(fixed=np.ones((N, 1), bool)), TypeError, r"fixed must be a mask .*shape \(700, 1\)"),
        (dict(fixed=[N]), ValueError, r"fixed must be in 0 .. 699, got 700 .. 700"),
        (dict(fixed=[-1]), ValueError, "fixed must be in 0 .. 699, got -1"),
        (dict(fixed=[0.5]), TypeError, "fixed must be a mask .*, got float64"),
        (dict(fixed=["a"]), TypeError, "fixed must be a mask"),
        (dict(fixed=3), TypeError, "fixed must be a mask"),
        (dict(fixed=[3], init="pca"), ValueError, "fixed needs init=array"),
        (dict(anchors=START), ValueError, "anchors need anchor_weight, .* got None"),
        (dict(anchor_weight=1.0), ValueError, "anchor_weight needs anchors"),
        (dict(anchors=START, anchor_weight=0), ValueError, "anchor_weight must be above 0"),
        (dict(anchors=START, anchor_weight=np.nan), ValueError, "anchor_weight must be above 0"),
        (dict(anchors=START, anchor_weight="1"), TypeError, "anchor_weight must be a number"),
        (dict(anchors=START[:9], anchor_weight=1), ValueError, r"anchors must have shape \(700, 2"),
        (
            dict(anchors=with_value(START, (4, 1), np.nan), anchor_weight=1),
            ValueError,
            "anchors must be numbers or NaN in a whole row, got .* in row 4",
        ),
        (
            dict(anchors=with_value(START, (4, 1), np.inf), anchor_weight=1),
            ValueError,
            "anchors must lie within",
        ),
        (dict(anchors=START * np.nan, anchor_weight=1), ValueError, "anchors must hold 2 diff"),
        (dict(anchors=0 * START, anchor_weight=1), ValueError, "anchors must hold 2 different"),
        (dict(anchors=START.astype(str), anchor_weight=1), TypeError, "anchors must be numbers"),
        (
            dict(anchors=np.ma.masked_less(START, 0), anchor_weight=1),
            ValueError,
            "anchors must not have masked entries",
        ),
    ],
)
def test_bad_input_is_named_before_any_work(X, parameters, error, message):
    steps = []
    with pytest.raises(error, match=message):
        TSNE(**{"init": START, "progress": steps.append, **parameters}).fit(X)
    assert steps == []
