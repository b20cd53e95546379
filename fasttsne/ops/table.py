"""Definitions of the ops: for each a schema, a fallback and a fake, registered with torch.

The fallback of an op is its function in :mod:`fasttsne.reference`. It is registered under the
dispatch key ``CompositeExplicitAutograd`` and so serves every device. The compiled kernels of
``csrc/bindings`` are registered under the keys ``CPU`` and ``CUDA``, which outrank that key
whichever of them is registered first. Callers never choose between the two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload

from .. import reference
from .checks import check_no_tangents

_torch_library = torch.library.Library("fasttsne", "DEF")

torch_ops = torch.ops.fasttsne
"""The namespace in which torch keeps the ops: ``torch_ops.repulsive_exact.default(Y, dof)``."""


def define(
    schema: str, run: Callable[..., Any], fake: Callable[..., Any], *tags: torch.Tag
) -> OpOverload:
    """Define an op for all devices, and return it.

    ``torch.library.custom_op`` would do the same, but imports the whole compiler at the first call.

    Parameters
    ----------
    schema : str
        Name, arguments and results, in the syntax of ``torch.library``.
    run : callable
        Computes the results on any device. It runs below autograd, so it records no gradients.
    fake : callable
        Takes the same arguments; returns tensors of the right shapes and dtypes with arbitrary
        content, for ``torch.compile`` and the ``meta`` device.
    *tags : torch.Tag
        Properties of the op that a compiler should know.

    Returns
    -------
    OpOverload
        The op, which can be called with the arguments of its schema.
    """
    name = schema.partition("(")[0]
    _torch_library.define(schema, tags=(torch.Tag.pt2_compliant_tag, *tags))
    _torch_library.impl(name, run, "CompositeExplicitAutograd")
    torch.library.register_fake(f"fasttsne::{name}", fake, lib=_torch_library)
    op: OpOverload = getattr(torch_ops, name).default
    if any(argument.is_write for argument in op._schema.arguments):
        _refuse_lazy_views(op)
    return op


def _refuse_lazy_views(op: OpOverload) -> None:
    """Let an op that writes to arguments refuse such as are negated or conjugated views.

    What torch does with these views by default takes the first results of an op for the arguments
    that it writes to. The ops here return others or none, and torch 2.11 would end the process.
    """
    arguments = op._schema.arguments

    def run(*args: Any) -> Any:
        resolved = []
        for argument, value in zip(arguments, args, strict=False):
            if isinstance(value, Tensor) and (value.is_neg() or value.is_conj()):
                if argument.is_write:
                    kind = "negated" if value.is_neg() else "conjugated"
                    raise TypeError(
                        f"{argument.name} is changed in place and must not be a {kind} view: "
                        f"assign {argument.name} = {argument.name}.resolve_conj().resolve_neg() "
                        "first"
                    )
                value = value.resolve_conj().resolve_neg()
            resolved.append(value)
        return op(*resolved)

    for key in ("Negative", "Conjugate"):
        _torch_library.impl(op._schema.name.partition("::")[2], run, key)


def differentiate(
    op: OpOverload, backward: Callable[..., Any], setup_context: Callable[..., None]
) -> None:
    """Give an op of :func:`define` its backward pass.

    Parameters
    ----------
    op : OpOverload
        What :func:`define` returned.
    backward, setup_context : callable
        As ``torch.library.register_autograd`` takes them.
    """
    torch.library.register_autograd(op, backward, setup_context=setup_context, lib=_torch_library)


def _define_without_gradients(schema: str, fake: Callable[..., Any]) -> None:
    """Define an op of the reference that raises ValueError for arguments that require gradients.

    By default, torch would leave those gradients out of the backward pass, with a warning at most,
    and take tangents (``torch.func.jvp``) for zero.
    """
    name = schema.partition("(")[0]
    op = define(schema, getattr(reference, name), fake)
    arguments = [argument.name for argument in op._schema.arguments]

    def refuse_gradients(keys: torch.DispatchKeySet, *args: Any) -> Any:
        if torch.is_grad_enabled():
            for argument, value in zip(arguments, args, strict=False):
                if isinstance(value, Tensor) and value.requires_grad:
                    raise ValueError(
                        f"{argument} requires a gradient, but {name} computes none: pass "
                        f"{argument}.detach(), or use fasttsne.nn.TSNELoss, which is differentiable"
                    )
        check_no_tangents(**dict(zip(arguments, args, strict=False)))
        return op.redispatch(keys & torch._C._after_autograd_keyset, *args)

    _torch_library.impl(name, refuse_gradients, "Autograd", with_keyset=True)


def _fake_scalar(like: Tensor) -> Tensor:
    return like.new_empty((), dtype=torch.float64)


def _fake_forces(Y: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(Y), _fake_scalar(Y)


def _fake_knn_cells(X: Tensor, *arguments: Any) -> tuple[Tensor, Tensor]:
    rows = torch.library.get_ctx().new_dynamic_size()  # those of all ranges
    k = arguments[-1]
    return X.new_empty(rows, k, dtype=torch.int32), X.new_empty(rows, k)


def _fake_symmetrize(
    indices: Tensor, conditional_P: Tensor, *arguments: Any
) -> tuple[Tensor, Tensor, Tensor]:
    # The number of entries of P depends on the data: mutual neighbours share entries.
    edges = torch.library.get_ctx().new_dynamic_size()
    return (
        indices.new_empty(indices.shape[0] + 1, dtype=torch.int64),
        indices.new_empty(edges),
        conditional_P.new_empty(edges),
    )


_define_without_gradients(
    "pairwise_sq_distances(Tensor X, Tensor Z) -> Tensor",
    lambda X, Z: X.new_empty(X.shape[0], Z.shape[0]),
)
_define_without_gradients(
    "knn_scan_(Tensor X, Tensor sq_norms, Tensor(a!) keys, Tensor(b!) count, Tensor(c!) bound,"
    " int keep, Tensor blocks, Tensor tiles) -> ()",
    lambda *_: None,
)
_define_without_gradients(
    "knn_rerank(Tensor X, Tensor keys, Tensor count, Tensor bound, int keep, int k)"
    " -> (Tensor, Tensor, Tensor)",
    lambda X, keys, count, bound, keep, k: (
        X.new_empty(keys.shape[0], k, dtype=torch.int32),
        X.new_empty(keys.shape[0], k),
        torch.empty_like(bound),
    ),
)
_define_without_gradients(
    "knn_cells(Tensor X, Tensor lead, Tensor sq_norms, Tensor cells, Tensor ranges,"
    " Tensor probe_starts, Tensor probes, int keep, int k) -> (Tensor, Tensor)",
    _fake_knn_cells,
)
_define_without_gradients(
    "perplexity_search(Tensor sq_distances, float perplexity) -> (Tensor, Tensor)",
    lambda sq, _: (sq.new_empty(sq.shape[0]), torch.empty_like(sq)),
)
_define_without_gradients(
    "symmetrize(Tensor indices, Tensor conditional_P, int first, int n, Tensor from_rows,"
    " Tensor to_rows, Tensor from_P) -> (Tensor, Tensor, Tensor)",
    _fake_symmetrize,
)
_define_without_gradients(
    "attractive_forces(Tensor indptr, Tensor indices, Tensor values, Tensor Y, float dof,"
    " bool with_cost, int first) -> (Tensor, Tensor)",
    lambda indptr, indices, values, Y, dof, with_cost, first: (
        Y.new_empty(indptr.shape[0] - 1, Y.shape[1]),
        _fake_scalar(Y),
    ),
)
_define_without_gradients(
    "repulsive_exact(Tensor Y, float dof) -> (Tensor, Tensor)",
    lambda Y, dof: _fake_forces(Y),
)
_define_without_gradients(
    "repulsive_bh(Tensor Y, float theta, float dof) -> (Tensor, Tensor)",
    lambda Y, theta, dof: _fake_forces(Y),
)
_define_without_gradients(
    "repulsive_sne(Tensor Y, bool conditional) -> (Tensor, Tensor)",
    lambda Y, conditional: _fake_forces(Y),
)
_define_without_gradients(
    "mesh_spread_(Tensor Y, Tensor(a!) grid, Tensor origin, float step) -> ()",
    lambda *_: None,
)
_define_without_gradients(
    "mesh_gather(Tensor Y, Tensor potential, Tensor origin, float step)"
    " -> (Tensor, Tensor, Tensor)",
    lambda Y, potential, origin, step: (
        torch.empty_like(Y),
        Y.new_empty(Y.shape[0]),
        _fake_scalar(Y),
    ),
)
_define_without_gradients(
    "update_embedding_(Tensor(a!) Y, Tensor(b!) velocity, Tensor(c!) gains, Tensor attractive,"
    " Tensor repulsive, Tensor Z, float exaggeration, float learning_rate, float momentum,"
    " float max_step) -> Tensor",
    lambda Y, *_: Y.new_empty(1 + 2 * Y.shape[1], dtype=torch.float64),
)
