"""Fits on a GPU: run by whoever has one (make gpu-check), skipped elsewhere."""

import math
import pickle

import pytest
import torch
from sample import points

from fasttsne import TSNE, Phase, _library
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


FIRST = [Phase(60, exaggeration=4), Phase(40, momentum=0.8)]


@pytest.mark.parametrize("method", ["exact", "barnes_hut", "fft"])
def test_fixed_points_keep_their_bits_and_a_map_goes_on(X, method):
    start = points("normal", len(X), 2).cuda()
    is_fixed = torch.arange(len(X), device="cuda") % 3 == 0
    parameters = dict(method=method, init=start, fixed=is_fixed, random_state=0)
    parts = TSNE(schedule=FIRST, **parameters).fit(X).optimize(30, momentum=0.8)
    whole = TSNE(schedule=[*FIRST, Phase(30, momentum=0.8)], **parameters).fit(X)
    assert torch.equal(parts.embedding_[is_fixed], start[is_fixed])
    assert (parts.embedding_[~is_fixed] != start[~is_fixed]).any(1).all()
    assert torch.equal(parts.embedding_, whole.embedding_)


@pytest.mark.parametrize("what", ["anchors", "supervision"])
def test_constraints_act_as_on_the_cpu(X, what):
    labels = torch.arange(len(X)) % 4
    start = points("normal", len(X), 2)
    more = {
        "anchors": dict(anchors=points("clustered", len(X), 2), anchor_weight=10.0),
        "supervision": dict(supervision=0.9),
    }[what]
    # Few iterations, so that rounding has no time to grow.
    parameters = dict(schedule=[Phase(10, exaggeration=4)], method="exact", random_state=0, **more)
    on_cpu = TSNE(init=start, **parameters).fit_transform(X.cpu(), labels)
    if what == "anchors":
        parameters["anchors"] = parameters["anchors"].cuda()
    on_gpu = TSNE(init=start.cuda(), **parameters).fit_transform(X, labels.cuda())
    assert on_gpu.is_cuda
    torch.testing.assert_close(on_gpu.cpu(), on_cpu, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("method", ["barnes_hut", "fft"])
def test_new_rows_join_and_another_perplexity_is_taken(X, method):
    fitted = TSNE(method=method, schedule=FIRST, random_state=0).fit(X[:2700])
    before, placed = fitted.embedding_.clone(), fitted.transform(X[2700:])
    seen = []
    fitted.set_params(callback=lambda i, kl, Y: seen.append(Y.clone()), callback_every=1)
    fitted.extend(X[2700:], iterations=20)
    assert torch.equal(seen[0], torch.cat([before, placed]))
    fitted.optimize(20, perplexity=10)
    assert fitted.embedding_.is_cuda and fitted.embedding_.shape == (3000, 2)
    assert torch.isfinite(fitted.embedding_).all() and math.isfinite(fitted.kl_divergence_)


def test_a_kept_map_goes_on_after_a_pickle(X):
    fitted = TSNE(schedule=FIRST, random_state=0).fit(X)
    other = pickle.loads(pickle.dumps(fitted.set_params(callback=None)))
    assert torch.equal(other.optimize(20).embedding_, fitted.optimize(20).embedding_)


@pytest.mark.parametrize("library", ["cupy", "jax.numpy"])
def test_arrays_of_other_libraries_stay_on_the_gpu(X, library):
    arrays = pytest.importorskip(library)
    theirs = arrays.from_dlpack(X)
    Y = TSNE(random_state=0, max_iter=60).fit_transform(theirs)
    assert type(Y) is type(theirs)
    assert torch.equal(torch.from_dlpack(Y), TSNE(random_state=0, max_iter=60).fit_transform(X))
