"""Data of other makers: arrays that DLPack or CUDA's interface hands on, and torch datasets.

An array of JAX, CuPy or another library goes in as a tensor that shares its memory, and what comes
out goes back as an array of its kind (https://dmlc.github.io/dlpack).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

_BATCH = 1024


def taken_over(X: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return data as a fit takes them, and a function that turns its result into their kind.

    Parameters
    ----------
    X : anything
        An array with ``__dlpack__`` or ``__cuda_array_interface__``, or what has ``to_cupy``, as a
        data frame of cuDF, becomes a tensor that shares its memory. A torch ``Dataset`` or
        ``DataLoader`` is read into a tensor with a row for each sample. Anything else is returned
        as it is.

    Returns
    -------
    X : Tensor, or as given
    give : callable
        Takes a tensor, and returns an array of the kind of ``X`` that shares its memory; the tensor
        itself for kinds that cannot take one over.

    Raises
    ------
    TypeError
        If the samples of a dataset are no numbers.
    ValueError
        If the samples differ in size, there are none, or an array is on a GPU that torch does not
        have.
    """
    if X is None or isinstance(X, (Tensor, np.ndarray)) or sparse.issparse(X):
        return X, _as_it_is
    if isinstance(X, (Dataset, DataLoader)):
        return _rows_of(X), _as_it_is
    if hasattr(X, "to_cupy"):
        X = X.to_cupy()
    if hasattr(X, "__dlpack__") and hasattr(X, "__dlpack_device__"):
        return _tensor(X, torch.from_dlpack), _giver_of(X)
    if hasattr(X, "__cuda_array_interface__"):
        return _tensor(X, _from_gpu), _as_it_is
    return X, _as_it_is


def _as_it_is(result: Any) -> Any:
    return result


def _from_gpu(X: Any) -> Tensor:
    return torch.as_tensor(X, dtype=None, device="cuda")


def _tensor(X: Any, take: Callable[[Any], Tensor]) -> Tensor:
    try:
        return take(X)
    except (RuntimeError, BufferError, AssertionError) as error:
        raise ValueError(
            f"X is a {type(X).__name__} that torch cannot take over: {error}; convert it to a "
            "NumPy array"
        ) from None


def _giver_of(X: Any) -> Callable[[Any], Any]:
    """Return what turns a tensor into an array of the library of X."""
    if hasattr(X, "__array_namespace__"):
        namespace = X.__array_namespace__()
    else:  # CuPy has the function, but arrays that do not say where
        package = str(type(X).__module__).partition(".")[0]
        namespace = None if package == "__main__" else sys.modules.get(package)
    return getattr(namespace, "from_dlpack", _as_it_is)


def _rows_of(source: Any) -> Tensor:
    """Return the samples of a dataset as the rows of a tensor on the CPU.

    Of a sample that is a tuple, a list or a dict, the first part is taken: the others are labels.
    """
    if isinstance(source, IterableDataset) or not isinstance(source, DataLoader):
        source = DataLoader(source, batch_size=_BATCH)
    rows = [_rows_of_batch(batch) for batch in source]
    if not rows:
        raise ValueError("X must have 2 samples or more, got an empty dataset")
    widths = {part.shape[1] for part in rows}
    if len(widths) > 1:
        raise ValueError(f"the samples of X must be of one size, got {sorted(widths)} numbers")
    return torch.cat(rows)


def _rows_of_batch(batch: Any) -> Tensor:
    while not isinstance(batch, Tensor):
        if isinstance(batch, Mapping) and batch:
            batch = next(iter(batch.values()))
        elif isinstance(batch, (tuple, list)) and batch:
            batch = batch[0]
        else:
            raise TypeError(
                f"the samples of X must be tensors or arrays, got {type(batch).__name__}"
            )
    return batch.detach().to("cpu").reshape(len(batch), -1)
