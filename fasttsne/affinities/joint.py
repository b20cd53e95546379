"""The joint P: a sparse symmetric matrix of probabilities of pairs."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from scipy import sparse
from torch import Tensor

from .. import ops


class JointP(NamedTuple):
    """P as a sparse, symmetric matrix (n, n) in CSR form; sums to 1 over ordered pairs."""

    indptr: Tensor
    """(n + 1,) int64: row i has the entries ``indptr[i]`` to ``indptr[i + 1]``, half-open."""
    indices: Tensor
    """(edges,) int32: columns, rising in each row."""
    values: Tensor
    """(edges,) float32"""

    def negative_entropy(self) -> float:
        """Return the sum of P ln P, the part of the KL divergence that does not depend on the map.

        KL(P || Q) is the sum of P ln P less the sum of P ln Q.

        Returns
        -------
        float
            In nats; 0 or less.
        """
        return negative_entropy(self.values)

    def to_scipy(self) -> sparse.csr_matrix:
        """Return the same numbers on the CPU.

        Returns
        -------
        scipy.sparse.csr_matrix, shape (n, n), float32
        """
        n = len(self.indptr) - 1
        parts = (part.detach().cpu().numpy() for part in (self.values, self.indices, self.indptr))
        return sparse.csr_matrix(tuple(parts), shape=(n, n))


def joint_P(indices: Tensor, conditional_P: Tensor) -> JointP:
    """Return the joint P_ij = (p_{j|i} + p_{i|j}) / 2n.

    Parameters
    ----------
    indices : Tensor, shape (n, k), int32
        Neighbours j of each point i.
    conditional_P : Tensor, shape (n, k), float32
        p_{j|i}.

    Returns
    -------
    JointP
    """
    return JointP(*ops.symmetrize(indices, conditional_P))


def negative_entropy(P: Tensor) -> float:
    """Return the sum of P ln P over all entries; 0 ln 0 is 0.

    Parameters
    ----------
    P : Tensor, of any shape
        Probabilities, 0 or more.

    Returns
    -------
    float
        In nats.
    """
    # Rows of fixed length first: the rounding of one sum over all would depend on the number of
    # threads. Some rows at a time, as float64 takes twice the memory of P.
    length, at_once = 4096, 1 << 10
    P = P.detach().flatten()
    sums = P.new_zeros(-(-P.numel() // length), dtype=torch.float64)
    for rows, part in zip(sums.split(at_once), P.split(at_once * length), strict=True):
        padded = torch.nn.functional.pad(part, (0, -part.numel() % length)).double()
        rows += torch.special.entr(padded.view(-1, length)).sum(1)
    return -math.fsum(sums.tolist())
