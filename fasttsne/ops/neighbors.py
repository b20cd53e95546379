"""Wrappers of the ops that find nearest neighbours by squared Euclidean distance."""

from __future__ import annotations

import torch
from torch import Tensor

from .checks import check_contiguous, check_integer, check_matrix, check_tensor
from .table import torch_ops


def pairwise_sq_distances(X: Tensor, Z: Tensor | None = None) -> Tensor:
    """Compute all squared Euclidean distances between the rows of two matrices.

    Each is a sum of squared differences, which does not suffer from cancellation as
    ``|x|^2 + |z|^2 - 2 x.z`` does.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
    Z : Tensor, shape (l, d), float32, optional
        Defaults to ``X``.

    Returns
    -------
    Tensor, shape (n, l), float32
    """
    Z = X if Z is None else Z
    check_matrix("X", X)
    check_matrix("Z", Z, X.shape[1])
    return torch_ops.pairwise_sq_distances.default(X.contiguous(), Z.contiguous())


def knn_scan_(
    X: Tensor,
    sq_norms: Tensor,
    keys: Tensor,
    count: Tensor,
    bound: Tensor,
    keep: int,
    blocks: Tensor,
    tiles: Tensor,
) -> None:
    """Scan tiles of the distance matrix: add each pair of rows to both rows' candidate lists.

    A tile is a pair of blocks of rows. Its squared distances are ``|x|^2 + |z|^2 - 2 x.z``, so that
    a tile is one matrix product. The rounding error grows with the norms: centre X to keep it
    small. :func:`knn_rerank` computes the distances of the candidates again, by differences.
    All tensors must be contiguous.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
    sq_norms : Tensor, shape (n,), float32
        Squared norms of the rows.
    keys : Tensor, shape (n, capacity), int64
        Candidate list of each row, changed in place. A key holds the bits of the squared distance
        as float32 in its upper half and the index in its lower half.
    count : Tensor, shape (n,), int32
        Number of candidates in each list, changed in place; start with 0.
    bound : Tensor, shape (n,), float32
        Upper bound of each row, changed in place: only candidates with a smaller squared distance
        are added. Start with infinity.
    keep : int
        Number of nearest candidates that no list loses; less than capacity. A full list is cut to
        these, and its bound becomes the largest of their squared distances.
    blocks : Tensor, shape (b + 1,), int64, on the CPU
        Block i is the half-open range of rows ``blocks[i]`` to ``blocks[i + 1]``.
    tiles : Tensor, shape (t, 2), int64, on the CPU
        Pairs of blocks. A block must not be part of two tiles, because tiles run in parallel.
    """
    check_matrix("X", X)
    n = X.shape[0]
    check_tensor("sq_norms", sq_norms, torch.float32, (n,))
    check_tensor("keys", keys, torch.int64, (n, None))
    check_tensor("count", count, torch.int32, (n,))
    check_tensor("bound", bound, torch.float32, (n,))
    check_tensor("blocks", blocks, torch.int64, (None,))
    check_tensor("tiles", tiles, torch.int64, (None, 2))
    check_integer("keep", keep)
    if not 0 < keep < keys.shape[1]:
        raise ValueError(f"keep must be in 1 .. capacity - 1 = {keys.shape[1] - 1}, got {keep}")
    check_contiguous(X=X, sq_norms=sq_norms, keys=keys, count=count, bound=bound)
    check_contiguous(blocks=blocks, tiles=tiles)
    torch_ops.knn_scan_.default(X, sq_norms, keys, count, bound, keep, blocks, tiles)


