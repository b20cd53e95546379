"""Wrapper of the op that moves the map by one step of gradient descent."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .checks import check_contiguous, check_embedding, check_number, check_tensor
from .table import torch_ops


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
    """Take one step of gradient descent with momentum and gains, then centre the map; in place.

    gradient = 4 (exaggeration attractive - repulsive / Z). A gain grows by 0.2 where the velocity
    points downhill; elsewhere it shrinks to 0.8 of itself, but not below 0.01 (Jacobs 1988). Then
    velocity = momentum velocity - learning_rate gains gradient, and Y grows by the velocity. All
    tensors must be contiguous.

    Parameters
    ----------
    Y, velocity, gains : Tensor, shape (n, m), float32
        Changed in place.
    attractive, repulsive : Tensor, shape (n, m), float32
        Forces as :func:`attractive_forces` and :func:`repulsive_exact` return them.
    Z : Tensor, shape (), float64
        What ``repulsive`` is to be divided by.
    exaggeration, learning_rate, momentum : float
    max_step : float
        Longest step of a point; longer ones are shortened to it.

    Returns
    -------
    Tensor, shape (1 + 2 m,), float64
        Squared norm of the gradient, then the lowest and the highest coordinates after the step.
    """
    check_embedding(Y)
    for name, t in (
        ("velocity", velocity),
        ("gains", gains),
        ("attractive", attractive),
        ("repulsive", repulsive),
    ):
        check_tensor(name, t, torch.float32, tuple(Y.shape))
    check_tensor("Z", Z, torch.float64, ())
    for number, value in (
        ("exaggeration", exaggeration),
        ("learning_rate", learning_rate),
        ("momentum", momentum),
        ("max_step", max_step),
    ):
        check_number(number, value)
    check_contiguous(Y=Y, velocity=velocity, gains=gains)
    check_contiguous(attractive=attractive, repulsive=repulsive)
    return torch_ops.update_embedding_.default(
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
