"""Wrappers of the ops that turn distances of neighbours into the joint distribution P."""

from __future__ import annotations

import torch
from torch import Tensor

from .checks import check_contiguous, check_integer, check_matrix, check_number, check_tensor
from .table import torch_ops


def perplexity_search(sq_distances: Tensor, perplexity: float) -> tuple[Tensor, Tensor]:
    r"""Find for each row the beta whose conditional distribution has the given perplexity.

    :math:`p_{j|i} \propto e^{-\beta_i d_{ij}^2}` (van der Maaten and Hinton 2008, equation 1, with
    :math:`\beta_i = 1 / 2 \sigma_i^2`). If more than ``perplexity`` neighbours of a row tie for the
    nearest, no beta reaches the perplexity: the row then gets the closest perplexity that it can
    reach, with a finite beta.

    Parameters
    ----------
    sq_distances : Tensor, shape (n, k), float32
        Squared distances of a row to its neighbours, in any order.
    perplexity : float
        2 to the power of the entropy in bits; 1 to k.

    Returns
    -------
    beta : Tensor, shape (n,), float32
        1 / (2 sigma^2).
    conditional_P : Tensor, shape (n, k), float32
        p_{j|i}; each row sums to 1.
    """
    check_matrix("sq_distances", sq_distances)
    check_number("perplexity", perplexity)
    if not 1 <= perplexity <= sq_distances.shape[1]:
        raise ValueError(
            f"perplexity must be in 1 .. k = {sq_distances.shape[1]} (the number of neighbours), "
            f"got {perplexity}"
        )
    return torch_ops.perplexity_search.default(sq_distances.contiguous(), float(perplexity))


def symmetrize(
    indices: Tensor,
    conditional_P: Tensor,
    first: int = 0,
    n: int | None = None,
    incoming: tuple[Tensor, Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the joint P_ij = (p_{j|i} + p_{i|j}) / 2n as a sparse matrix in CSR form.

    Of all n rows, some that follow one another may be computed alone, as where processes share the
    rows. What the others hold about these is then given as ``incoming``. On a GPU all rows are
    computed at once.

    Parameters
    ----------
    indices : Tensor, shape (l, k), int32
        Neighbours of each row, all different, in 0 .. n - 1.
    conditional_P : Tensor, shape (l, k), float32
        p_{j|i} of these neighbours.
    first : int, default 0
        Number of the first of these rows.
    n : int, optional
        Number of all rows. Default: l.
    incoming : (Tensor, Tensor, Tensor), shape (e,) each, optional
        Rows i that are none of these, int32, rising; rows j of these that are neighbours of i,
        int32; and p_{j|i}, float32. No pair occurs twice.

    Returns
    -------
    indptr : Tensor, shape (l + 1,), int64
        Row ``first + i`` is the half-open range of entries ``indptr[i]`` to ``indptr[i + 1]``.
    indices : Tensor, shape (edges,), int32
        Columns, ascending in each row.
    values : Tensor, shape (edges,), float32
        P_ij and P_ji have the same bits; those of all n rows sum to 1.
    """
    check_tensor("indices", indices, torch.int32, (None, None))
    check_matrix("conditional_P", conditional_P)
    check_tensor("conditional_P", conditional_P, torch.float32, tuple(indices.shape))
    check_integer("first", first)
    n = len(indices) if n is None else n
    check_integer("n", n)
    if not 0 <= first <= n - len(indices):
        raise ValueError(f"first must be in 0 .. n - l = {n - len(indices)}, got {first}")
    if incoming is None:
        incoming = (indices.new_empty(0), indices.new_empty(0), conditional_P.new_empty(0))
    from_rows, to_rows, from_P = incoming
    check_tensor("incoming[0]", from_rows, torch.int32, (None,))
    check_tensor("incoming[1]", to_rows, torch.int32, tuple(from_rows.shape))
    check_tensor("incoming[2]", from_P, torch.float32, tuple(from_rows.shape))
    check_contiguous(incoming_rows=from_rows, incoming_targets=to_rows, incoming_P=from_P)
    return torch_ops.symmetrize.default(
        *(indices.contiguous(), conditional_P.contiguous(), first, n, from_rows, to_rows, from_P)
    )
