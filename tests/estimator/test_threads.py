"""Threads: the same bits for any number of them, no trace in the process, and forks."""

import multiprocessing
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sample import points
from scipy import sparse

from fasttsne import TSNE, _threads, initialization, metrics
from fasttsne.affinities import FixedSigma, Multiscale, Perplexity, Uniform, joint_affinities
from fasttsne.descent.methods import choose_repulsion
from fasttsne.neighbors.scaling import Scaling

NUMBERS = (1, 2, 3, 8)


@pytest.fixture
def over_numbers():
    """Run a function on 1, 2, 3 and 8 threads; the first of them that gives other bits."""
    before = torch.get_num_threads()

    def run(function):
        results = []
        for number in NUMBERS:
            torch.set_num_threads(number)
            results.append([torch.as_tensor(part) for part in function()])
        for number, result in zip(NUMBERS, results, strict=True):
            if not all(map(torch.equal, result, results[0])):
                return number
        return None

    yield run
    torch.set_num_threads(before)


def spans(dims):
    """Extents of maps whose meshes have many sizes of FFTs, among them 64, 128 and large ones."""
    return {1: (3, 900, 40_000), 2: (2, 5, 11, 17, 33, 60, 140, 250), 3: (2, 9, 17)}[dims]


@pytest.mark.parametrize("dof", [1.0, 0.7])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_forces_of_a_mesh_of_any_size(dims, dof, over_numbers):
    for span in spans(dims):
        Y = torch.rand(2000, dims, generator=torch.Generator().manual_seed(span)) * span

        def forces(Y=Y):
            repulsion = choose_repulsion("fft", len(Y), dims, dof, 0.5)
            return repulsion(Y, Y.amin(0).tolist(), Y.amax(0).tolist())

        assert over_numbers(forces) is None, span


def maps_differ(over_numbers, n, seed, **parameters):
    X = np.random.default_rng(seed).normal(size=(n, 10)).astype(np.float32)
    return over_numbers(lambda: [TSNE(random_state=0, **parameters).fit_transform(X)])


@pytest.mark.parametrize(
    "n, seed, parameters",
    [
        (100, 0, {"method": "fft"}),
        (500, 1, {"method": "fft"}),
        (500, 0, {"method": "fft", "n_components": 1, "dof": 0.8}),
        (60, 0, {"method": "fft", "n_components": 3}),
        (1000, 0, {"method": "barnes_hut", "n_components": 3}),
        (1000, 0, {"method": "exact", "init": "spectral"}),
        (2000, 0, {}),
    ],
)
def test_maps(n, seed, parameters, over_numbers):
    assert maps_differ(over_numbers, n, seed, max_iter=40, perplexity=10, **parameters) is None


@pytest.mark.deep
@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("method", ["auto", "exact", "barnes_hut", "fft"])
def test_maps_of_many_sizes(method, dims, over_numbers):
    # A mesh in space has millions of nodes for few points.
    sizes = (50, 200) if dims == 3 and method == "fft" else (50, 300, 1700, 3000)
    for n in sizes:
        for seed in range(1 if dims == 3 else 2):
            different = maps_differ(over_numbers, n, seed, method=method, n_components=dims)
            assert different is None, (n, seed)


@pytest.mark.parametrize(
    "kind",
    [Perplexity(30), Multiscale([10, 40]), Multiscale([10, 40], True), FixedSigma(1), Uniform(50)],
    ids=repr,
)
def test_affinities(kind, over_numbers):
    X = points("normal", 3001, 7)
    assert over_numbers(lambda: joint_affinities(X, affinities=kind)) is None


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation", "manhattan"])
@pytest.mark.parametrize("method", ["exact", "auto"])
def test_neighbors_of_any_metric_for_any_n_jobs(metric, method):
    X = points("normal", 1201, 31)
    maps = [
        TSNE(metric=metric, method=method, n_jobs=n_jobs, max_iter=5, random_state=0).fit(X)
        for n_jobs in NUMBERS
    ]
    for other in maps[1:]:
        assert torch.equal(other.embedding_, maps[0].embedding_)


@pytest.mark.parametrize("n, d", [(70_001, 1), (3000, 3001), (40_000, 50)])
def test_scaling_and_the_start(n, d, over_numbers):
    X = 1e3 + points("normal", n, d)

    def start():
        scaling = Scaling.of(X)
        rows = scaling(X)
        return scaling.mean, rows, initialization.pca(rows, 2, 0), initialization.rescale(X)

    assert over_numbers(start) is None


@pytest.mark.parametrize("dims", [1, 2])
def test_metrics(dims, over_numbers):
    X, Y = points("normal", 40_001, 5), points("normal", 40_001, dims)
    labels = (X[:, 0] > 0).int()
    P = joint_affinities(X[:2000], 20)

    def measure():
        few = {"n_sample": 60}
        yield metrics.kl_divergence(P, Y[:2000])
        yield metrics.kl_divergence(P, Y[:2000], method="approximate")
        for measure in (metrics.trustworthiness, metrics.continuity, metrics.neighbor_recall):
            yield measure(X, Y, **few)
        yield metrics.pairwise_distance_correlation(X, Y, n_sample=50_000)
        yield metrics.silhouette(Y, labels, n_sample=500)

    assert over_numbers(measure) is None


