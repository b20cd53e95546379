"""The table of ops: for each a schema, a fallback, a fake and a typed wrapper that checks.

Every op is defined here once and for all devices: the pure-torch reference is registered as
``CompositeExplicitAutograd``, and a compiled kernel for CPU or CUDA, where there is one, outranks
it. So callers never branch. What users could get wrong is checked in the wrappers, before the
dispatch, so that kernel and reference refuse the same things.

==============  ===============================================================================
neighbours      :func:`pairwise_sq_distances`, :func:`knn_scan_`, :func:`knn_rerank`
affinities      :func:`perplexity_search`, :func:`symmetrize`
forces          :func:`attractive_forces`, :func:`repulsive_exact`, :func:`repulsive_bh`,
                :func:`repulsive_sne`
particle mesh   :func:`mesh_spread_`, :func:`mesh_gather`
optimiser       :func:`update_embedding_`
==============  ===============================================================================

Ops made of these, as those of ``fasttsne.objective``, are defined by :func:`define`, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload

from .. import reference

_MOST_NODES = 1 << 24
"""Nodes of an axis of a mesh: as many as float32 counts exactly."""
_MOST_NUMBERS = (1 << 31) - 1
"""Rows of data, numbers of a map, nodes of a mesh: as many as int32 numbers."""

_lib = torch.library.Library("fasttsne", "DEF")
_ops = torch.ops.fasttsne


def define(
    schema: str, run: Callable[..., Any], fake: Callable[..., Any], *tags: torch.Tag
) -> OpOverload:
    """Define an op for all devices, and return it.

    ``torch.library.custom_op`` would do the same, but imports the whole compiler at the first call.

    Parameters
    ----------
    schema : str
        Name, arguments and results.
    run : callable
        What it does, on any device; below autograd.
    fake : callable
        Makes results of the right shape and dtype, of any content.
    *tags : torch.Tag
        What a compiler should know of it.
    """
    name = schema.partition("(")[0]
    _lib.define(schema, tags=(torch.Tag.pt2_compliant_tag, *tags))
    _lib.impl(name, run, "CompositeExplicitAutograd")
    torch.library.register_fake(f"fasttsne::{name}", fake, lib=_lib)
    return getattr(_ops, name).default


def differentiate(
    op: OpOverload, backward: Callable[..., Any], setup_context: Callable[..., None]
) -> None:
    """Give an op of :func:`define` its backward pass; see ``torch.library.register_autograd``."""
    torch.library.register_autograd(op, backward, setup_context=setup_context, lib=_lib)


def _define(schema: str, fake: Callable[..., Any]) -> None:
    """Define an op of kernels, which computes no gradients and refuses to end them unsaid."""
    name = schema.partition("(")[0]
    op = define(schema, getattr(reference, name), fake)
    arguments = [argument.name for argument in op._schema.arguments]

    def below_autograd(keys: torch.DispatchKeySet, *args: Any) -> Any:
        if torch.is_grad_enabled():
            for argument, value in zip(arguments, args, strict=False):
                if isinstance(value, Tensor) and value.requires_grad:
                    raise ValueError(
                        f"{argument} requires a gradient, which ops of kernels do not compute: "
                        "detach it, or use fasttsne.nn.TSNELoss or tsne_loss, which do"
                    )
        return op.redispatch(keys & torch._C._after_autograd_keyset, *args)

    _lib.impl(name, below_autograd, "Autograd", with_keyset=True)


def _fake_scalar(like: Tensor) -> Tensor:
    return like.new_empty((), dtype=torch.float64)


def _fake_forces(Y: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(Y), _fake_scalar(Y)


def _fake_symmetrize(indices: Tensor, conditional_P: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    # How many pairs are mutual depends on the data.
    edges = torch.library.get_ctx().new_dynamic_size()
    return (
        indices.new_empty(indices.shape[0] + 1, dtype=torch.int64),
        indices.new_empty(edges),
        conditional_P.new_empty(edges),
    )


_define(
    "pairwise_sq_distances(Tensor X, Tensor Z) -> Tensor",
    lambda X, Z: X.new_empty(X.shape[0], Z.shape[0]),
)
_define(
    "knn_scan_(Tensor X, Tensor sq_norms, Tensor(a!) keys, Tensor(b!) count, Tensor(c!) bound,"
    " int keep, Tensor blocks, Tensor tiles) -> ()",
    lambda *_: None,
)
_define(
    "knn_rerank(Tensor X, Tensor keys, Tensor count, Tensor bound, int keep, int k)"
    " -> (Tensor, Tensor, Tensor)",
    lambda X, keys, count, bound, keep, k: (
        X.new_empty(keys.shape[0], k, dtype=torch.int32),
        X.new_empty(keys.shape[0], k),
        torch.empty_like(bound),
    ),
)
_define(
    "perplexity_search(Tensor sq_distances, float perplexity) -> (Tensor, Tensor)",
    lambda sq, _: (sq.new_empty(sq.shape[0]), torch.empty_like(sq)),
)
_define(
    "symmetrize(Tensor indices, Tensor conditional_P) -> (Tensor, Tensor, Tensor)",
    _fake_symmetrize,
)
_define(
    "attractive_forces(Tensor indptr, Tensor indices, Tensor values, Tensor Y, float dof,"
    " bool with_cost) -> (Tensor, Tensor)",
    lambda indptr, indices, values, Y, dof, with_cost: _fake_forces(Y),
)
_define(
    "repulsive_exact(Tensor Y, float dof) -> (Tensor, Tensor)",
    lambda Y, dof: _fake_forces(Y),
)
_define(
    "repulsive_bh(Tensor Y, float theta, float dof) -> (Tensor, Tensor)",
    lambda Y, theta, dof: _fake_forces(Y),
)
_define(
    "repulsive_sne(Tensor Y, bool conditional) -> (Tensor, Tensor)",
    lambda Y, conditional: _fake_forces(Y),
)
_define(
    "mesh_spread_(Tensor Y, Tensor(a!) grid, Tensor origin, float step) -> ()",
    lambda *_: None,
)
_define(
    "mesh_gather(Tensor Y, Tensor potential, Tensor origin, float step)"
    " -> (Tensor, Tensor, Tensor)",
    lambda Y, potential, origin, step: (
        torch.empty_like(Y),
        Y.new_empty(Y.shape[0]),
        _fake_scalar(Y),
    ),
)
_define(
    "update_embedding_(Tensor(a!) Y, Tensor(b!) velocity, Tensor(c!) gains, Tensor attractive,"
    " Tensor repulsive, Tensor Z, float exaggeration, float learning_rate, float momentum,"
    " float max_step) -> Tensor",
    lambda Y, *_: Y.new_empty(1 + 2 * Y.shape[1], dtype=torch.float64),
)


def _check(name: str, t: Tensor, dtype: torch.dtype, shape: tuple[int | None, ...]) -> None:
    """Raise if a tensor differs from a dtype and a shape, where None is any length.

    Also if no kernel runs where it is.
    """
    if not isinstance(t, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(t).__name__}")
    if t.is_cuda and not torch.compiler.is_compiling():
        _library.require_kernels(t.device)
    if t.layout != torch.strided:
        raise TypeError(f"{name} must be a dense tensor, got {t.layout}")
    if t.dtype != dtype:
        raise TypeError(f"{name} must be {dtype}, got {t.dtype}")
    fits = t.dim() == len(shape) and all(
        want in (None, got) for want, got in zip(shape, t.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise ValueError(f"{name} must have shape ({wanted}), got {tuple(t.shape)}")


def _check_rows(name: str, t: Tensor, columns: int | None = None) -> None:
    """Raise if a tensor is not a matrix of float32 with a column or more, or has too many rows.

    One that repeats a row (``expand``) may have more rows than memory holds.
    """
    _check(name, t, torch.float32, (None, columns))
    if t.shape[1] < 1:
        raise ValueError(f"{name} must have 1 column or more, got shape {tuple(t.shape)}")
    if t.shape[0] > _MOST_NUMBERS:
        raise ValueError(f"{name} must have 2^31 - 1 rows or fewer, got {t.shape[0]:,}")


def _check_number(name: str, value: float) -> None:
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")


def _check_integer(name: str, value: int) -> None:
    if not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {type(value).__name__}")


def _check_positive(name: str, value: float) -> None:
    _check_number(name, value)
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{name} must be a positive number, got {value}")


def _check_dof(dof: float) -> None:
    _check_number("dof", dof)
    if not dof > 0:
        raise ValueError(f"dof must be a positive number or infinity, got {dof}")


def _check_embedding(Y: Tensor, most_dims: int | None = None) -> None:
    _check("Y", Y, torch.float32, (None, None))
    if Y.shape[1] < 1 or (most_dims and Y.shape[1] > most_dims):
        wanted = f"1 to {most_dims}" if most_dims else "1 or more"
        raise ValueError(f"Y must have {wanted} columns, got {Y.shape[1]}")
    if Y.numel() > _MOST_NUMBERS:
        raise ValueError(f"Y must have 2^31 - 1 numbers or fewer, got {Y.numel():,}")


def pairwise_sq_distances(X: Tensor, Z: Tensor | None = None) -> Tensor:
    """Compute all squared Euclidean distances, by differences and so without cancellation.

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
    _check_rows("X", X)
    _check_rows("Z", Z, X.shape[1])
    return _ops.pairwise_sq_distances.default(X.contiguous(), Z.contiguous())


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
    """Offer all pairs of rows in some tiles of the distance matrix to both rows' candidates.

    Distances come from inner products, so that a tile is a matrix product; centre X to keep their
    error small. :func:`knn_rerank` measures what is kept again.

    Parameters
    ----------
    X : Tensor, shape (n, d), float32
    sq_norms : Tensor, shape (n,), float32
        Squared norms of the rows.
    keys : Tensor, shape (n, capacity), int64
        Candidates, changed in place: bits of the squared distance, then the index.
    count : Tensor, shape (n,), int32
        Candidates in use, changed in place; zero at first.
    bound : Tensor, shape (n,), float32
        What a new candidate must be below, changed in place; infinity at first.
    keep : int
        Candidates of a row that are certain to survive, below capacity.
    blocks : Tensor, shape (b + 1,), int64, on the CPU
        Block i is rows ``blocks[i]`` to ``blocks[i + 1]``.
    tiles : Tensor, shape (t, 2), int64, on the CPU
        Pairs of blocks. No block may stand in two of them: the tiles run at the same time.
    """
    _check_rows("X", X)
    n = X.shape[0]
    _check("sq_norms", sq_norms, torch.float32, (n,))
    _check("keys", keys, torch.int64, (n, None))
    _check("count", count, torch.int32, (n,))
    _check("bound", bound, torch.float32, (n,))
    _check("blocks", blocks, torch.int64, (None,))
    _check("tiles", tiles, torch.int64, (None, 2))
    _check_integer("keep", keep)
    if not 0 < keep < keys.shape[1]:
        raise ValueError(f"keep must be in 1 .. capacity - 1 = {keys.shape[1] - 1}, got {keep}")
    _ops.knn_scan_.default(X, sq_norms, keys, count, bound, keep, blocks, tiles)


