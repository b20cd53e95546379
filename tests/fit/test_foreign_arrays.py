"""Arrays of other libraries go in without a copy and come out of their kind."""

from __future__ import annotations

import sys
import types

import array_api_strict
import numpy as np
import polars as pl
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from fasttsne import TSNE
from fasttsne.fit.foreign_arrays import taken_over

X = np.random.default_rng(0).normal(size=(80, 5)).astype(np.float32)
NEW = X[:7] + np.float32(0.1)
QUICK = {"perplexity": 8, "max_iter": 60, "random_state": 0}


@pytest.fixture(scope="module")
def fitted():
    return TSNE(**QUICK).fit(X)


def test_dlpack_there_and_back(fitted):
    kind = type(array_api_strict.asarray(X))
    tsne = TSNE(**QUICK)
    Y = tsne.fit_transform(array_api_strict.asarray(X))
    assert isinstance(Y, kind) and isinstance(tsne.embedding_, torch.Tensor)
    np.testing.assert_array_equal(np.asarray(Y), fitted.embedding_)
    placed = tsne.transform(array_api_strict.asarray(NEW))
    assert isinstance(placed, kind)
    np.testing.assert_array_equal(np.asarray(placed), fitted.transform(NEW))


def test_dlpack_shares_memory(monkeypatch):
    source = torch.from_numpy(X.copy())

    class Array:
        """What a library hands out that does not follow the array API."""

        def __dlpack__(self, **options):
            return source.__dlpack__(**options)

        def __dlpack_device__(self):
            return source.__dlpack_device__()

    taken, give = taken_over(Array())
    assert taken.data_ptr() == source.data_ptr()
    assert give(taken) is taken
    # As CuPy, whose module has the function though its arrays do not name it.
    module = types.ModuleType("arrays_of_a_gpu")
    module.from_dlpack = lambda tensor: ("theirs", tensor)
    monkeypatch.setitem(sys.modules, "arrays_of_a_gpu", module)
    monkeypatch.setattr(Array, "__module__", "arrays_of_a_gpu.core")
    assert taken_over(Array())[1](taken) == ("theirs", taken)
    frame = type("DataFrame", (), {"to_cupy": lambda self: Array()})
    assert taken_over(frame())[0].data_ptr() == source.data_ptr()


def test_arrays_that_cannot_be_taken_over():
    class Broken:
        def __dlpack__(self, **options):
            raise BufferError("it is lazy")

        def __dlpack_device__(self):
            return (1, 0)

    with pytest.raises(ValueError, match="X is a Broken that torch cannot take over: it is lazy"):
        TSNE().fit(Broken())


@pytest.mark.skipif(torch.cuda.is_available(), reason="is for machines without a GPU")
def test_an_array_on_a_gpu_that_torch_lacks():
    class OnGpu:
        __cuda_array_interface__ = {  # noqa: RUF012
            "shape": (4, 2),
            "typestr": "<f4",
            "data": (1, False),
            "version": 3,
        }

    with pytest.raises(ValueError, match="X is a OnGpu that torch cannot take over"):
        TSNE().fit(OnGpu())


def test_polars(fitted):
    names = list("abcde")
    tsne = TSNE(**QUICK)
    Y = tsne.fit_transform(pl.DataFrame(X, schema=names))
    np.testing.assert_array_equal(Y, fitted.embedding_)
    assert tsne.feature_names_in_.tolist() == names
    named = tsne.set_output(transform="polars").fit_transform(pl.DataFrame(X, schema=names))
    assert isinstance(named, pl.DataFrame)
    np.testing.assert_array_equal(named.to_numpy(), Y)


class Rows(Dataset):
    def __len__(self):
        return len(X)

    def __getitem__(self, i):
        return {"pixels": X[i].reshape(5, 1), "label": i}


class Stream(IterableDataset):
    def __iter__(self):
        return iter(X)


@pytest.mark.parametrize(
    "source",
    [
        Rows(),
        Stream(),
        TensorDataset(torch.from_numpy(X), torch.arange(80)),
        DataLoader(TensorDataset(torch.from_numpy(X)), batch_size=7),
        DataLoader(Stream(), batch_size=9),
    ],
    ids=["dataset", "iterable", "tensors", "loader", "loader of iterable"],
)
def test_torch_datasets(fitted, source):
    Y = TSNE(**QUICK).fit_transform(source)
    assert isinstance(Y, torch.Tensor)
    np.testing.assert_array_equal(Y.numpy(), fitted.embedding_)


def test_datasets_that_are_no_rows():
    with pytest.raises(ValueError, match="got an empty dataset"):
        TSNE().fit(TensorDataset(torch.zeros(0, 3)))
    with pytest.raises(TypeError, match=r"samples of X must be tensors or arrays, got str"):
        TSNE().fit(DataLoader([("a", 1), ("b", 2)]))
    uneven = DataLoader([torch.zeros(2), torch.zeros(3)], batch_size=1)
    with pytest.raises(ValueError, match=r"must be of one size, got \[2, 3\] numbers"):
        TSNE().fit(uneven)
