"""P made elsewhere: checked, and turned into a joint P."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from .. import _validation
from .joint import JointP


def is_matrix(affinities: Any) -> bool:
    """Whether ``affinities`` is a matrix P, not a way to make one; its content is not checked.

    Parameters
    ----------
    affinities : object
        What was given as the parameter of this name of :class:`fasttsne.TSNE`.

    Returns
    -------
    bool
    """
    is_table = hasattr(affinities, "__array__") and hasattr(affinities, "shape")
    return (is_table and len(affinities.shape) > 0) or sparse.issparse(affinities)


def given_affinities(P: Any, name: str = "P") -> JointP:
    """Check a P made elsewhere, make it symmetric, and divide it by its sum.

    Parameters
    ----------
    P : scipy.sparse matrix, torch.Tensor (dense or sparse) or array, shape (n, n)
        Conditional or joint probabilities, or any weights: finite, 0 or more. P is replaced by
        P + P^T, its diagonal is left out, and the rest is divided by its sum. Entries of a sparse
        matrix for the same place are summed.
    name : str, default 'P'
        The name of the argument in error messages.

    Returns
    -------
    JointP

    Raises
    ------
    TypeError
        Not a matrix of real numbers, or a sparse tensor of another layout than COO and CSR.
    ValueError
        Not square, fewer than 2 rows, entries that are negative or not finite, indices out of
        range, or a point without a positive entry besides the diagonal.
    """
    matrix = _as_csr(P, name).astype(np.float64)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be square, got shape {matrix.shape}")
    n = matrix.shape[0]
    if n < 2:
        raise ValueError(f"{name} must have 2 rows or more, got {n}")
    if matrix.data.size and matrix.data.min() < 0:
        raise ValueError(f"{name} must be 0 or more, got {matrix.data.min():g}")
    matrix = matrix / (matrix.data.max(initial=0) or 1)  # so that no sum overflows
    matrix = matrix - sparse.diags_array(matrix.diagonal(), format="csr")
    matrix = (matrix + matrix.T).tocsr()
    matrix = (matrix / (matrix.data.sum() or 1)).astype(np.float32)
    matrix.eliminate_zeros()  # also entries that float32 rounds to 0
    matrix.sort_indices()
    alone = np.flatnonzero(np.diff(matrix.indptr) == 0)
    if alone.size:
        raise ValueError(f"{name} must connect each point to another, got none in row {alone[0]}")
    return JointP(
        torch.from_numpy(matrix.indptr.astype(np.int64)),
        torch.from_numpy(matrix.indices.astype(np.int32)),
        torch.from_numpy(matrix.data),
    )


def _as_csr(P: Any, name: str) -> Any:
    """Return a sparse CSR array of finite numbers without duplicate entries; check all indices."""
    if isinstance(P, Tensor):
        P = _from_tensor(P.detach(), name)
    if not sparse.issparse(P):
        _validation.check_unmasked(name, P)
        P = np.asarray(P)
        if P.dtype.kind not in "biuf" or P.ndim != 2:
            raise TypeError(
                f"{name} must be a matrix of numbers, got dtype {P.dtype} of shape {P.shape}"
            )
        P = sparse.csr_array(P.astype(np.float64))
    return sparse.csr_array(_validation.as_csr(P, name))


def _from_tensor(P: Tensor, name: str) -> Any:
    """Return a float64 array of the same numbers, sparse if the tensor is."""
    if P.is_complex() or P.dim() != 2:
        raise TypeError(f"{name} must be a matrix of numbers, got {P.dtype} of shape {P.shape}")
    if P.layout == torch.strided:
        return P.double().cpu().resolve_neg().numpy()
    if P.layout == torch.sparse_csr:
        values, columns, ends = (
            part.cpu().numpy() for part in (P.values().double(), P.col_indices(), P.crow_indices())
        )
        _validation.check_compressed(name, ends, columns, values, *P.shape)
        return sparse.csr_array((values, columns, ends), shape=tuple(P.shape))
    if P.layout == torch.sparse_coo:
        # The raw entries, before duplicates are summed: torch sums without a check of the indices.
        places, values = P._indices().cpu().numpy(), P._values().double().cpu().numpy()
        for what, row, size in zip(("rows", "columns"), places, P.shape, strict=True):
            _validation.check_range(f"{what} of {name}", row, size)
        return sparse.coo_array((values, tuple(places)), shape=tuple(P.shape))
    raise TypeError(f"{name} must be dense, or sparse in COO or CSR layout, got {P.layout}")