def knn_rerank(
    X: Tensor, keys: Tensor, count: Tensor, bound: Tensor, keep: int, k: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Measure candidates by exact differences and return the k nearest of each row, sorted.

    Parameters
    ----------
    X, keys, count, bound, keep
        As :func:`knn_scan_` left them; or those of the first rows of X alone, l <= n of them.
    k : int
        At most ``keep``.

    Returns
    -------
    indices : Tensor, shape (l, k), int32
    sq_distances : Tensor, shape (l, k), float32
        Rising along a row; equal distances stand in the order of their indices.
    unmeasured : Tensor, shape (l,), float32
        No row that was offered but not measured was nearer, by the tiles' distance.
    """
    _check_rows("X", X)
    _check("keys", keys, torch.int64, (None, None))
    rows = keys.shape[0]
    if rows > X.shape[0]:
        raise ValueError(f"keys must have {X.shape[0]} rows, as X, or fewer, got {rows}")
    _check("count", count, torch.int32, (rows,))
    _check("bound", bound, torch.float32, (rows,))
    _check_integer("keep", keep)
    _check_integer("k", k)
    if not 0 < k <= keep:
        raise ValueError(f"k must be in 1 .. keep = {keep}, got {k}")
    return _ops.knn_rerank.default(X, keys, count, bound, keep, k)


def perplexity_search(sq_distances: Tensor, perplexity: float) -> tuple[Tensor, Tensor]:
    """Find for each row the beta whose conditional distribution has the given perplexity.

    Rows that cannot reach it (more equal nearest distances than the perplexity) get the nearest
    they can, which is finite.

    Parameters
    ----------
    sq_distances : Tensor, shape (n, k), float32
        Squared distances of a row to its neighbours, in any order.
    perplexity : float
        2 to the power of the entropy in bits; at most k.

    Returns
    -------
    beta : Tensor, shape (n,), float32
        1 / (2 sigma^2).
    conditional_P : Tensor, shape (n, k), float32
        p_{j|i}; each row sums to 1.
    """
    _check_rows("sq_distances", sq_distances)
    _check_number("perplexity", perplexity)
    if not 1 <= perplexity <= sq_distances.shape[1]:
        raise ValueError(
            f"perplexity must be in 1 .. k = {sq_distances.shape[1]} (the number of neighbours), "
            f"got {perplexity}"
        )
    return _ops.perplexity_search.default(sq_distances.contiguous(), float(perplexity))


def symmetrize(indices: Tensor, conditional_P: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Make the joint P_ij = (p_{j|i} + p_{i|j}) / 2n in compressed sparse rows.

    Parameters
    ----------
    indices : Tensor, shape (n, k), int32
        Distinct neighbours of each row.
    conditional_P : Tensor, shape (n, k), float32

    Returns
    -------
    indptr : Tensor, shape (n + 1,), int64
    indices : Tensor, shape (edges,), int32
        Columns, rising in each row.
    values : Tensor, shape (edges,), float32
        Symmetric to the last bit; sums to 1.
    """
    _check("indices", indices, torch.int32, (None, None))
    _check_rows("conditional_P", conditional_P)
    _check("conditional_P", conditional_P, torch.float32, tuple(indices.shape))
    return _ops.symmetrize.default(indices.contiguous(), conditional_P.contiguous())


def attractive_forces(
    indptr: Tensor,
    indices: Tensor,
    values: Tensor,
    Y: Tensor,
    dof: float = 1.0,
    with_cost: bool = False,
) -> tuple[Tensor, Tensor]:
    r"""Sum the pull of a point's neighbours: :math:`\sum_j P_{ij} w_{ij} (y_i - y_j)`.

    Parameters
    ----------
    indptr, indices, values : Tensor
        P as :func:`symmetrize` returns it.
    Y : Tensor, shape (n, m), float32
    dof : float
        Degrees of freedom of the Student kernel; ``math.inf`` for the Gaussian of SNE, w = 1 and
        q = exp(-d^2).
    with_cost : bool
        Also compute the cost; otherwise it is 0.

    Returns
    -------
    forces : Tensor, shape (n, m), float32
    cost : Tensor, shape (), float64
        :math:`-\sum_{ij} P_{ij} \ln q_{ij}`, q not normalised: KL = sum P ln P + cost + ln Z.
    """
    _check_embedding(Y)
    _check("indptr", indptr, torch.int64, (Y.shape[0] + 1,))
    _check("indices", indices, torch.int32, (None,))
    _check("values", values, torch.float32, tuple(indices.shape))
    _check_dof(dof)
    return _ops.attractive_forces.default(
        indptr, indices, values, Y.contiguous(), float(dof), with_cost
    )


def repulsive_exact(Y: Tensor, dof: float = 1.0) -> tuple[Tensor, Tensor]:
    r"""Sum the push of all other points: :math:`\sum_j q_{ij} w_{ij} (y_i - y_j)`, O(n^2).

    Parameters
    ----------
    Y : Tensor, shape (n, m), float32
    dof : float
        ``math.inf`` for the Gaussian, which ends in float32 at a distance of 9: where no two points
        are nearer, forces and Z are 0. :func:`repulsive_sne` has no such end.

    Returns
    -------
    forces : Tensor, shape (n, m), float32
        Not divided by Z.
    Z : Tensor, shape (), float64
        The sum of q over pairs of different points.
    """
    _check_embedding(Y)
    _check_dof(dof)
    return _ops.repulsive_exact.default(Y.contiguous(), float(dof))


def repulsive_bh(Y: Tensor, theta: float = 0.5, dof: float = 1.0) -> tuple[Tensor, Tensor]:
    """Approximate :func:`repulsive_exact` by Barnes and Hut (1986), O(n log n).

    Parameters
    ----------
    Y : Tensor, shape (n, m), float32
        m in 1 .. 3.
    theta : float
        A cell of side s at distance r acts as one point when s < theta r; 0 is exact.
    dof : float

    Returns
    -------
    forces, Z
        As :func:`repulsive_exact`.
    """
    _check_embedding(Y, most_dims=3)
    _check_number("theta", theta)
    if not 0 <= theta <= 1:
        raise ValueError(f"theta must be in 0 .. 1, got {theta}")
    _check_dof(dof)
    return _ops.repulsive_bh.default(Y.contiguous(), float(theta), float(dof))


def repulsive_sne(Y: Tensor, conditional: bool) -> tuple[Tensor, Tensor]:
    r"""Sum the push of all other points under a Gaussian, already divided by Z, O(n^2).

    The forces are :math:`\sum_j Q_{ij} (y_i - y_j)`. In SNE (Hinton and Roweis 2002)
    :math:`Q_{ij} = (q_{j|i} + q_{i|j}) / 2n`, as P is of p, with :math:`q_{j|i} = e^{-d_{ij}^2} /
    Z_i`; in symmetric SNE (van der Maaten and Hinton 2008) :math:`Q_{ij} = e^{-d_{ij}^2} / Z`. No
    distance is too large: a row is measured from its nearest neighbour.

    Parameters
    ----------
    Y : Tensor, shape (n, m), float32
        2 rows or more.
    conditional : bool
        Normalise row by row, as SNE does, rather than over all pairs.

    Returns
    -------
    forces : Tensor, shape (n, m), float32
        gradient = 4 (attractive - forces), with the attraction at ``dof=math.inf``; of SNE's cost
        that is the mean over rows, Hinton and Roweis's divided by n.
    log_Z : Tensor, shape (), float64
        ln Z, or the mean of ln Z_i: to be added to the cost of :func:`attractive_forces`.
    """
    _check_embedding(Y)
    if Y.shape[0] < 2:
        raise ValueError(f"Y must have 2 rows or more, got {Y.shape[0]}")
    return _ops.repulsive_sne.default(Y.contiguous(), bool(conditional))


def _check_mesh(Y: Tensor, grid_name: str, grid: Tensor, origin: Tensor, step: float) -> None:
    _check_embedding(Y, most_dims=3)
    _check(grid_name, grid, torch.float32, (None,) * Y.shape[1])
    if min(grid.shape) < 4 or max(grid.shape) > _MOST_NODES:
        raise ValueError(
            f"{grid_name} must have 4 nodes or more an axis, and {_MOST_NODES} or fewer, "
            f"got {tuple(grid.shape)}"
        )
    if grid.numel() > _MOST_NUMBERS:
        raise ValueError(f"{grid_name} must have 2^31 - 1 nodes or fewer, got {grid.numel():,}")
    _check("origin", origin, torch.float32, (Y.shape[1],))
    _check_positive("step", step)


def mesh_spread_(Y: Tensor, grid: Tensor, origin: Tensor, step: float) -> None:
    """Overwrite a grid with the unit charges of all points, spread by a cubic B-spline.

    Parameters
    ----------
    Y : Tensor, shape (n, m), float32
        m in 1 .. 3. Points must lie between the second and the last but one node of each axis.
    grid : Tensor, m axes, float32
        Changed in place.
    origin : Tensor, shape (m,), float32
        Where node 0 lies.
    step : float
        Distance of nodes.
    """
    _check_mesh(Y, "grid", grid, origin, step)
    _ops.mesh_spread_.default(Y.contiguous(), grid, origin, float(step))


def mesh_gather(
    Y: Tensor, potential: Tensor, origin: Tensor, step: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Read forces off a potential on a grid, through the slope of the cubic B-spline.

    Parameters
    ----------
    Y, origin, step
        As :func:`mesh_spread_`.
    potential : Tensor, m axes, float32

    Returns
    -------
    forces : Tensor, shape (n, m), float32
        Minus half the gradient of the potential at each point.
    values : Tensor, shape (n,), float32
        The potential at each point.
    total : Tensor, shape (), float64
        Sum of the potential over all points.
    """
    _check_mesh(Y, "potential", potential, origin, step)
    return _ops.mesh_gather.default(Y.contiguous(), potential.contiguous(), origin, float(step))


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
    max_step: float = math.inf,
) -> Tensor:
    """Take one step of gradient descent with momentum and gains, then centre; all in place.

    gradient = 4 (exaggeration attractive - repulsive / Z). A gain grows by 0.2 where the velocity
    goes downhill, else shrinks to 0.8 of itself, never below 0.01 (Jacobs 1988).

    Parameters
    ----------
    Y, velocity, gains : Tensor, shape (n, m), float32
        Changed in place.
    attractive, repulsive : Tensor, shape (n, m), float32
    Z : Tensor, shape (), float64
    exaggeration, learning_rate, momentum : float
    max_step : float
        Longest step of a point.

    Returns
    -------
    Tensor, shape (1 + 2 m,), float64
        Squared norm of the gradient, lowest and highest coordinates after the step.
    """
    _check_embedding(Y)
    for name, t in (
        ("velocity", velocity),
        ("gains", gains),
        ("attractive", attractive),
        ("repulsive", repulsive),
    ):
        _check(name, t, torch.float32, tuple(Y.shape))
    _check("Z", Z, torch.float64, ())
    for number, value in (
        ("exaggeration", exaggeration),
        ("learning_rate", learning_rate),
        ("momentum", momentum),
        ("max_step", max_step),
    ):
        _check_number(number, value)
    return _ops.update_embedding_.default(
        Y,
        velocity,
        gains,
        attractive,
        repulsive,
        Z,
        exaggeration,
        learning_rate,
        momentum,
        max_step,
    )


from .. import _library  # noqa: E402  compiled kernels outrank the fallback
