"""Where the points start: principal components, chance, or a given array."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from ._threads import CHUNK_BYTES, alone, in_chunks, share
from ._validation import as_matrix

START_SPREAD = 1e-4
"""Standard deviation of the widest coordinate: small, so that attraction shapes the map first."""

_FEW_COLUMNS = 512
"""Up to so many columns the whole covariance is computed, which gives the axes exactly."""
_OVERSAMPLING = 8
_POWER_ITERATIONS = 5
"""With these the randomised components agree with the exact ones to plotting accuracy."""
_PARTS = 64
"""Into which rows are cut for a sum: enough for any number of threads to share."""
_SPECTRAL_TOLERANCE = 1e-4
_SPECTRAL_VECTORS = 30
"""Slow modes of well separated clusters are close together: more vectors part them sooner."""


def pca(X: Tensor, dims: int, seed: int) -> Tensor:
    """Project on the first principal components, scaled to :data:`START_SPREAD`.

    Components that X does not have (constant data, dims > d) are filled with small random numbers,
    so that points can part.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
    dims : int
    seed : int
        Of the random numbers, where any are drawn: for more than 512 columns, and for flat
        coordinates.

    Returns
    -------
    Tensor, shape (n, dims), float32
    """
    found = min(dims, *X.shape)
    Y = X.new_zeros(X.shape[0], dims)
    Y[:, :found] = _principal_components(X, found, seed)
    return rescale(Y, seed)


def _principal_components(X: Tensor, number: int, seed: int) -> Tensor:
    """Project rows on their first principal components: (n, number) float64.

    In float64, whose products neither autocast nor TF32 rounds, and in which the squares of
    singular values lose nothing that a picture shows.
    """
    mean = _sum_over_rows(lambda rows: rows.sum(0), X) / X.shape[0]
    if X.shape[1] <= _FEW_COLUMNS:
        covariance = _sum_over_rows(lambda rows: (rows - mean).T @ (rows - mean), X)
        axes = alone(lambda: torch.linalg.eigh(covariance)[1], X.device)
    else:
        axes = _sketched_axes(X, mean, number, seed)
    axes = axes[:, -number:].flip(1)
    # The sign of a component is arbitrary; make its largest loading positive.
    axes = axes * axes.gather(0, axes.abs().argmax(0, keepdim=True)).sign()
    return torch.cat(in_chunks(lambda part: (X[part].double() - mean) @ axes, X))


def _sketched_axes(X: Tensor, mean: Tensor, number: int, seed: int) -> Tensor:
    """Return axes of the largest variance among a few, rising, without the whole covariance.

    It is applied to a random basis again and again (Halko et al. 2011).
    """

    def covariance_times(basis: Tensor) -> Tensor:
        return _sum_over_rows(lambda rows: (rows - mean).T @ ((rows - mean) @ basis), X)

    def orthonormal(basis: Tensor) -> Tensor:
        return alone(lambda: torch.linalg.qr(basis).Q, X.device)

    generator = torch.Generator("cpu").manual_seed(seed)
    size = (X.shape[1], min(number + _OVERSAMPLING, *X.shape))
    basis = torch.randn(size, generator=generator, dtype=torch.float64, device="cpu").to(X.device)
    for _ in range(_POWER_ITERATIONS):
        basis = covariance_times(orthonormal(basis))
    basis = orthonormal(basis)
    image = covariance_times(basis)
    return alone(lambda: basis @ torch.linalg.eigh(basis.T @ image)[1], X.device)


def _sum_over_rows(work: Callable[[Tensor], Tensor], X: Tensor) -> Tensor:
    """Sum what ``work`` makes of chunks of rows in float64, in their order."""
    at_once = max(1, CHUNK_BYTES // (8 * X.shape[1])) if X.device.type == "cpu" else X.shape[0]

    def one_part(rows: Tensor) -> Tensor:
        return reduce(torch.add, (work(chunk.double()) for chunk in rows.split(at_once)))

    # Few parts, however many rows: each has a sum of its own.
    parts = X.split(max(at_once, -(-X.shape[0] // _PARTS)))
    if X.device.type != "cpu":
        return reduce(torch.add, map(one_part, parts))
    return reduce(torch.add, share(one_part, parts))


def pca_of_sparse(X: Any, dims: int, seed: int) -> Tensor:
    """Do as :func:`pca` with a scipy.sparse matrix, which is never made dense."""
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
    """Lay points out by the slowest modes of a random walk along P (Belkin and Niyogi 2003).

    Parameters
    ----------
    P : scipy.sparse matrix, shape (n, n)
        Symmetric, 0 or more.
    dims : int
    seed : int
        Of the first vector of the iteration.

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
    found = min(dims, n - 2)  # the first mode is constant; the iteration finds fewer than n
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
        A map to start from, such as that of another method: at its own size it would hardly change.
    seed : int
        Of the random numbers.

    Returns
    -------
    Tensor, shape (n, m), float32
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
    """Normal coordinates of standard deviation :data:`START_SPREAD`: (n, dims) float32."""
    generator = torch.Generator("cpu").manual_seed(seed)
    Y = torch.randn(n, dims, generator=generator, dtype=torch.float32, device="cpu")
    return START_SPREAD * Y
