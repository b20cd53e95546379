r"""Pure-torch definition of every op: specification, expected value in tests, and fallback.

Each function has the signature of its op (see :mod:`fasttsne.ops`) and works in the dtype of its
input, on any device. It defines what a kernel must compute, but not how. The symbols are:

====================  ==========================================================================
``w_ij``              :math:`(1 + \lVert y_i - y_j \rVert^2 / \nu)^{-1}` with :math:`\nu` = dof
``q_ij``              :math:`w_{ij}^{\nu}`, not normalised
``Z``                 :math:`\sum_{i \ne j} q_{ij}`
attractive            :math:`\sum_j P_{ij} w_{ij} (y_i - y_j)`
repulsive             :math:`\sum_j q_{ij} w_{ij} (y_i - y_j)`
gradient              4 (exaggeration attractive - repulsive / Z)
====================  ==========================================================================

dof = 1 is the t-SNE of van der Maaten and Hinton (2008), other values are those of Kobak et al.
(2019). An infinite dof is the Gaussian of SNE (Hinton and Roweis 2002): w = 1, q = exp(-d^2).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_MAX_TEMPORARY = 1 << 24
"""Elements of the largest temporary tensor: sums over pairs of rows are taken in blocks of rows."""


def _row_blocks(rows: int, elements_per_row: int) -> list[slice]:
    step = max(1, _MAX_TEMPORARY // max(1, elements_per_row))
    return [slice(begin, min(begin + step, rows)) for begin in range(0, rows, step)]


# --- neighbours ----------------------------------------------------------------------------------


def pairwise_sq_distances(X: Tensor, Z: Tensor) -> Tensor:
    """Sum the squared differences of all rows of ``X`` (n, d) and ``Z`` (l, d): (n, l)."""
    out = X.new_empty(X.shape[0], Z.shape[0])
    for rows in _row_blocks(X.shape[0], Z.numel()):
        out[rows] = (X[rows, None] - Z).square().sum(2)
    return out


def encode_candidates(sq_distances: Tensor, indices: Tensor) -> Tensor:
    """Pack distances and indices into int64 keys that order by distance, then by index.

    The upper half holds the bits of the float32 distance, which order as distances >= 0 do.
    """
    return (sq_distances.float().contiguous().view(torch.int32).long() << 32) | indices


def decode_candidates(keys: Tensor) -> tuple[Tensor, Tensor]:
    """Unpack the squared distances (float32) and indices (int64) of keys."""
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
    """Add every pair of rows of each tile to both rows' lists of their nearest candidates."""
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
        # In float64, because autocast and TF32 change the rounding of float32 products.
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
    """Sort each row's candidates by their squared distance, from differences; return the k nearest.

    Returns indices (l, k), squared distances (l, k) and ``bound``, below which no row was dropped.
    """
    have = torch.arange(keys.shape[1], device=X.device) < count[:, None]
    index = torch.where(have, decode_candidates(keys)[1], 0)
    sq = torch.empty(index.shape, dtype=X.dtype, device=X.device)
    for rows in _row_blocks(index.shape[0], index.shape[1] * X.shape[1]):
        sq[rows] = (X[rows, None] - X[index[rows]]).square().sum(2)
    sq = torch.where(have, sq, math.inf)
    # Sort by index first: the stable sort by distance then leaves ties in the order of indices.
    index, by_index = index.sort(1)
    sq, order = sq.gather(1, by_index).sort(dim=1, stable=True)
    return index.gather(1, order)[:, :k].int(), sq[:, :k].contiguous(), bound.clone()


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
    """Find the k nearest other rows of each row of some ranges among the rows of some cells.

    Of the ``keep`` nearest by ``lead`` those k that are nearest by ``X``: indices and squared
    distances (rows, k), ascending.
    """
    n = X.shape[0]
    if lead.shape[0] != n or sq_norms.shape != (n,):
        raise RuntimeError(f"lead and sq_norms must have {n} rows, as X")
    if not 0 < k <= keep:
        raise RuntimeError(f"k must be in 1 .. keep = {keep}, got {k}")
    begin, starts = cells.tolist(), probe_starts.tolist()
    _check_rising("cells", begin, n)
    _check_rising("probe_starts", starts, len(probes))
    indices, sq_distances = [], []
    for r, (first, end) in enumerate(ranges.tolist()):
        _check_rising("ranges", [first, end], n)
        probed = probes[starts[r] : starts[r + 1]].tolist()
        if not all(0 <= c < len(begin) - 1 for c in probed) or len({*probed}) < len(probed):
            raise RuntimeError(f"probes must hold different cells for range {r}, got {probed}")
        cells_of_range = [torch.arange(begin[c], begin[c + 1], device=X.device) for c in probed]
        others = torch.cat([torch.arange(0, device=X.device), *cells_of_range])
        if len(others) <= k:
            raise RuntimeError(
                f"the cells that a range probes must hold more than k = {k} rows, but those of "
                f"range {r} hold {len(others)}"
            )
        wanted = min(keep, len(others))
        for part in _row_blocks(end - first, max(len(others), wanted * X.shape[1])):
            rows = torch.arange(first + part.start, first + part.stop, device=X.device)
            is_itself = rows[:, None] == others
            # In float64, because autocast and TF32 change the rounding of float32 products.
            inner = (lead[rows].double() @ lead[others].double().T).to(X.dtype)
            sq = (sq_norms[rows, None] + sq_norms[others] - 2 * inner).clamp_(min=0)
            keys = encode_candidates(sq.masked_fill_(is_itself, math.inf), others)
            nearest = decode_candidates(keys.topk(wanted, 1, largest=False).values)[1]
            # Sorted by index first: the stable sort by distance leaves ties in that order.
            nearest = nearest.sort(1).values
            sq = (X[rows, None] - X[nearest]).square().sum(2)
            sq = sq.masked_fill_(nearest == rows[:, None], math.inf)
            sq, order = sq.sort(dim=1, stable=True)
            indices.append(nearest.gather(1, order)[:, :k].int())
            sq_distances.append(sq[:, :k])
    none = X.new_empty(0, k)
    return torch.cat([none.int(), *indices]), torch.cat([none, *sq_distances])


