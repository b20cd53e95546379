"""Where the points start: principal components, chance, or a given array."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ._threads import alone
from ._validation import as_matrix

START_SPREAD = 1e-4
"""Standard deviation of the widest coordinate: small, so that attraction shapes the map first."""

_OVERSAMPLING = 8
_POWER_ITERATIONS = 4
"""With these the randomised components agree with the exact ones to plotting accuracy."""
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
        Of the randomised decomposition (Halko et al. 2011).

    Returns
    -------
    Tensor, shape (n, dims), float32
    """
    found = min(dims, *X.shape)
    wanted = min(found + _OVERSAMPLING, *X.shape)
    Y = X.new_zeros(X.shape[0], dims)
    Y[:, :found] = alone(lambda: _principal_components(X, wanted, seed), X.device)[:, :found]
    return rescale(Y, seed)


def _principal_components(X: Tensor, number: int, seed: int) -> Tensor:
    """Project rows on their first principal components: (n, number)."""
    # As torch.pca_lowrank, which draws from the process-wide generator.
    X = X - X.mean(0)
    generator = torch.Generator(X.device).manual_seed(seed)
    sketch = torch.randn(X.shape[1], number, generator=generator, dtype=X.dtype, device=X.device)
    basis = torch.linalg.qr(X @ sketch).Q
    for _ in range(_POWER_ITERATIONS):
        basis = torch.linalg.qr(X.T @ basis).Q
        basis = torch.linalg.qr(X @ basis).Q
    U, S, Vh = torch.linalg.svd(basis.T @ X, full_matrices=False)
    # The sign of a component is arbitrary; make its largest loading positive.
    largest = Vh.gather(1, Vh.abs().argmax(1, keepdim=True))[:, 0]
    return basis @ U * (S * largest.sign())


def pca_of_sparse(X: Any, dims: int, seed: int) -> Tensor:
    """Do as :func:`pca` with a scipy.sparse matrix, which is never made dense."""
    import numpy as np
    from sklearn.decomposition import PCA

    found = min(dims, *X.shape)
    solver = "arpack" if found < min(X.shape) else "covariance_eigh"
    components = PCA(found, svd_solver=solver, random_state=seed).fit_transform(
        X.astype(np.float64)
    )
    Y = torch.zeros(X.shape[0], dims)
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
    Y = torch.zeros(n, dims)
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
    generator = torch.Generator().manual_seed(seed)
    return START_SPREAD * torch.randn(n, dims, generator=generator)
