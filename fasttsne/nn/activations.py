"""What a network computes inside, for a whole data set: rows to look at as a map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, overload

import torch
from torch import Tensor, nn


@overload
def activations(model: nn.Module, loader: Iterable[Any], layer: str) -> Tensor: ...
@overload
def activations(
    model: nn.Module, loader: Iterable[Any], layer: list[str] | tuple[str, ...]
) -> dict[str, Tensor]: ...
def activations(
    model: nn.Module, loader: Iterable[Any], layer: str | list[str] | tuple[str, ...]
) -> Tensor | dict[str, Tensor]:
    """Collect what layers of a model put out, in eval mode and without gradients.

    Parameters
    ----------
    model : torch.nn.Module
        Left in the mode that it was in, and without hooks. Inputs are moved to its device.
    loader : iterable
        Batches: tensors, or tuples or lists whose first item is the model's input.
    layer : str, or list or tuple of str
        Names from ``model.named_modules()``; ``''`` is the model itself. Each must put out one
        tensor a batch, of a row per sample.

    Returns
    -------
    Tensor, shape (n, d), or dict of them by name
        One row a sample, in the loader's order, the other dimensions flattened; on the CPU.

    Raises
    ------
    ValueError
        No such layer, one that did not run once a batch, or an empty loader.
    TypeError
        A batch or an output is not what it must be.
    """
    names = [layer] if isinstance(layer, str) else list(layer)
    modules = dict(model.named_modules(remove_duplicate=False))
    for name in names:
        if name not in modules:
            known = ", ".join(repr(known) for known in modules)
            raise ValueError(
                f"layer must be a name of a module of the model, {known}; got {name!r}"
            )
    device = device_of(model)
    collected: dict[str, list[Tensor]] = {name: [] for name in names}
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(in_mode(model, training=False))
        for name in names:
            hook = modules[name].register_forward_hook(partial(_collect, collected[name], name))
            stack.callback(hook.remove)
        for batches, batch in enumerate(loader, 1):
            model(_input_of(batch).to(device))
            for name in names:
                if len(collected[name]) != batches:
                    ran = len(collected[name]) - batches + 1
                    raise ValueError(f"layer {name!r} must run once a batch, it ran {ran} times")
    if not all(collected.values()):
        raise ValueError("loader must give a batch or more, got none")
    rows = {name: torch.cat(parts) for name, parts in collected.items()}
    return rows[layer] if isinstance(layer, str) else rows


@contextmanager
def in_mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Train or evaluate for a while; each module's own mode comes back afterwards."""
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode


def dtype_of(model: nn.Module) -> torch.dtype:
    """Return the dtype that a model computes in: that of its first parameter or buffer of floats.

    float32 for one that has none.
    """
    for tensors in (model.parameters(), model.buffers()):
        for tensor in tensors:
            if tensor.is_floating_point():
                return tensor.dtype
    return torch.float32


def device_of(model: nn.Module) -> torch.device:
    """Where the first parameter or buffer of a model is; the CPU for one that has none."""
    for tensors in (model.parameters(), model.buffers()):
        for tensor in tensors:
            return tensor.device
    return torch.device("cpu")


def _input_of(batch: Any) -> Tensor:
    first = batch[0] if isinstance(batch, (tuple, list)) and batch else batch
    if not isinstance(first, Tensor):
        raise TypeError(
            "loader must give tensors, or tuples or lists whose first item is one, "
            f"got {type(batch).__name__}"
        )
    return first


def _collect(into: list[Tensor], name: str, module: nn.Module, inputs: Any, output: Any) -> None:
    if not isinstance(output, Tensor) or output.dim() < 1:
        raise TypeError(
            f"layer {name!r} must put out a tensor of a row per sample, got "
            f"{'a single number' if isinstance(output, Tensor) else type(output).__name__}"
        )
    # A copy: the next layer may work in place.
    into.append(output.reshape(output.shape[0], -1).to("cpu", copy=True))
