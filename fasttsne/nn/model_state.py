"""The state of a torch model that is not ours: its mode, its dtype and its device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def in_mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Put all modules of a model into training or evaluation mode in a block.

    Afterwards each module has its own mode again, as they need not all have had the same.
    """
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode


def dtype_of(model: nn.Module) -> torch.dtype:
    """Return the dtype of the first floating-point parameter or buffer; float32 if there is none.

    In this dtype the model takes its input.
    """
    for tensors in (model.parameters(), model.buffers()):
        for tensor in tensors:
            if tensor.is_floating_point():
                return tensor.dtype
    return torch.float32


def device_of(model: nn.Module) -> torch.device:
    """Return the device of the first parameter or buffer; the CPU if there is none."""
    for tensors in (model.parameters(), model.buffers()):
        for tensor in tensors:
            return tensor.device
    return torch.device("cpu")
