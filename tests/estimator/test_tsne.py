"""The estimator: kinds of input and output, bad input, hard data, repeatability."""

import inspect
import math
import os
import warnings

import numpy as np
import pytest
import torch
from sample import points
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.neighbors import KNeighborsClassifier

import fasttsne
from fasttsne import TSNE, tsne
from fasttsne.affinities import Multiscale
from fasttsne.initialization import rescale
from fasttsne.metrics import label_accuracy

METHODS = ("exact", "barnes_hut", "fft")
QUICK = dict(max_iter=60, random_state=0)


@pytest.mark.parametrize("method", ["auto", *METHODS])
def test_iris_classes_part(method):
    X, y = load_iris(return_X_y=True)
    estimator = TSNE(random_state=0, method=method)
    Y = estimator.fit_transform(X)
    assert label_accuracy(Y, y) > 0.95
    assert KNeighborsClassifier(10).fit(Y, y).score(Y, y) > 0.95


def test_array_in_array_out_tensor_in_tensor_out():
    X = points("clustered", 300, 8)
    estimator = TSNE(**QUICK)
    from_tensor = estimator.fit_transform(X)
    assert isinstance(from_tensor, torch.Tensor) and from_tensor.dtype == torch.float32
    from_array = estimator.fit_transform(X.numpy())
    assert isinstance(from_array, np.ndarray) and from_array.dtype == np.float32
    assert np.array_equal(from_array, from_tensor.numpy())
    assert estimator.embedding_ is from_array
    assert torch.equal(tsne(X, **QUICK), from_tensor)
    assert estimator.fit(X) is estimator


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X.double(),
        lambda X: X.t().contiguous().t(),
        lambda X: X.requires_grad_(),
        lambda X: X.numpy().astype(">f4"),
        lambda X: np.asfortranarray(X.numpy()),
        lambda X: X.tolist(),
    ],
)
def test_forms_of_the_same_numbers_give_the_same_map(convert):
    X = points("clustered", 200, 8).round(decimals=2)
    # Few iterations: the descent amplifies the rounding of another dtype or order of sums.
    expected = TSNE(max_iter=10, random_state=0).fit_transform(X).numpy()
    actual = TSNE(max_iter=10, random_state=0).fit_transform(convert(X.clone()))
    assert np.allclose(np.asarray(actual), expected, atol=1e-3 * np.ptp(expected))


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, bool, np.float16])
def test_other_numbers_are_taken(dtype):
    X = np.random.default_rng(0).integers(0, 2, (100, 8)).astype(dtype)
    assert np.isfinite(TSNE(perplexity=5, **QUICK).fit_transform(X)).all()


def test_attributes():
    X = points("clustered", 400, 8)
    estimator = TSNE(random_state=0, max_iter=100, learning_rate=50).fit(X)
    assert estimator.n_iter_ == 99 and estimator.report_.iterations == 100
    assert estimator.n_features_in_ == 8
    assert estimator.learning_rate_ == 50
    assert 0 < estimator.kl_divergence_ < 10
    report = estimator.report_
    assert (report.n, report.d, report.method) == (400, 8, "exact")
    assert report.kernels in fasttsne.show_config()
    assert list(report.seconds) == ["neighbors", "initialization", "affinities", "optimization"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_every_method_in_every_dimension_it_knows(method, dims):
    X = points("clustered", 700, 8)
    # A start of ordinary size keeps the 3-D grid small.
    estimator = TSNE(dims, method=method, **QUICK)
    Y = estimator.fit_transform(X)
    assert Y.shape == (700, dims) and torch.isfinite(Y).all()
    assert math.isfinite(estimator.kl_divergence_)


def test_exact_in_any_dimension():
    Y = TSNE(7, method="exact", **QUICK).fit_transform(points("clustered", 100, 8))
    assert Y.shape == (100, 7) and torch.isfinite(Y).all()


@pytest.mark.parametrize("method", METHODS)
def test_repeats_for_any_number_of_threads(method, two_thread_counts):
    X = points("clustered", 2500, 30)
    one, two = two_thread_counts(lambda: TSNE(method=method, **QUICK).fit_transform(X))
    assert torch.equal(one, two)
    assert torch.equal(one, TSNE(method=method, n_jobs=1, **QUICK).fit_transform(X))


def test_seeds():
    X = points("normal", 200, 4)

    def run(state):
        return TSNE(init="random", random_state=state, max_iter=20).fit_transform(X)

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))
    assert torch.equal(run(np.random.RandomState(3)), run(np.random.RandomState(3)))
    assert torch.equal(run(torch.Generator().manual_seed(3)), run(torch.Generator().manual_seed(3)))
    assert not torch.equal(run(None), run(None))
    for _ in range(2):
        np.random.seed(3)  # noqa: NPY002
        from_global = run(None)
    np.random.seed(3)  # noqa: NPY002
    assert torch.equal(from_global, run(None))
    # As scikit-learn draws from it, and so as from a generator of that state.
    assert torch.equal(from_global, run(np.random.RandomState(3)))


