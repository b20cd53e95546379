"""Checks of the arguments that measures share, and the random samples they take."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _validation
from .._labels import as_labels, is_labelled
from .._validation import as_array


def as_points(name: str, value: Any) -> Tensor:
    """Return a matrix of finite numbers in float64, on the device it came on."""
    return _validation.as_matrix(value, name).double()


def same_rows(X: Any, Y: Any) -> tuple[Tensor, Tensor]:
    """Return data and map as by :func:`as_points`; raise if their numbers of rows differ."""
    x, y = as_points("X", X), as_points("Y", Y)
    if len(x) != len(y):
        raise ValueError(f"X and Y must have the same number of rows, got {len(x)} and {len(y)}")
    return x, y


def at_least_3_rows(X: Any, Y: Any) -> tuple[Tensor, Tensor]:
    """Return data and map as by :func:`same_rows`; raise if they have fewer than 3 rows."""
    x, y = same_rows(X, Y)
    if len(x) < 3:
        raise ValueError(f"X and Y must have at least 3 rows, got {len(x)}")
    return x, y


def find_labelled(labels: Any, n: int) -> tuple[Tensor, np.ndarray]:
    """Return which of n rows have a label, shape (n,), bool; and the labels of those rows."""
    names = as_labels(labels, n)
    if names.dtype.kind == "f":
        raise TypeError(f"labels must be integers or strings, got dtype {names.dtype}")
    kept = is_labelled(names)
    return torch.from_numpy(kept), names[kept]


def labelled_points(Y: Any, labels: Any) -> tuple[Tensor, np.ndarray]:
    """Return the labelled rows of a map as by :func:`as_points`, and their labels."""
    y = as_points("Y", Y)
    kept, names = find_labelled(labels, len(y))
    return y[kept.to(y.device)], names


def group_codes(group: Any, n: int) -> Tensor:
    """Return the number of the group of each of n rows, shape (n,), int64, on the CPU."""
    groups = as_array(group)
    if groups.shape != (n,):
        raise ValueError(f"group must have shape ({n},), got {groups.shape}")
    return torch.from_numpy(np.unique(groups.astype(str), return_inverse=True)[1].astype(np.int64))


def rows_outside(groups: Tensor) -> int:
    """Return the number of rows outside of the largest group."""
    return len(groups) - int(groups.bincount().max()) if len(groups) else 0


def check_k(k: Any, most: int, limit: str) -> int:
    """Return k as an int of 1 to ``most``; ``limit`` says in an error what ``most`` is."""
    k = _validation.integer("k", k, 1)
    if k > most:
        raise ValueError(f"k must be at most {max(most, 0)} ({limit}), got {k}")
    return k


def all_indices(n: int) -> Tensor:
    """Return 0 .. n - 1, on the CPU whatever torch's default device is."""
    return torch.arange(n, device="cpu")


def sample_indices(n: int, n_sample: int, seed: int, least: int = 1) -> Tensor:
    """Draw ``n_sample`` of 0 .. n - 1 without replacement, ascending; all if there are no more."""
    if n_sample < least:
        raise ValueError(f"n_sample must be {least} or more, got {n_sample}")
    if n_sample >= n:
        return all_indices(n)
    picked = np.random.default_rng(seed).choice(n, n_sample, replace=False)
    return torch.from_numpy(np.sort(picked))
