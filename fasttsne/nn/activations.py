"""The outputs of layers of a network over a data set, as rows that can be embedded."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from typing import Any, overload

import torch
from torch import Tensor, nn

from .model_state import device_of, in_mode


@overload
def activations(model: nn.Module, loader: Iterable[Any], layer: str) -> Tensor: ...
@overload
def activations(
    model: nn.Module, loader: Iterable[Any], layer: list[str] | tuple[str, ...]
) -> dict[str, Tensor]: ...
def activations(
    model: nn.Module, loader: Iterable[Any], layer: str | list[str] | tuple[str, ...]
) -> Tensor | dict[str, Tensor]:
    """Collect the outputs of layers of a model, in evaluation mode and without gradients.

    Parameters
    ----------
    model : torch.nn.Module
        Its mode and its hooks are afterwards as before. Inputs are moved to its device.
    loader : iterable
        Batches. Each is a tensor, or a tuple or list whose first item is the model's input.
    layer : str, or list or tuple of str
        Names from ``model.named_modules()``; ``''`` is the model itself. The output of each must
        be one tensor per batch, with one row per sample.

    Returns
    -------
    Tensor, shape (n, d), or dict from names to such Tensors
        One row per sample, in the loader's order, with all other dimensions flattened; on the CPU.
        A dict if ``layer`` is a list or tuple.

    Raises
    ------
    ValueError
        A layer does not exist or did not run exactly once per batch, or the loader is empty.
    TypeError
        A batch or an output is of another type.
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
                    raise ValueError(f"layer {name!r} must run once per batch, it ran {ran} times")
    if not all(collected.values()):
        raise ValueError("loader must yield 1 batch or more, got none")
    rows = {name: torch.cat(parts) for name, parts in collected.items()}
    return rows[layer] if isinstance(layer, str) else rows


def _input_of(batch: Any) -> Tensor:
    first = batch[0] if isinstance(batch, (tuple, list)) and batch else batch
    if not isinstance(first, Tensor):
        raise TypeError(
            "loader must yield tensors, or tuples or lists whose first item is one, "
            f"got {type(batch).__name__}"
        )
    return first


def _collect(into: list[Tensor], name: str, module: nn.Module, inputs: Any, output: Any) -> None:
    if not isinstance(output, Tensor) or output.dim() < 1:
        raise TypeError(
            f"the output of layer {name!r} must be a tensor with one row per sample, got "
            f"{'a single number' if isinstance(output, Tensor) else type(output).__name__}"
        )
    # A copy, as the next layer may change its input in place.
    into.append(output.reshape(output.shape[0], -1).to("cpu", copy=True))