def test_given_start_is_used():
    X = points("normal", 100, 4)
    start = points("normal", 100, 2, seed=5).numpy()
    Y = TSNE(init=start, max_iter=1, learning_rate=1e-9).fit_transform(X)
    assert np.allclose(Y, start - start.mean(0), atol=1e-5)


def test_given_start_of_any_layout():
    X, start = points("normal", 100, 4), points("normal", 2, 100)
    Y = TSNE(init=start.t(), max_iter=1, learning_rate=1e-9).fit_transform(X)
    assert torch.allclose(Y, start.t() - start.t().mean(0), atol=1e-5)


def test_one_column_repeats_for_any_number_of_threads(two_thread_counts):
    X = points("normal", 40_000, 1).exp() + 10

    def run():
        estimator = TSNE(perplexity=5, max_iter=4, random_state=0)
        return estimator.fit_transform(X), estimator.kl_divergence_

    one, two = two_thread_counts(run)
    assert torch.equal(one[0], two[0]) and one[1] == two[1]


def hard_data():
    g = torch.Generator().manual_seed(0)
    normal = torch.randn(400, 6, generator=g)
    yield "constant", torch.full((300, 6), 3.5)
    yield "duplicates", normal[torch.randint(20, (400,), generator=g)]
    yield "zero columns", torch.cat([normal, torch.zeros(400, 30)], 1)
    yield "one column", normal[:, :1]
    yield "two rows", normal[:2]
    yield "far offset", normal.double() + 1e9
    yield "largest float32", torch.full((300, 6), 3e38) * normal[:300].sign()
    yield "largest float64", 1.7e308 * normal[:300].double().sign()
    yield "smallest float32", normal * 1e-38
    yield "smallest float64", 1e-320 * normal.double()
    yield "one outlier", torch.cat([normal, torch.full((1, 6), 1e12)])


@pytest.mark.parametrize(
    "name, X", list(hard_data()), ids=lambda v: v if isinstance(v, str) else ""
)
@pytest.mark.parametrize("method", METHODS)
def test_hard_data_gives_a_finite_map(name, X, method):
    estimator = TSNE(method=method, perplexity=min(30, len(X) - 1), **QUICK)
    Y = estimator.fit_transform(X)
    assert torch.isfinite(Y).all()
    assert math.isfinite(estimator.kl_divergence_)


@pytest.mark.parametrize("scale", [2.0**-90, 1e-9, 1e9, 2.0**90])
def test_scale_changes_nothing(scale):
    X = points("clustered", 300, 8).double()
    expected = TSNE(max_iter=10, random_state=0).fit_transform(X)
    actual = TSNE(max_iter=10, random_state=0).fit_transform(X * scale)
    if math.log2(scale) % 1 == 0:
        assert torch.equal(actual, expected)
    else:
        assert torch.allclose(actual, expected, atol=1e-3 * float(expected.max() - expected.min()))


