"""Starting maps: principal components, spectral layout, random numbers, or a given array."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ._principal_axes import mean_of, principal_axes, project
from ._threads import alone
from ._validation import as_matrix
from .shards import ALONE, Part, Shards

__all__ = ["START_SPREAD", "pca", "random", "rescale", "spectral"]

START_SPREAD = 1e-4
"""Standard deviation of the widest coordinate, in map units. It is small, so that attraction shapes
the map first."""

_FEW_COLUMNS = 512
"""Up to this many columns the whole covariance matrix is computed, which gives exact axes."""
_SPECTRAL_TOLERANCE = 1e-4
_SPECTRAL_VECTORS = 30
"""Lanczos vectors of the eigensolver. Well separated clusters have slow modes with almost the same
eigenvalue, which more vectors separate sooner."""


def pca(X: Tensor, dims: int, seed: int, shards: Shards = ALONE) -> Tensor:
    """Project rows on their first principal components, scaled to :data:`START_SPREAD`.

    Components that X does not have (constant data, dims > d) are filled with small random numbers,
    so that the points can move apart.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
    dims : int
        Number of dimensions of the map.
    seed : int
        Seed of the random numbers, which are used for more than 512 columns, and for components
        that X does not have.
    shards : Shards
        Of the rows, if several ranks share them.

    Returns
    -------
    Tensor, shape (n, dims), float32
        Of the rows of all ranks.
    """
    part = Part(shards, shards.sizes(len(X)))
    found = min(dims, part.n, X.shape[1])
    Y = X.new_zeros(X.shape[0], dims)
    mean = mean_of(X, shards)
    axes, _ = principal_axes(X, mean, found, seed, _FEW_COLUMNS, shards)
    Y[:, :found] = project(X, mean, axes, torch.float64)
    return rescale(part.gather(Y), seed)


def pca_of_sparse(X: Any, dims: int, seed: int) -> Tensor:
    """Return what :func:`pca` does for a scipy.sparse matrix (n, d), without making it dense."""
    import numpy as np
    from sklearn.decomposition import PCA

    found = min(dims, *X.shape)
    solver = "arpack" if found < min(X.shape) else "covariance_eigh"
    components = PCA(found, svd_solver=solver, random_state=seed).fit_transform(
        X.astype(np.float64)
    )
    Y = torch.zeros(X.shape[0], dims, dtype=torch.float32, device="cpu")
    Y[:, :found] = torch.from_numpy(components)
    return rescale(Y, seed)


def spectral(P: Any, dims: int, seed: int) -> Tensor:
    """Lay points out by the slowest modes of a random walk on P: Laplacian eigenmaps.

    The coordinates are the eigenvectors of D^-1 P with the largest eigenvalues, the constant one
    left out, where D holds the sums of the rows of P (Belkin and Niyogi 2003).

    Parameters
    ----------
    P : scipy.sparse matrix, shape (n, n)
        Symmetric, with entries of 0 or more.
    dims : int
        Number of dimensions of the map.
    seed : int
        Seed of the eigensolver's first vector.

    Returns
    -------
    Tensor, shape (n, dims), float32
        Scaled to :data:`START_SPREAD`.
    """
    import numpy as np
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import eigsh

    n = P.shape[0]
    root = np.sqrt(np.asarray(P.sum(1), dtype=np.float64).ravel())
    Y = torch.zeros(n, dims, dtype=torch.float32, device="cpu")
    found = min(dims, n - 2)  # the first mode is constant, and eigsh finds fewer than n
    if found > 0:
        scale = diags_array(1 / root)
        walk = scale @ P.astype(np.float64) @ scale
        first = np.random.default_rng(seed).normal(size=n)
        _, modes = eigsh(
            walk,
            k=found + 1,
            which="LA",
            v0=first,
            tol=_SPECTRAL_TOLERANCE,
            ncv=min(n, max(2 * found + 3, _SPECTRAL_VECTORS)),
        )
        modes = modes[:, -2::-1] / root[:, None]  # slowest first, without the constant one
        modes = modes * np.sign(modes[np.abs(modes).argmax(0), np.arange(found)])
        Y[:, :found] = torch.from_numpy(modes / modes.std(0))
    return rescale(Y, seed)


def rescale(Y: Any, seed: int = 0) -> Tensor:
    """Centre a start, scale it to :data:`START_SPREAD`, and fill flat coordinates with noise.

    Parameters
    ----------
    Y : array or Tensor, shape (n, m)
        A map to start from, such as that of another method. At its own size it would hardly change.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    Tensor, shape (n, m), float32

    Raises
    ------
    TypeError, ValueError
        Y is not a matrix of real, finite numbers.
    """
    start = as_matrix(Y, "Y").double()
    return alone(lambda: _rescaled(start, seed), start.device)


def _rescaled(Y: Tensor, seed: int) -> Tensor:
    Y = (Y - Y.mean(0)).float()
    spread = Y.std(0, correction=0).max()
    if spread > 0:
        Y = Y * (START_SPREAD / spread)
    flat = Y.std(0, correction=0) < 1e-3 * START_SPREAD
    return torch.where(flat, 1e-2 * random(Y.shape[0], Y.shape[1], seed).to(Y.device), Y)


def random(n: int, dims: int, seed: int) -> Tensor:
    """Return normal random numbers with standard deviation :data:`START_SPREAD`.

    Parameters
    ----------
    n : int
        Number of points.
    dims : int
        Number of dimensions of the map.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    Tensor, shape (n, dims), float32
    """
    return START_SPREAD * _normal(n, dims, seed, torch.float32)


def _normal(rows: int, columns: int, seed: int, dtype: torch.dtype) -> Tensor:
    """Return standard normal numbers, drawn on the CPU: the same for every device."""
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.randn(rows, columns, generator=generator, dtype=dtype, device="cpu")