def _check_rising(name: str, numbers: list[int], most: int) -> None:
    """Raise RuntimeError unless 0 <= numbers[0] <= numbers[1] <= ... <= most."""
    if [0, *numbers, most] != sorted([0, *numbers, most]):
        raise RuntimeError(f"{name} must hold rising numbers in 0 .. {most}")


def knn(X: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Find the k nearest other rows of each row, ascending: indices and squared distances (n, k).

    This is what the ops ``knn_scan_`` and ``knn_rerank`` compute together.
    """
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
    r"""Find by bisection the beta at which :math:`p_j \propto e^{-\beta d_j}` has the perplexity.

    d_j are the squared distances of a row. Returns beta (n,) and p (n, k).
    """
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


def symmetrize(
    indices: Tensor,
    conditional_P: Tensor,
    first: int = 0,
    n: int | None = None,
    from_rows: Tensor | None = None,
    to_rows: Tensor | None = None,
    from_P: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Compute :math:`P_{ij} = (p_{j|i} + p_{i|j}) / 2n` in CSR form: indptr, indices, values.

    Of the l rows from ``first`` on; the edges from other rows to these are given one by one.
    """
    l, k = indices.shape
    n = l if n is None else n
    row = torch.arange(first, first + l, device=indices.device).repeat_interleave(k)
    column = indices.reshape(-1).long()
    p = conditional_P.reshape(-1)
    is_inner = (first <= column) & (column < first + l)
    rows = torch.cat([row, column[is_inner]])
    columns = torch.cat([column, row[is_inner]])
    p = torch.cat([p, p[is_inner]])
    if from_rows is not None and to_rows is not None and from_P is not None:
        rows = torch.cat([rows, to_rows.long()])
        columns = torch.cat([columns, from_rows.long()])
        p = torch.cat([p, from_P.to(p.dtype)])
    cell, inverse = torch.unique((rows - first) * n + columns, return_inverse=True)
    values = torch.zeros(cell.numel(), dtype=p.dtype, device=p.device)
    values.index_add_(0, inverse, p / (2 * n))
    lengths = torch.bincount(cell // n, minlength=l)
    indptr = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
    return indptr, (cell % n).int(), values


# --- forces --------------------------------------------------------------------------------------


def _rows_of(indptr: Tensor) -> Tensor:
    lengths = indptr.diff()
    return torch.repeat_interleave(torch.arange(lengths.numel(), device=indptr.device), lengths)


def _cost(sq: Tensor, dof: float) -> Tensor:
    """Compute -ln q at these squared distances."""
    return sq if dof == math.inf else dof * torch.log1p(sq / dof)


def attractive_forces(
    indptr: Tensor,
    indices: Tensor,
    values: Tensor,
    Y: Tensor,
    dof: float,
    with_cost: bool,
    first: int = 0,
) -> tuple[Tensor, Tensor]:
    r"""Sum the attractive forces (l, m) and the cost :math:`-\sum P_{ij} \ln q_{ij}`, else 0."""
    row = _rows_of(indptr)
    difference = Y[first + row] - Y[indices.long()]
    sq = difference.square().sum(1)
    pull = values / (1 + sq / dof)
    forces = Y.new_zeros(len(indptr) - 1, Y.shape[1])
    forces.index_add_(0, row, pull[:, None] * difference)
    cost = torch.zeros((), dtype=torch.float64, device=Y.device)
    if with_cost:
        cost = (values * _cost(sq, dof)).sum(dtype=torch.float64)
    return forces, cost


def repulsive_exact(Y: Tensor, dof: float) -> tuple[Tensor, Tensor]:
    """Sum the repulsive forces (n, m), not divided by Z, and Z over all pairs."""
    forces = torch.empty_like(Y)
    Z = torch.zeros((), dtype=torch.float64, device=Y.device)
    for rows in _row_blocks(Y.shape[0], Y.numel()):
        difference = Y[rows, None] - Y
        sq = difference.square().sum(2)
        w = 1 / (1 + sq / dof)
        q = torch.exp(-_cost(sq, dof))
        q[:, rows].fill_diagonal_(0)  # leaves out i = j
        forces[rows] = ((q * w)[..., None] * difference).sum(1)
        Z += q.sum(dtype=torch.float64)
    return forces, Z


def repulsive_bh(Y: Tensor, theta: float, dof: float) -> tuple[Tensor, Tensor]:
    """Return :func:`repulsive_exact`, the limit at theta = 0; a kernel may approximate it."""
    return repulsive_exact(Y, dof)


def repulsive_sne(Y: Tensor, conditional: bool) -> tuple[Tensor, Tensor]:
    r"""Sum the repulsive forces of SNE (n, m), divided by Z; also return ln Z or the mean ln Z_i.

    :math:`\sum_j Q_{ij} (y_i - y_j)` with :math:`Q_{ij} = (q_{j|i} + q_{i|j}) / 2n` for the
    conditional :math:`q_{j|i} = e^{-d_{ij}^2} / Z_i`, or :math:`Q_{ij} = e^{-d_{ij}^2} / Z`.
    """
    n = Y.shape[0]
    blocks = _row_blocks(n, Y.numel())

    def minus_sq(rows: slice) -> tuple[Tensor, Tensor]:
        difference = Y[rows, None] - Y
        sq = difference.square().sum(2)
        sq[:, rows].fill_diagonal_(math.inf)  # leaves out i = j
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
    """Evaluate the cubic B-spline of each point at the four nodes around it on each axis.

    Returns the first of these nodes (n, m), the weights (n, m, 4) and the slopes of the weights
    (n, m, 4) per step.
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
    """Flat indices (n, 4**m) of the nodes around points whose first nodes are given."""
    node = first.new_zeros(first.shape[0], 1)
    for axis, size in enumerate(shape):
        along = first[:, axis, None] + torch.arange(4, device=first.device)
        node = (node[:, :, None] * size + along[:, None]).flatten(1)
    return node


def _products(factors: list[Tensor]) -> Tensor:
    """Multiply the (n, 4) factors of all axes as an outer product: (n, 4**m)."""
    out = factors[0]
    for factor in factors[1:]:
        out = (out[:, :, None] * factor[:, None]).flatten(1)
    return out


def mesh_spread_(Y: Tensor, grid: Tensor, origin: Tensor, step: float) -> None:
    """Overwrite ``grid`` with a unit charge at every point, spread by the cubic B-spline."""
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
    """Interpolate a potential at every point.

    Returns forces (n, m), which are minus half the gradient, values (n,) and the sum of the values.
    """
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
    """Take one step of gradient descent with momentum and gains (Jacobs 1988), in place.

    Returns the squared norm of the gradient, then the lowest (m) and the highest (m) coordinates
    after the step, as float64.
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
