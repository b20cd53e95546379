"""Checks of the arguments of the wrappers, before an op is dispatched.

They make the kernels and the fallback refuse the same arguments with the same messages. The
kernels check again what protects memory (``csrc/bindings/checks.h``), for those who call an op
through ``torch.ops.fasttsne``.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from .. import _library

MAX_INT32 = (1 << 31) - 1
"""Largest number of rows of data, of numbers of a map and of nodes of a mesh: indices are int32."""


def check_tensor(name: str, t: Tensor, dtype: torch.dtype, shape: tuple[int | None, ...]) -> None:
    """Check that a value is a dense tensor of a dtype and a shape, on a device with kernels.

    Parameters
    ----------
    name : str
        What error messages call it.
    t : Tensor
        The value.
    dtype : torch.dtype
    shape : tuple of int or None
        None allows any length.

    Raises
    ------
    TypeError
        It is no tensor, not dense, or of another dtype.
    ValueError
        It has another shape.
    RuntimeError
        It is on a GPU on which the kernels do not run.
    """
    if not isinstance(t, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(t).__name__}")
    if t.is_cuda and not torch.compiler.is_compiling():  # a compiler cannot trace the trial call
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


def check_contiguous(**tensors: Tensor) -> None:
    """Check tensors that the wrapper does not copy, because an op changes them in place or by rule.

    A copy of what is changed in place would lose the result.
    """
    for name, t in tensors.items():
        if not t.is_contiguous():
            raise ValueError(
                f"{name} must be contiguous, got strides {t.stride()} for shape {tuple(t.shape)}: "
                f"assign {name} = {name}.contiguous() first"
            )


def check_no_tangents(**values: Any) -> None:
    """Check that no tensor has a tangent, as in ``torch.func.jvp``: torch would take it for zero.

    No op has forward-mode derivatives, those with a backward pass included.
    """
    has_level = forward_ad._current_level >= 0
    for name, value in values.items():
        # While a program is compiled, torch does not count the levels, but has tensors of its own.
        may_have_one = isinstance(value, Tensor) and (has_level or type(value) is not Tensor)
        if may_have_one and torch._VF._unpack_dual(value, level=0)[1] is not None:
            raise ValueError(
                f"{name} has a tangent, but no op of fasttsne has forward-mode derivatives: pass "
                f"{name}.detach(), or use the gradient of fasttsne.nn.TSNELoss"
            )


def check_matrix(name: str, t: Tensor, columns: int | None = None) -> None:
    """Check a float32 matrix: 1 column or more, or the given number, and at most 2^31 - 1 rows.

    A tensor that ``expand`` made may have more rows than fit into memory: it repeats one row.
    """
    check_tensor(name, t, torch.float32, (None, columns))
    if t.shape[1] < 1:
        raise ValueError(f"{name} must have 1 column or more, got shape {tuple(t.shape)}")
    if t.shape[0] > MAX_INT32:
        raise ValueError(f"{name} must have 2^31 - 1 rows or fewer, got {t.shape[0]:,}")


def check_embedding(Y: Tensor, max_dims: int | None = None) -> None:
    """Check a float32 map: 1 to ``max_dims`` columns and at most 2^31 - 1 numbers."""
    check_tensor("Y", Y, torch.float32, (None, None))
    if Y.shape[1] < 1 or (max_dims and Y.shape[1] > max_dims):
        wanted = f"1 to {max_dims}" if max_dims else "1 or more"
        raise ValueError(f"Y must have {wanted} columns, got {Y.shape[1]}")
    if Y.numel() > MAX_INT32:
        raise ValueError(f"Y must have 2^31 - 1 numbers or fewer, got {Y.numel():,}")


def check_number(name: str, value: float) -> None:
    """Check a real number; NaN and infinity pass."""
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")


def check_integer(name: str, value: int) -> None:
    """Check an int of Python."""
    if not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {type(value).__name__}")


def check_positive(name: str, value: float) -> None:
    """Check a finite number above 0."""
    check_number(name, value)
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{name} must be a positive number, got {value}")


def check_dof(dof: float) -> None:
    """Check degrees of freedom: a number above 0, or infinity for the Gaussian."""
    check_number("dof", dof)
    if not dof > 0:
        raise ValueError(f"dof must be a positive number or infinity, got {dof}")