def test_duplicates_stay_together():
    X = points("normal", 1000, 6)
    X[100:] = X[torch.randint(100, (900,), generator=torch.Generator().manual_seed(0))]
    Y = TSNE(random_state=0).fit_transform(X)
    for row in X[:20]:
        same = Y[(X == row).all(1)]
        assert (same - same.mean(0)).norm(dim=1).max() < 0.1 * Y.std()


def test_callback_and_progress():
    calls, steps = [], []
    estimator = TSNE(callback=lambda *call: calls.append(call), progress=steps.append, max_iter=200)
    estimator.fit(points("clustered", 200, 4))
    assert [iteration for iteration, _, _ in calls] == [49, 99, 149, 199]
    phases = list(dict.fromkeys(step.phase for step in steps))
    assert phases == ["neighbors", "initialization", "affinities", "optimization"]
    for phase in phases:
        last = [step for step in steps if step.phase == phase][-1]
        assert last.done == last.total


def test_verbose_goes_to_stderr(capsys):
    TSNE(verbose=1, **QUICK).fit(points("normal", 100, 4))
    captured = capsys.readouterr()
    assert "optimization" in captured.err and not captured.out


X_GOOD = np.random.default_rng(0).normal(size=(50, 4))
NAN, INFINITE = X_GOOD.copy(), X_GOOD.copy()
NAN[3, 1], INFINITE[0, 0] = np.nan, np.inf

BAD = [
    (dict(), NAN, ValueError, "Input X contains NaN"),
    (dict(), INFINITE, ValueError, "Input X contains infinity"),
    (dict(), X_GOOD[:1], ValueError, "minimum of 2 is required"),
    (dict(), X_GOOD[:0], ValueError, "0 sample"),
    (dict(), X_GOOD[:, :0], ValueError, "0 feature"),
    (dict(), X_GOOD[0], ValueError, "Expected 2D array, got 1D array"),
    (dict(), np.array([["a", "b"], ["c", "d"]]), ValueError, "could not convert string to float"),
    (dict(), X_GOOD + 1j, ValueError, "Complex data not supported"),
    (dict(), [[1.0], [1.0, 2.0]], ValueError, "inhomogeneous shape"),
    (dict(), torch.zeros(4, 4).to_sparse(), TypeError, "X must be a dense tensor"),
    (
        dict(perplexity=50),
        X_GOOD,
        ValueError,
        r"perplexity \(50\) must be less than n_samples \(50\)",
    ),
    (dict(perplexity=0.5), X_GOOD, ValueError, "perplexity must be 1 or more"),
    (dict(), np.ma.masked_greater(X_GOOD, 2), ValueError, "X must not have masked entries, got 1"),
    (
        dict(perplexity=[30, 300]),
        X_GOOD,
        TypeError,
        r"perplexity must be a number, got \[30, 300\]; .*Multiscale\(\[30, 300\]\)",
    ),
    (dict(perplexity=np.array([5, 9])), X_GOOD, TypeError, r"Multiscale\(\[5, 9\]\)"),
    (dict(perplexity="30"), X_GOOD, TypeError, "perplexity must be a number, got '30'"),
    (dict(n_components=0), X_GOOD, ValueError, "n_components must be 1 or more, got 0"),
    (dict(n_components=2.5), X_GOOD, TypeError, "n_components must be an integer, got 2.5"),
    (dict(n_components=4, method="fft"), X_GOOD, ValueError, "'n_components' should be 1 to 3"),
    (dict(method="bh"), X_GOOD, ValueError, "method must be one of auto, exact, barnes_hut, fft"),
    (dict(init="svd"), X_GOOD, ValueError, "init must be one of pca, random, spectral"),
    (dict(init=X_GOOD), X_GOOD, ValueError, r"init must have shape \(50, 2\), got \(50, 4\)"),
    *(
        (
            dict(init=np.full((50, 2), far)),
            X_GOOD,
            ValueError,
            "init must lie within 1.15e.18 .* got .*rescale",
        )
        for far in (1e30, 3e38, -1e39, 1.7e308)
    ),
    (
        dict(metric="hamming_"),
        X_GOOD,
        ValueError,
        "metric must be one of .*cosine.*; got 'hamming_'",
    ),
    (dict(metric_params=2), X_GOOD, TypeError, "metric_params must be a dict or None, got 2"),
    (dict(neighbors="annoy"), X_GOOD, ValueError, "neighbors must be one of auto, exact, cells"),
    (dict(angle=2), X_GOOD, ValueError, r"angle must be in 0 \.\. 1, got 2"),
    (dict(mesh_step=0), X_GOOD, ValueError, "mesh_step must be above 0 and finite, got 0"),
    (dict(dof=0), X_GOOD, ValueError, "dof must be above 0 and finite, got 0"),
    (dict(learning_rate=0), X_GOOD, ValueError, "learning_rate must be above 0"),
    (dict(learning_rate="fast"), X_GOOD, ValueError, "learning_rate must be a number or 'auto'"),
    (dict(early_exaggeration=0.5), X_GOOD, ValueError, "early_exaggeration must be 1 or more"),
    (dict(max_iter=0), X_GOOD, ValueError, "max_iter must be 1 or more, got 0"),
    (dict(max_iter=True), X_GOOD, TypeError, "max_iter must be an integer, got True"),
    (dict(random_state=-1), X_GOOD, ValueError, "random_state must be 0 or more"),
    (dict(device="gpu"), X_GOOD, ValueError, "device must be a torch device such as 'cuda'"),
    (dict(n_jobs=0), X_GOOD, ValueError, "n_jobs must be None, -1 or a positive number"),
    (dict(min_grad_norm=-1), X_GOOD, ValueError, "min_grad_norm must be 0 or more"),
]


