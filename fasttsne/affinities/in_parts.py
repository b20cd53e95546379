"""The joint P of rows that are in several parts: the edges between parts go from one to the other.

An edge runs from a row to each of its neighbours. P_ij takes the edges of both directions, so that
a part needs its own edges, and those that run to its rows from other parts. The parts are those of
several processes, or those of one process that has not the memory for P beside all edges.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from .. import ops
from .._pages import release
from .._threads import share
from ..neighbors import Neighbors
from ..shards import Part, even_bounds
from .joint import JointP, joint_P
from .kinds import Affinities

MANY_EDGES = 1 << 28
"""More edges than this, of which each takes 8 bytes, are made P part by part."""
_EDGES_OF_PART = 1 << 26
_ROWS_AT_ONCE = 1 << 19
"""Rows that have conditional probabilities beside their distances at the same time."""
_EDGES_AT_ONCE = 1 << 20
"""Edges that a thread looks at for those that leave a part."""
_EDGES_IN_P = 1.35
"""Edges of P for each neighbour that an estimate assumes: 1 if all were mutual, 2 if none."""


def bytes_while_symmetrising(n: int, k: int) -> float:
    """Return about how much memory the joint P of n rows with k neighbours takes while made."""
    edges = n * k
    of_P = 8 * _EDGES_IN_P * edges
    if edges <= MANY_EDGES:
        return 8 * edges + of_P
    # Edges that leave a part wait for the others; the last array of P is joined from its parts.
    return 1.25 * of_P


class Edges(NamedTuple):
    """Edges one by one, as :func:`fasttsne.ops.symmetrize` takes them."""

    from_rows: Tensor
    """(e,) int32, rising."""
    to_rows: Tensor
    """(e,) int32"""
    conditional_P: Tensor
    """(e,) float32"""

    @staticmethod
    def join(parts: list[Edges]) -> Edges:
        """Return the edges of all parts, one part after the other."""
        return Edges(*(torch.cat(arrays) for arrays in zip(*parts, strict=True)))


def outgoing_edges(
    indices: Tensor, conditional_P: Tensor, first: int, starts: list[int]
) -> list[Edges]:
    """Return the edges from the rows of one part to the rows of each other part.

    Parameters
    ----------
    indices : Tensor, shape (l, k), int32
        Neighbours of the rows of the part.
    conditional_P : Tensor, shape (l, k), float32
    first : int
        Number of the first row of the part, one of ``starts``.
    starts : list of int
        Part i is the rows ``starts[i]`` to ``starts[i + 1]``, half-open.

    Returns
    -------
    list of Edges
        To each part; none to the part itself.
    """
    l, k = indices.shape

    def leaving(part: slice) -> Edges:
        to_rows, P = indices[part].flatten(), conditional_P[part].flatten()
        places = ((to_rows < first) | (to_rows >= first + l)).nonzero()[:, 0]
        from_rows = first + part.start + torch.div(places, k, rounding_mode="floor")
        return Edges(from_rows.int(), to_rows[places], P[places])

    step = max(1, _EDGES_AT_ONCE // k)
    slices = [slice(i, i + step) for i in range(0, l, step)]
    if not slices:
        slices = [slice(0, 0)]
    edges = Edges.join(share(leaving, slices))
    bounds = torch.tensor(starts[1:-1], dtype=torch.int32, device=indices.device)
    part = torch.bucketize(edges.to_rows, bounds, right=True)
    order = part.argsort(stable=True)
    counts = torch.bincount(part, minlength=len(starts) - 1).tolist()
    # Copies: a view would keep the memory of the edges to all parts.
    columns = [[piece.clone() for piece in array[order].split(counts)] for array in edges]
    return [Edges(*arrays) for arrays in zip(*columns, strict=True)]


def conditional_P_of_consumed(affinities: Affinities, neighbors: Neighbors) -> Tensor:
    """Return the conditional P of each row, in the memory of the squared distances: (n, k).

    Parameters
    ----------
    affinities : Affinities
    neighbors : Neighbors
        Their squared distances are meaningless afterwards.
    """
    P = neighbors.sq_distances
    for start in range(0, len(P), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        some = neighbors._replace(indices=neighbors.indices[part], sq_distances=P[part])
        P[part] = affinities.conditional_P(some)
    return P


def joint_P_of_ranks(indices: Tensor, conditional_P: Tensor, part: Part) -> JointP:
    """Return the rows of the joint P that a rank has.

    Parameters
    ----------
    indices : Tensor, shape (l, k), int32
        Neighbours of the rows of this rank.
    conditional_P : Tensor, shape (l, k), float32
    part : Part
        The rows of this rank.
    """
    starts = [0, *accumulate(part.sizes)]
    # The kernel of a GPU makes P of all rows at once.
    indices, conditional_P = indices.cpu(), conditional_P.cpu()
    leaving = outgoing_edges(indices, conditional_P, part.first, starts)
    counts = [len(edges.from_rows) for edges in leaving]
    incoming = Edges(*(part.shards.exchange(array, counts)[0] for array in Edges.join(leaving)))
    del leaving
    return JointP(*ops.symmetrize(indices, conditional_P, part.first, part.n, incoming))


def joint_P_of_consumed(indices: Tensor, conditional_P: Tensor) -> JointP:
    """Return what :func:`fasttsne.affinities.joint_P` does, in the memory of its arguments.

    Parameters
    ----------
    indices : Tensor, shape (n, k), int32
        Neighbours of each row. Meaningless afterwards, as is ``conditional_P``.
    conditional_P : Tensor, shape (n, k), float32
    """
    n, k = indices.shape
    if n * k <= MANY_EDGES or indices.device.type != "cpu":
        return joint_P(indices, conditional_P)
    count = min(n, -(-n * k // _EDGES_OF_PART))
    starts = even_bounds(n, count)
    parts = [slice(*ends) for ends in pairwise(starts)]
    incoming: list[list[Edges]] = [[] for _ in parts]
    for part in parts:
        leaving = outgoing_edges(indices[part], conditional_P[part], part.start, starts)
        for edges, waiting in zip(leaving, incoming, strict=True):
            waiting.append(edges)
    lengths, columns, values = [], [], []
    for i, part in enumerate(parts):
        edges, incoming[i] = Edges.join(incoming[i]), []
        rows, P = indices[part], conditional_P[part]
        merged = JointP(*ops.symmetrize(rows, P, part.start, n, edges))
        release(rows)
        release(P)
        lengths.append(merged.indptr.diff())
        columns.append(merged.indices)
        values.append(merged.values)
        del merged  # the lists give their tensors up one by one
    indptr = torch.zeros(n + 1, dtype=torch.int64, device="cpu")
    indptr[1:] = torch.cat(lengths).cumsum(0)
    return JointP(indptr, _join_consuming(columns), _join_consuming(values))


def _join_consuming(parts: list[Tensor]) -> Tensor:
    """Return one tensor of all parts, each of which is deleted as soon as it was copied."""
    out = parts[0].new_empty(sum(map(len, parts)))
    done = 0
    parts.reverse()
    while parts:
        part = parts.pop()
        out[done : done + len(part)] = part
        done += len(part)
    return out
