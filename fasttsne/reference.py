r"""Pure-torch definition of every op: the specification, the oracle of the tests, the fallback.

Each function has the signature of its op (see :mod:`fasttsne.ops`), works in the dtype of its
input and on any device, and says what a kernel must compute, not how. The glossary:

====================  ==========================================================================
``w_ij``              :math:`(1 + \lVert y_i - y_j \rVert^2 / \nu)^{-1}` with :math:`\nu` = dof
``q_ij``              :math:`w_{ij}^{\nu}`, not normalised
``Z``                 :math:`\sum_{i \ne j} q_{ij}`
attractive            :math:`\sum_j P_{ij} w_{ij} (y_i - y_j)`
repulsive             :math:`\sum_j q_{ij} w_{ij} (y_i - y_j)`
gradient              4 (exaggeration attractive - repulsive / Z)
====================  ==========================================================================

Van der Maaten and Hinton (2008) for dof = 1; Kobak et al. (2019) for any other. An infinite dof is
SNE's Gaussian (Hinton and Roweis 2002): w = 1, q = exp(-d^2).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_PAIRS_AT_ONCE = 1 << 24
"""Elements of the largest temporary: bounds the memory of the blocked sums."""


def _row_blocks(rows: int, columns: int) -> list[slice]:
    step = max(1, _PAIRS_AT_ONCE // max(1, columns))
    return [slice(begin, min(begin + step, rows)) for begin in range(0, rows, step)]


# --- neighbours ----------------------------------------------------------------------------------


def pairwise_sq_distances(X: Tensor, Z: Tensor) -> Tensor:
    """Sum of squared differences of all rows of ``X`` (n, d) and ``Z`` (l, d): (n, l)."""
    out = X.new_empty(X.shape[0], Z.shape[0])
    for rows in _row_blocks(X.shape[0], Z.numel()):
        out[rows] = (X[rows, None] - Z).square().sum(2)
    return out


def encode_candidates(sq_distances: Tensor, indices: Tensor) -> Tensor:
    """Keys that order as (distance, index): the bits of the float32 distance above the index."""
    return (sq_distances.float().contiguous().view(torch.int32).long() << 32) | indices


def decode_candidates(keys: Tensor) -> tuple[Tensor, Tensor]:
    """Squared distances (float32) and indices (int64) of keys."""
    return (keys >> 32).int().view(torch.float32), keys & 0xFFFFFFFF


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
    """Offer every pair of rows of each tile to the candidates of both rows."""
    begin = blocks.tolist()
    infinity = X.new_full((1,), math.inf)

    def offer(rows: slice, columns: slice, sq: Tensor) -> None:
        number = torch.arange(columns.start, columns.stop, device=X.device).expand_as(sq)
        have = torch.arange(keys.shape[1], device=X.device) < count[rows, None]
        none = encode_candidates(infinity, torch.zeros_like(keys[:1, 0]))
        old = torch.where(have, keys[rows], none)
        new = torch.cat([old, encode_candidates(sq, number)], 1)
        best = new.topk(min(keep, new.shape[1]), 1, largest=False).values
        finite = decode_candidates(best)[0] < math.inf
        keys[rows, : best.shape[1]] = best
        count[rows] = finite.sum(1).int()
        full = count[rows] == keep
        last = decode_candidates(best)[0][:, -1].to(bound.dtype)
        bound[rows] = torch.where(full, last, infinity.to(bound.dtype))

    for a, b in tiles.tolist():
        rows, columns = slice(begin[a], begin[a + 1]), slice(begin[b], begin[b + 1])
        # In float64, whose products no autocast and no TF32 rounds.
        inner = (X[rows].double() @ X[columns].double().T).to(X.dtype)
        sq = sq_norms[rows, None] + sq_norms[columns] - 2 * inner
        sq = sq.clamp_(min=0)
        if a == b:
            sq.fill_diagonal_(math.inf)
        offer(rows, columns, sq)
        if a != b:
            offer(columns, rows, sq.T)


def knn_rerank(
    X: Tensor, keys: Tensor, count: Tensor, bound: Tensor, keep: int, k: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Sort each row's candidates by exact squared distance and keep the k nearest."""
    have = torch.arange(keys.shape[1], device=X.device) < count[:, None]
    index = torch.where(have, decode_candidates(keys)[1], 0)
    sq = torch.empty(index.shape, dtype=X.dtype, device=X.device)
    for rows in _row_blocks(index.shape[0], index.shape[1] * X.shape[1]):
        sq[rows] = (X[rows, None] - X[index[rows]]).square().sum(2)
    sq = torch.where(have, sq, math.inf)
    # By index first, so that the stable sort by distance breaks ties by index.
    index, by_index = index.sort(1)
    sq, order = sq.gather(1, by_index).sort(dim=1, stable=True)
    return index.gather(1, order)[:, :k].int(), sq[:, :k].contiguous(), bound.clone()


