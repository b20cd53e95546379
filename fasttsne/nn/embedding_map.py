"""A map as the parameter of a torch module."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .. import _validation, initialization


class EmbeddingMap(nn.Module):
    """A map whose coordinates are trained directly, as t-SNE trains them.

    Parameters
    ----------
    n_points : int
    n_dim : int, default 2
    init : array or Tensor, shape (n_points, n_dim), optional
        Initial coordinates; copied. Default: random and close together, with standard deviation
        :data:`fasttsne.initialization.START_SPREAD`.
    seed : int, default 0
        Seed of the random coordinates.

    Attributes
    ----------
    weight : Parameter, shape (n_points, n_dim), float32
        The coordinates.
    """

    def __init__(self, n_points: int, n_dim: int = 2, init: Any = None, seed: int = 0) -> None:
        super().__init__()
        n_points = _validation.integer("n_points", n_points, 1)
        n_dim = _validation.integer("n_dim", n_dim, 1)
        if init is None:
            start = initialization.random(n_points, n_dim, _validation.seed_of(seed))
        else:
            start = _validation.as_matrix(init, "init")
            if tuple(start.shape) != (n_points, n_dim):
                raise ValueError(
                    f"init must have shape ({n_points}, {n_dim}), got {tuple(start.shape)}"
                )
            start = start.to(torch.float32, copy=True)
        self.weight = nn.Parameter(start)

    def forward(self, i: Tensor | None = None) -> Tensor:
        """Return the points with indices ``i`` (b,) as (b, n_dim); by default all, in order."""
        return self.weight if i is None else self.weight[i]

    def extra_repr(self) -> str:
        """Return the size of the map, for ``repr``."""
        return f"n_points={self.weight.shape[0]}, n_dim={self.weight.shape[1]}"