@pytest.mark.parametrize("parameters, X, error, message", BAD, ids=range(len(BAD)))
def test_bad_input_is_named_before_any_work(parameters, X, error, message):
    started = []
    with pytest.raises(error, match=message):
        TSNE(progress=started.append, **{"perplexity": 5, **parameters}).fit(X)
    assert not started


def test_tsne_takes_tensors_only():
    with pytest.raises(TypeError, match=r"X must be a torch.Tensor, got ndarray"):
        tsne(X_GOOD)


OF_OTHERS = {
    "n_iter": "use max_iter",
    "square_distances": "distances are always squared",
    "early_exaggeration_iter": r"use schedule=\[fasttsne.Phase",
    "n_iter_early_exag": r"use schedule=\[fasttsne.Phase",
    "exaggeration": "use late_exaggeration",
    "negative_gradient_method": "use method",
    "theta": "use angle",
    "initialization": "use init",
    "n_neighbors": "use perplexity",
    "knn_index": "use neighbors",
    "callbacks": "use callback",
    "seed": "use random_state",
}


@pytest.mark.parametrize("name", OF_OTHERS)
def test_parameters_of_other_libraries_are_called_by_our_names(name):
    message = f"TSNE got an unexpected keyword argument '{name}': .*{OF_OTHERS[name]}"
    with pytest.raises(TypeError, match=message):
        TSNE(**{name: 5})
    with pytest.raises(TypeError, match=message):
        tsne(torch.from_numpy(X_GOOD), **{name: 5})


def test_every_name_that_is_offered_is_one_of_ours():
    from fasttsne.fit.foreign_names import OUR_NAMES

    ours = set(inspect.signature(TSNE).parameters)
    assert len(ours) > 30 and not ours & set(OUR_NAMES)
    offered = {what.split(",")[0].split("=")[0] for what in OUR_NAMES.values()}
    assert {what for what in offered if not what.startswith("nothing: ")} <= ours


