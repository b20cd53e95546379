"""From neighbours to the joint P: the perplexity search and its symmetrised sparse matrix."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from . import ops
from .neighbors import Neighbors


class JointP(NamedTuple):
    """Sparse, symmetric P in compressed rows; sums to 1 over ordered pairs."""

    indptr: Tensor
    """(n + 1,) int64"""
    indices: Tensor
    """(edges,) int32, rising in each row"""
    values: Tensor
    """(edges,) float32"""

    def negative_entropy(self) -> float:
        """Return the sum of P ln P, the part of the KL divergence that does not move."""
        # Rows of fixed length first: a sum of all at once would depend on the threads.
        length = 4096
        P = torch.nn.functional.pad(self.values, (0, -len(self.values) % length)).double()
        terms = torch.special.entr(P.view(-1, length))
        return -float(terms.sum(1).sum())


def perplexity_affinities(neighbors: Neighbors, perplexity: float) -> JointP:
    """Make P of Gaussian conditionals whose widths give every row the same perplexity.

    Parameters
    ----------
    neighbors : Neighbors
        k of them, by custom three times the perplexity.
    perplexity : float
        At most k.

    Returns
    -------
    JointP
    """
    _, conditional_P = ops.perplexity_search(neighbors.sq_distances, perplexity)
    return JointP(*ops.symmetrize(neighbors.indices, conditional_P))
