"""Labels that change P: pairs of one class attract more, pairs of two classes less.

With a weight w in [0, 1) and the conditional probabilities p_{j|i} of the data,

    p'_{j|i} = p_{j|i} f_ij / sum_l p_{l|i} f_il

where f_ij is 1 + w for two points of the same class, 1 - w for two of different classes, and 1
where the class of one is unknown. Each row still sums to 1, so that no point loses its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _validation

UNKNOWN = -1
_ROWS_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Supervision:
    """The labels of n points, and how much they count beside the data."""

    labels: Tensor
    """(n,) int64; -1 where unknown."""
    weight: float

    def arranged(self, order: Tensor | None, device: torch.device) -> Supervision:
        """Return that of the points in another order, on a device."""
        labels = self.labels if order is None else self.labels[order.to(self.labels.device)]
        return Supervision(labels.to(device), self.weight)

    def apply_(self, conditional_P: Tensor, indices: Tensor) -> None:
        """Change conditional probabilities in place.

        Parameters
        ----------
        conditional_P : Tensor, shape (n, k), float32
            p_{j|i}.
        indices : Tensor, shape (n, k), int32
            The neighbours j of each point i.
        """
        factors = conditional_P.new_tensor([1 - self.weight, 1 + self.weight, 1])
        for start in range(0, len(indices), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            own, theirs = self.labels[part, None], self.labels[indices[part].long()]
            is_known = (own != UNKNOWN) & (theirs != UNKNOWN)
            P = conditional_P[part]
            P *= factors[torch.where(is_known, (own == theirs).long(), 2)]
            P /= P.sum(1, keepdim=True)


def check_supervision(y: Any, weight: Any, n: int) -> Supervision | None:
    """Return the labels and their weight as a user gives them; None for a weight of 0.

    Parameters
    ----------
    y : array of int, shape (n,), or None
        Only looked at if the weight is above 0.
    weight : float
        The parameter ``supervision`` of :class:`fasttsne.TSNE`.
    n : int

    Raises
    ------
    TypeError, ValueError
        A weight outside [0, 1); no labels, or such as are no integers, of another number, below -1,
        or all unknown.
    """
    weight = _validation.number("supervision", weight, least=0)
    if weight >= 1:
        raise ValueError(f"supervision must be below 1, got {weight:g}")
    if weight == 0:
        return None
    if y is None:
        raise ValueError(f"y must hold labels with supervision={weight:g}, got None")
    labels = check_labels(y, n)
    if bool((labels == UNKNOWN).all()):
        raise ValueError(f"y must hold a known label, got {UNKNOWN} alone")
    return Supervision(labels, weight)


def check_labels(y: Any, n: int) -> Tensor:
    """Return labels, which may all be unknown, as a Tensor (n,) int64; else raise."""
    _validation.check_unmasked("y", y)
    labels = _validation.as_array(y)
    if labels.dtype.kind not in "biu":
        raise TypeError(
            f"y must hold integers, {UNKNOWN} for unknown, got dtype {labels.dtype}; "
            "numpy.unique(y, return_inverse=True)[1] numbers labels of other kinds"
        )
    if labels.shape != (n,):
        raise ValueError(f"y must have shape ({n},), a label for each sample, got {labels.shape}")
    if labels.min() < UNKNOWN:
        raise ValueError(f"y must hold labels of {UNKNOWN} or more, got {labels.min()}")
    return torch.from_numpy(np.ascontiguousarray(labels.astype(np.int64)))