def test_a_constructor_that_names_others_is_still_an_estimators():
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'perplexiti'$"):
        TSNE(perplexiti=5)
    with pytest.raises(TypeError, match="positional"):
        TSNE(2, 30)
    assert clone(TSNE(3, perplexity=7)).get_params()["perplexity"] == 7

    class Wide(TSNE):
        def __init__(self, *, breadth=1, perplexity=30.0):
            super().__init__(perplexity=perplexity)
            self.breadth = breadth

    assert clone(Wide(breadth=4)).breadth == 4
    with pytest.raises(TypeError, match="n_iter"):
        Wide(n_iter=5)


@pytest.mark.parametrize("perplexity, warned", [(49, True), (48.5, True), (48, False), (30, False)])
def test_a_perplexity_that_tells_no_pairs_apart_is_warned_of(perplexity, warned):
    def said(**parameters):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            TSNE(max_iter=2, random_state=0, **parameters).fit(X_GOOD)
        return [str(one.message) for one in seen if "near n_samples - 1 = 49" in str(one.message)]

    assert len(said(perplexity=perplexity)) == warned
    assert not said(affinities=Multiscale([5, perplexity]))


def test_two_or_three_points_are_no_reason_to_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in (2, 3):
            TSNE(perplexity=n - 1, **QUICK).fit(X_GOOD[:n])


def test_a_start_that_will_not_change_is_warned_of():
    start = 1e6 * points("normal", 50, 2)
    quick = dict(perplexity=5, **QUICK)
    with pytest.warns(UserWarning, match="init is far larger than a map of 50 .*rescale"):
        TSNE(init=start, **quick).fit(X_GOOD)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TSNE(init=rescale(start), **quick).fit(X_GOOD)
        # A map is a start, the widest too: heavy tails, few points, more dimensions, long descents.
        wide = dict(perplexity=2, dof=0.2, random_state=0)
        for dims in (1, 2, 3):
            map_ = TSNE(dims, max_iter=3000, **wide).fit_transform(X_GOOD[:10])
            TSNE(dims, init=map_, max_iter=5, **wide).fit(X_GOOD[:10])


def test_a_start_of_transform_that_is_too_large_is_named():
    fitted = TSNE(perplexity=5, **QUICK).fit(X_GOOD)
    with pytest.raises(ValueError, match="start must lie within"):
        fitted.transform(X_GOOD, start=np.full((50, 2), 3e38))


@pytest.mark.parametrize("metric", ["euclidean", "yule"])
def test_no_more_threads_are_started_than_there_are_cores(metric):
    X = X_GOOD > 0
    seen = []
    before = torch.get_num_threads()
    TSNE(
        n_jobs=10**9,
        metric=metric,
        callback=lambda *_: seen.append(torch.get_num_threads()),
        callback_every=50,
        perplexity=5,
        **QUICK,
    ).fit(X).transform(X[:3])
    assert seen == [os.cpu_count()] and torch.get_num_threads() == before


@pytest.mark.parametrize("dtype", [torch.uint32, torch.uint64, torch.int64])
def test_long_integers_keep_their_digits(dtype):
    X = torch.from_numpy(X_GOOD * 100).round().long() + 2**30
    as_array = X.numpy().astype(str(dtype).split(".")[1])
    expected = TSNE(perplexity=5, **QUICK).fit_transform(X.double())
    assert torch.equal(TSNE(perplexity=5, **QUICK).fit_transform(X.to(dtype)), expected)
    actual = TSNE(perplexity=5, **QUICK).fit_transform(as_array)
    assert np.array_equal(actual, expected.numpy())


@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("init", ["pca", "random", "spectral"])
@pytest.mark.filterwarnings("ignore:perplexity")
def test_a_handful_of_points(n, init):
    for method in METHODS:
        for perplexity in {1, n - 1}:
            estimator = TSNE(perplexity=perplexity, init=init, method=method, **QUICK)
            assert np.isfinite(estimator.fit_transform(X_GOOD[:n])).all()
