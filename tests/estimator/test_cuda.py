"""Fits on a GPU: run by whoever has one (make gpu-check), skipped elsewhere."""

import math

import pytest
import torch
from sample import points

from fasttsne import TSNE, _library
from fasttsne.neighbors.exact import exact_neighbors

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


@pytest.fixture(scope="module")
def X():
    return points("clustered", 3000, 20).cuda()


def test_kernels_are_loaded():
    assert _library.has_cuda
    assert _library.kernels_on(torch.device("cuda")) == "cuda"


@pytest.mark.parametrize("method", ["exact", "barnes_hut", "fft", "auto"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_map_is_as_good_as_the_cpus(X, method, dims):
    start = 1e-4 * points("normal", len(X), dims)
    gpu = TSNE(dims, method=method, init=start.cuda(), random_state=0).fit(X)
    cpu = TSNE(dims, method=method, init=start, random_state=0).fit(X.cpu())
    assert gpu.embedding_.is_cuda and gpu.report_.kernels == "cuda"
    # One dimension has many minima; the others differ by the rounding that a descent amplifies.
    assert math.isclose(gpu.kl_divergence_, cpu.kl_divergence_, rel_tol=0.1 if dims == 1 else 0.02)


def test_neighbors_are_the_cpus(X):
    on_gpu, on_cpu = exact_neighbors(X, 50), exact_neighbors(X.cpu(), 50)
    torch.testing.assert_close(on_gpu.sq_distances.cpu(), on_cpu.sq_distances)
    assert (on_gpu.indices.cpu() == on_cpu.indices).float().mean() > 0.999


@pytest.mark.parametrize("method", ["exact", "barnes_hut", "fft"])
def test_same_seed_gives_the_same_bits(X, method):
    maps = [TSNE(method=method, random_state=0, max_iter=100).fit_transform(X) for _ in range(2)]
    assert torch.equal(*maps)


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X.half(),
        lambda X: X.bfloat16(),
        lambda X: X.double(),
        lambda X: X.t().contiguous().t(),
    ],
)
def test_forms_of_the_data(X, convert):
    Y = TSNE(random_state=0, max_iter=60).fit_transform(convert(X))
    assert Y.is_cuda and Y.dtype == torch.float32 and torch.isfinite(Y).all()


def test_device_computes_there_and_returns_here(X):
    here = TSNE(device="cuda", random_state=0, max_iter=60).fit(X.cpu().numpy())
    assert here.report_.kernels == "cuda"
    there = TSNE(random_state=0, max_iter=60).fit_transform(X)
    assert torch.equal(torch.from_numpy(here.embedding_), there.cpu())


def test_too_little_memory_is_said(X):
    large = points("normal", 200_000, 100).cuda()
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-3)
    try:
        with pytest.raises(torch.OutOfMemoryError, match=r"need about .* GB, .* lower perplexity"):
            TSNE().fit(large)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_large_data_go_by_cells():
    X = points("clustered", 60_000, 16).cuda()
    estimator = TSNE(random_state=0, max_iter=60).fit(X)
    assert estimator.report_.search == "cells" and estimator.report_.search_recall >= 0.98
    assert torch.isfinite(estimator.embedding_).all()


def test_another_stream_and_another_device(X):
    expected = TSNE(random_state=0, max_iter=60).fit_transform(X)
    with torch.cuda.stream(torch.cuda.Stream()):
        assert torch.equal(TSNE(random_state=0, max_iter=60).fit_transform(X), expected)
    if torch.cuda.device_count() > 1:
        there = TSNE(random_state=0, max_iter=60).fit_transform(X.to("cuda:1"))
        assert there.device.index == 1
        torch.testing.assert_close(there.cpu(), expected.cpu())