def knn(X: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Indices (n, k) and squared distances of the k nearest other rows, nearest first."""
    indices, sq_distances = [], []
    for rows in _row_blocks(X.shape[0], X.numel()):
        sq = pairwise_sq_distances(X[rows], X)
        sq[:, rows].fill_diagonal_(math.inf)
        best = sq.topk(k, 1, largest=False, sorted=True)
        indices.append(best.indices.int())
        sq_distances.append(best.values)
    return torch.cat(indices), torch.cat(sq_distances)


# --- affinities ----------------------------------------------------------------------------------


def perplexity_search(sq_distances: Tensor, perplexity: float) -> tuple[Tensor, Tensor]:
    r"""Bisect for the beta at which each row's :math:`e^{-\beta d}` has the given perplexity."""
    shifted = (sq_distances - sq_distances.min(1, keepdim=True).values).double()
    scale = shifted.mean(1, keepdim=True)
    x = shifted / torch.where(scale > 0, scale, 1)
    target = math.log(perplexity)
    low = torch.full_like(scale, math.log(1e-12))
    high = torch.full_like(scale, math.log(1e12))
    for _ in range(100):
        log_beta = (low + high) / 2
        e = torch.exp(-x * log_beta.exp())
        total = e.sum(1, keepdim=True)
        entropy = total.log() + log_beta.exp() * (e * x).sum(1, keepdim=True) / total
        low = torch.where(entropy > target, log_beta, low)
        high = torch.where(entropy > target, high, log_beta)
    beta = ((low + high) / 2).exp()
    e = torch.exp(-x * beta)
    conditional = e / e.sum(1, keepdim=True)
    beta = torch.where(scale > 0, beta / scale, 0)
    return beta[:, 0].to(sq_distances.dtype), conditional.to(sq_distances.dtype)


def symmetrize(indices: Tensor, conditional_P: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r"""CSR of :math:`P_{ij} = (p_{j|i} + p_{i|j}) / 2n`: indptr, indices, values."""
    n, k = indices.shape
    row = torch.arange(n, device=indices.device).repeat_interleave(k)
    column = indices.reshape(-1).long()
    cell = torch.cat([row * n + column, column * n + row])
    cell, inverse = torch.unique(cell, return_inverse=True)
    p = conditional_P.reshape(-1).repeat(2)
    values = torch.zeros(cell.numel(), dtype=p.dtype, device=p.device)
    values.index_add_(0, inverse, p / (2 * n))
    lengths = torch.bincount(cell // n, minlength=n)
    indptr = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
    return indptr, (cell % n).int(), values


# --- forces --------------------------------------------------------------------------------------


def _rows_of(indptr: Tensor) -> Tensor:
    lengths = indptr.diff()
    return torch.repeat_interleave(torch.arange(lengths.numel(), device=indptr.device), lengths)


def _cost(sq: Tensor, dof: float) -> Tensor:
    """Minus ln q at these squared distances."""
    return sq if dof == math.inf else dof * torch.log1p(sq / dof)


def attractive_forces(
    indptr: Tensor, indices: Tensor, values: Tensor, Y: Tensor, dof: float, with_cost: bool
) -> tuple[Tensor, Tensor]:
    r"""Attractive forces (n, m) and the cost :math:`-\sum P_{ij} \ln q_{ij}` (0 without it)."""
    row = _rows_of(indptr)
    difference = Y[row] - Y[indices.long()]
    sq = difference.square().sum(1)
    pull = values / (1 + sq / dof)
    forces = torch.zeros_like(Y).index_add_(0, row, pull[:, None] * difference)
    cost = torch.zeros((), dtype=torch.float64, device=Y.device)
    if with_cost:
        cost = (values * _cost(sq, dof)).sum(dtype=torch.float64)
    return forces, cost


def repulsive_exact(Y: Tensor, dof: float) -> tuple[Tensor, Tensor]:
    """Repulsive forces (n, m), not divided by Z, and Z: the whole sum over pairs."""
    forces = torch.empty_like(Y)
    Z = torch.zeros((), dtype=torch.float64, device=Y.device)
    for rows in _row_blocks(Y.shape[0], Y.numel()):
        difference = Y[rows, None] - Y
        sq = difference.square().sum(2)
        w = 1 / (1 + sq / dof)
        q = torch.exp(-_cost(sq, dof))
        q[:, rows].fill_diagonal_(0)  # i = j
        forces[rows] = ((q * w)[..., None] * difference).sum(1)
        Z += q.sum(dtype=torch.float64)
    return forces, Z


def repulsive_bh(Y: Tensor, theta: float, dof: float) -> tuple[Tensor, Tensor]:
    """Specify Barnes-Hut by its limit theta = 0, the whole sum; theta is the kernel's licence."""
    return repulsive_exact(Y, dof)


def repulsive_sne(Y: Tensor, conditional: bool) -> tuple[Tensor, Tensor]:
    r"""Repulsive forces of SNE (n, m), divided by Z, and ln Z, or the mean of ln Z_i.

    :math:`\sum_j Q_{ij} (y_i - y_j)` with :math:`Q_{ij} = (q_{j|i} + q_{i|j}) / 2n` for the
    conditional :math:`q_{j|i} = e^{-d_{ij}^2} / Z_i`, or :math:`Q_{ij} = e^{-d_{ij}^2} / Z`.
    """
    n = Y.shape[0]
    blocks = _row_blocks(n, Y.numel())

    def minus_sq(rows: slice) -> tuple[Tensor, Tensor]:
        difference = Y[rows, None] - Y
        sq = difference.square().sum(2)
        sq[:, rows].fill_diagonal_(math.inf)  # i = j
        return difference, -sq

    log_Z_rows = torch.cat([minus_sq(rows)[1].logsumexp(1) for rows in blocks])
    log_Z = log_Z_rows.mean() if conditional else log_Z_rows.logsumexp(0)
    forces = torch.empty_like(Y)
    for rows in blocks:
        difference, log_q = minus_sq(rows)
        if conditional:
            given_i, given_j = log_q - log_Z_rows[rows, None], log_q - log_Z_rows
            Q = (given_i.exp() + given_j.exp()) / (2 * n)
        else:
            Q = (log_q - log_Z).exp()
        forces[rows] = (Q[..., None] * difference).sum(1)
    return forces, log_Z.double()


# --- particle mesh -------------------------------------------------------------------------------


def mesh_windows(Y: Tensor, shape: tuple[int, ...], origin: Tensor, step: float) -> tuple:
    """Cubic B-spline of each point on the grid.

    Returns first node (n, m), weights (n, m, 4) and slopes (n, m, 4), in units of 1 / step.
    """
    last = torch.tensor(shape, device=Y.device, dtype=Y.dtype) - 3
    u = torch.minimum(((Y - origin.to(Y.dtype)) / step).clamp(min=1), last + 1)
    cell = torch.minimum(u, last).floor()
    t = u - cell
    s = 1 - t
    weights = torch.stack([s**3, 3 * t**3 - 6 * t**2 + 4, 3 * s**3 - 6 * s**2 + 4, t**3], 2).div(6)
    slopes = torch.stack([-(s**2) / 2, 1.5 * t**2 - 2 * t, 2 * s - 1.5 * s**2, t**2 / 2], 2)
    return cell.long() - 1, weights, slopes


def _touched_nodes(first: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Flat node numbers (n, 4**m) that the points with these first nodes touch."""
    node = first.new_zeros(first.shape[0], 1)
    for axis, size in enumerate(shape):
        along = first[:, axis, None] + torch.arange(4, device=first.device)
        node = (node[:, :, None] * size + along[:, None]).flatten(1)
    return node


def _products(factors: list[Tensor]) -> Tensor:
    """Outer product over axes of (n, 4) factors: (n, 4**m)."""
    out = factors[0]
    for factor in factors[1:]:
        out = (out[:, :, None] * factor[:, None]).flatten(1)
    return out


def mesh_spread_(Y: Tensor, grid: Tensor, origin: Tensor, step: float) -> None:
    """Overwrite ``grid`` with a unit charge at every point, spread by the window."""
    first, weights, _ = mesh_windows(Y, tuple(grid.shape), origin, step)
    grid.zero_()
    grid.view(-1).index_add_(
        0,
        _touched_nodes(first, tuple(grid.shape)).flatten(),
        _products(list(weights.unbind(1))).flatten().to(grid.dtype),
    )


def mesh_gather(
    Y: Tensor, potential: Tensor, origin: Tensor, step: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Forces (n, m), minus half the gradient of the potential, its values (n,) and their sum."""
    first, weights, slopes = mesh_windows(Y, tuple(potential.shape), origin, step)
    values = potential.reshape(-1)[_touched_nodes(first, tuple(potential.shape))]
    forces = torch.empty_like(Y)
    for axis in range(Y.shape[1]):
        factors = list(weights.unbind(1))
        factors[axis] = slopes[:, axis]
        forces[:, axis] = (values * _products(factors)).sum(1) * (-0.5 / step)
    values = (values * _products(list(weights.unbind(1)))).sum(1)
    return forces, values, values.sum(dtype=torch.float64)


# --- optimiser -----------------------------------------------------------------------------------


def update_embedding_(
    Y: Tensor,
    velocity: Tensor,
    gains: Tensor,
    attractive: Tensor,
    repulsive: Tensor,
    Z: Tensor,
    exaggeration: float,
    learning_rate: float,
    momentum: float,
    max_step: float,
) -> Tensor:
    """One step of descent in place.

    Returns the gradient's squared norm, the lowest (m) and the highest (m) coordinates, as float64.
    """
    gradient = 4 * (exaggeration * attractive - repulsive / Z.to(Y.dtype))
    downhill = velocity * gradient < 0
    gains.copy_(torch.where(downhill, gains + 0.2, (gains * 0.8).clamp(min=0.01)))
    velocity.mul_(momentum).sub_(learning_rate * gains * gradient)
    length = velocity.norm(dim=1, keepdim=True)
    velocity.mul_(torch.where(length > max_step, max_step / length, 1))
    Y.add_(velocity)
    Y.sub_(Y.mean(0))
    return torch.cat([gradient.square().sum()[None], Y.amin(0), Y.amax(0)]).double()