@pytest.mark.parametrize("dims, dof", [(1, 3.0), (2, 1.0), (2, 3.0)])
def test_transform(dims, dof, over_numbers):
    X = points("normal", 2001, 5)
    fitted = TSNE(dims, dof=dof, max_iter=20, perplexity=10, random_state=0).fit(X)
    new = points("normal", 40, 5, seed=1)
    assert over_numbers(lambda: [fitted.transform(new, iterations=5)]) is None
    assert over_numbers(lambda: [fitted.transform(new[:1], iterations=5)]) is None


@pytest.mark.parametrize(
    "kind",
    [np.asfortranarray, lambda X: X.astype(np.float64), list, "tensor", "columns", "strided"],
)
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan"])
def test_the_same_numbers_give_the_same_map(kind, metric):
    X = (5 + np.random.default_rng(0).normal(size=(700, 9))).astype(np.float32)
    tensor = torch.from_numpy(X)
    given = (
        {
            "tensor": tensor,
            "columns": tensor.T.contiguous().T,
            "strided": torch.stack([tensor.double(), -tensor.double()], 2)[:, :, 0],
        }[kind]
        if isinstance(kind, str)
        else kind(X)
    )
    maps = [
        np.asarray(TSNE(metric=metric, max_iter=20, random_state=0).fit_transform(data))
        for data in (X, given)
    ]
    assert np.array_equal(*maps)


@pytest.mark.parametrize("init", ["pca", "spectral"])
def test_sparse_numbers_of_any_dtype_give_the_same_map(init):
    X = sparse.random(300, 40, 0.3, "csr", np.float32, random_state=0)
    maps = [
        TSNE(init=init, max_iter=20, random_state=0).fit_transform(data)
        for data in (X, X.astype(np.float64), X.tocsc())
    ]
    assert np.array_equal(maps[0], maps[1]) and np.array_equal(maps[0], maps[2])


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.int64])
def test_whole_numbers_of_any_dtype_give_the_same_map(dtype):
    X = torch.randint(0, 200, (300, 6), generator=torch.Generator().manual_seed(0))
    maps = [
        torch.as_tensor(TSNE(max_iter=20, random_state=0).fit_transform(data))
        for data in (X.double(), X.to(dtype), X.to(dtype).numpy())
    ]
    assert torch.equal(maps[0], maps[1]) and torch.equal(maps[0], maps[2])


def test_measures_of_the_same_numbers():
    X, Y = points("normal", 500, 40), points("normal", 500, 2)
    for measure in (metrics.trustworthiness, metrics.pairwise_distance_correlation):
        assert measure(X, Y) == measure(X.T.contiguous().T, Y.double().T.contiguous().T)


def process_state():
    in_new_thread = []
    new = threading.Thread(target=lambda: in_new_thread.append(torch.get_num_threads()))
    new.start()
    new.join()
    return (
        torch.get_rng_state().tolist(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002
        random.getstate(),
        torch.get_default_dtype(),
        torch.get_num_threads(),
        in_new_thread,
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        np.get_printoptions(),
        torch.get_float32_matmul_precision(),
    )


def test_fits_at_the_same_time_have_their_own_bits_and_leave_no_trace():
    def fit(task):
        seed, n_jobs = task
        X = points("normal", 60, 5, seed=seed % 7)
        method = ("fft", "exact", "barnes_hut")[seed % 3]
        model = TSNE(perplexity=5, max_iter=3, random_state=seed, method=method, n_jobs=n_jobs)
        return model.fit_transform(X)

    tasks = [(seed, 1 + seed % 3) for seed in range(20)]
    solo = [fit(task) for task in tasks]
    before = process_state()
    with ThreadPoolExecutor(2) as pool:
        own = list(pool.map(lambda _: torch.get_num_threads(), range(2)))
        found = list(pool.map(fit, tasks * 20))
        assert list(pool.map(lambda _: torch.get_num_threads(), range(2))) == own
    assert process_state() == before
    for number, embedding in enumerate(found):
        assert torch.equal(embedding, solo[number % 20]), tasks[number % 20]


def test_kernels_of_two_fits_share_threads():
    # So many points that each kernel runs on all of its threads, which are more than the cores.
    def fit(seed):
        X = points("normal", 6000, 8, seed=seed)
        method = ("fft", "barnes_hut")[seed % 2]
        return TSNE(max_iter=12, random_state=seed, method=method, n_jobs=4).fit_transform(X)

    solo = [fit(seed) for seed in range(4)]
    with ThreadPoolExecutor(2) as pool:
        for found, alone in zip(pool.map(fit, range(4)), solo, strict=True):
            assert torch.equal(found, alone)


def test_an_error_in_a_worker_is_that_of_the_caller():
    done = []

    def work(item):
        if item == 3:
            raise ArithmeticError("item 3")
        done.append(item)

    with pytest.raises(ArithmeticError, match="item 3"):
        _threads.share(work, range(1000))
    assert len(done) < 1000
    assert _threads.share(lambda item: 2 * item, range(5)) == [0, 2, 4, 6, 8]


def _fit(_=None):
    X = points("normal", 2000, 5)
    return TSNE(perplexity=5, max_iter=5, random_state=0, n_jobs=2).fit_transform(X).sum().item()


class _Fits(torch.utils.data.Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, i):
        return _fit()


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
def test_a_forked_child_fits_too():
    expected = _fit()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(_fit, range(2)).get(timeout=60) == [expected, expected]
    loader = torch.utils.data.DataLoader(
        _Fits(), num_workers=1, timeout=60, multiprocessing_context="fork"
    )
    assert [value.item() for value in loader] == [expected, expected]