def knn_rerank(
    X: Tensor, keys: Tensor, count: Tensor, bound: Tensor, keep: int, k: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the distances of candidates by differences and return the k nearest of each row.

    All tensors must be contiguous.

    Parameters
    ----------
    X, keys, count, bound, keep
        As :func:`knn_scan_` left them. ``keys``, ``count`` and ``bound`` may be those of the first
        l <= n rows of X alone.
    k : int
        Number of neighbours; at most ``keep``.

    Returns
    -------
    indices : Tensor, shape (l, k), int32
    sq_distances : Tensor, shape (l, k), float32
        Ascending along each row. Ties are in the order of their indices.
    unmeasured : Tensor, shape (l,), float32
        Lower bound on the squared distance, as :func:`knn_scan_` computed it, of every scanned row
        that was not measured again.
    """
    check_matrix("X", X)
    check_tensor("keys", keys, torch.int64, (None, None))
    rows = keys.shape[0]
    if rows > X.shape[0]:
        raise ValueError(f"keys must have {X.shape[0]} rows, as X, or fewer, got {rows}")
    check_tensor("count", count, torch.int32, (rows,))
    check_tensor("bound", bound, torch.float32, (rows,))
    check_integer("keep", keep)
    check_integer("k", k)
    if not 0 < k <= keep:
        raise ValueError(f"k must be in 1 .. keep = {keep}, got {k}")
    check_contiguous(X=X, keys=keys, count=count, bound=bound)
    return torch_ops.knn_rerank.default(X, keys, count, bound, keep, k)


def knn_cells(
    X: Tensor,
    lead: Tensor,
    sq_norms: Tensor,
    cells: Tensor,
    ranges: Tensor,
    probe_starts: Tensor,
    probes: Tensor,
    keep: int,
    k: int,
) -> tuple[Tensor, Tensor]:
    """Find the k nearest other rows of ranges of rows, among the rows of some cells for each range.

    Rows are compared by ``lead`` first, for instance by their leading principal components, with
    squared distances ``|x|^2 + |z|^2 - 2 x.z``. The ``keep`` nearest of each row are then measured
    by ``X``, as sums of squared differences; of rows equally near by ``lead``, any may be kept. All
    tensors must be contiguous, and on the CPU except for the first three. On a GPU this is the
    reference, which our own search does not use there.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
        Sorted by cell.
    lead : Tensor, shape (n, m), float32
    sq_norms : Tensor, shape (n,), float32
        Squared norms of the rows of ``lead``.
    cells : Tensor, shape (c + 1,), int64
        Cell i is the half-open range of rows ``cells[i]`` to ``cells[i + 1]``.
    ranges : Tensor, shape (r, 2), int64
        Half-open ranges of the rows whose neighbours are wanted.
    probe_starts : Tensor, shape (r + 1,), int64
        Range i is compared with the cells ``probes[probe_starts[i]:probe_starts[i + 1]]``, which
        must hold more than k rows.
    probes : Tensor, shape (p,), int64
        Numbers of cells, for each range different ones. The search is fastest with the nearest
        first.
    keep : int
        Number of nearest rows by ``lead`` that are measured by ``X``; k or more.
    k : int
        Number of neighbours.

    Returns
    -------
    indices : Tensor, shape (l, k), int32
        Of the l rows of all ranges, one range after the other.
    sq_distances : Tensor, shape (l, k), float32
        By ``X``, ascending along each row. Ties are in the order of their indices.
    """
    check_matrix("X", X)
    check_matrix("lead", lead)
    n = X.shape[0]
    if lead.shape[0] != n:
        raise ValueError(f"lead must have {n} rows, as X, got {lead.shape[0]}")
    check_tensor("sq_norms", sq_norms, torch.float32, (n,))
    check_tensor("cells", cells, torch.int64, (None,))
    check_tensor("ranges", ranges, torch.int64, (None, 2))
    check_tensor("probe_starts", probe_starts, torch.int64, (ranges.shape[0] + 1,))
    check_tensor("probes", probes, torch.int64, (None,))
    check_integer("keep", keep)
    check_integer("k", k)
    if not 0 < k <= keep:
        raise ValueError(f"k must be in 1 .. keep = {keep}, got {k}")
    check_contiguous(X=X, lead=lead, sq_norms=sq_norms)
    check_contiguous(cells=cells, ranges=ranges, probe_starts=probe_starts, probes=probes)
    return torch_ops.knn_cells.default(
        X, lead, sq_norms, cells, ranges, probe_starts, probes, keep, k
    )
