"""A fit that the memory does not hold says so at once."""

import numpy as np
import pytest
import torch
from scipy import sparse

from fasttsne import TSNE, _memory
from fasttsne.affinities import joint_affinities
from fasttsne.fit import samples
from fasttsne.neighbors.exact import exact_neighbors


@pytest.fixture
def linux_with(tmp_path, monkeypatch):
    """Return a function that makes up what Linux tells about memory."""

    def tell(available, swap, limit=None, swap_limit=None, taken=None, files=None, swapped=None):
        lines = f"MemTotal: 99 kB\nMemAvailable:  {available} kB\nSwapFree: {swap} kB\nPages: 3\n"
        (tmp_path / "meminfo").write_text(lines)
        stat = None if files is None else f"anon 77\ninactive_file {files}\nactive_file {files}"
        told = {
            "memory.max": limit,
            "memory.swap.max": swap_limit,
            "memory.current": taken,
            "memory.stat": stat,
            "memory.swap.current": swapped,
        }
        for name, content in told.items():
            if content is not None:
                (tmp_path / name).write_text(f"{content}\n")
        monkeypatch.setattr(_memory, "_MEMORY", tmp_path / "meminfo")
        monkeypatch.setattr(_memory, "_GROUP", tmp_path)

    return tell


@pytest.mark.parametrize(
    ("told", "free"),
    [
        ((7, 2), 9 * 1024),
        ((7, 0, 3000), 3000),
        ((7, 0, 99_999), 7 * 1024),
        ((7, 0, "max"), 7 * 1024),
        ((7, 5, 3000), 3000 + 5 * 1024),
        ((7, 5, 3000, 2000), 5000),
        ((7, 5, "max", 0), 7 * 1024),
        ((7, 0, 5000, None, 2000), 3000),
        ((7, 0, 5000, None, 2000, 300), 3600),
        ((7, 0, 5000, None, 2000, 3000), 5000),
        ((7, 0, 5000, None, 6000), 0),
        ((7, 5, 5000, 3000, 1000, 0, 500), 4000 + 2500),
        ((7, 0, "max", None, 2000), 7 * 1024),
    ],
)
def test_free_memory(linux_with, told, free):
    linux_with(*told)
    assert _memory.free_memory() == free


def test_other_systems_do_not_tell(tmp_path, monkeypatch):
    monkeypatch.setattr(_memory, "_MEMORY", tmp_path / "nothing")
    assert _memory.free_memory() is None
    TSNE(max_iter=1).fit(np.random.default_rng(0).normal(size=(40, 5)))


def test_too_little_memory_is_said_before_any_work(linux_with, monkeypatch):
    X = np.random.default_rng(0).normal(size=(400, 5))
    steps = []
    # 400 rows of 90 neighbours, at 16 bytes: 576 kB.
    linux_with(500, 50)
    with pytest.raises(MemoryError, match=r"400 samples with 90 .* lower perplexity"):
        TSNE(progress=steps.append).fit(X)
    assert not steps
    TSNE(perplexity=20, max_iter=1).fit(X)
    TSNE(affinities=joint_affinities(X).to_scipy(), max_iter=1, init="random").fit(None)
    found = exact_neighbors(torch.from_numpy(X).float(), 40)
    given = (found.indices.numpy(), found.sq_distances.sqrt().numpy())
    TSNE(neighbors=given, max_iter=1).fit(X)  # whose number is another
    linux_with(600, 0)
    TSNE(max_iter=1).fit(X)
    # Eight bytes for each neighbour, and a copy of the data: 768 kB.
    wide = np.random.default_rng(0).normal(size=(400, 300))
    with pytest.raises(MemoryError, match="400 samples"):
        TSNE().fit(wide)
    TSNE(max_iter=1, init="random").fit(sparse.csr_matrix(wide))
    TSNE(max_iter=1, metric="manhattan", init="random").fit(wide)
    TSNE(max_iter=1, metric="precomputed", init="random").fit(np.abs(wide[:, :1] - wide[:, :1].T))


def test_read_only_data_are_used_where_they_are(tmp_path):
    X = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    expected = TSNE(max_iter=30, random_state=0).fit_transform(X)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    for array in (mapped, mapped.astype(np.float64)):
        array.flags.writeable = False
        data = samples.check_samples(TSNE(), array, reset=True)
        assert data.data_ptr() == array.ctypes.data
    fitted = TSNE(max_iter=30, random_state=0).fit(mapped)
    del mapped, array
    np.testing.assert_array_equal(fitted.embedding_, expected)
    np.testing.assert_array_equal(fitted.transform(X), expected)
    assert torch.equal(data, torch.from_numpy(X).double())


@pytest.mark.parametrize("method", ["auto", "exact"])
def test_a_metric_may_change_its_rows(tmp_path, method):
    def careless(x, y):
        distance = float(np.abs(x - y).sum())
        x += 0
        return distance

    X = np.random.default_rng(0).normal(size=(40, 5))
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    for array in (mapped, X):
        TSNE(metric=careless, method=method, perplexity=5, max_iter=1).fit(array)
