"""Parametric t-SNE: a network computes the map, and so can map data that it was not trained on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .. import _validation
from ..affinities import joint_affinities
from ..descent.methods import METHODS
from .losses import TSNELoss
from .model_state import device_of, dtype_of, in_mode


class ParametricTSNE:
    """Train an encoder on the t-SNE loss (van der Maaten 2009).

    Each epoch divides the rows into random batches. Each batch has its own P, computed from the
    neighbours within it, and the optimiser takes one step on its KL(P || Q).

    Parameters
    ----------
    encoder : torch.nn.Module
        Maps rows (b, ...) to points (b, m). It is trained in place, on its device, from its present
        weights. Rows are converted to the dtype of its weights, and its points to float32 for the
        loss, so that it may compute in float64, in half precision or under autocast.
    perplexity : float, default 30
        Within a batch; below the number of rows of the smallest batch.
    n_epochs : int, default 100
    batch_size : int, default 512
        Largest number of rows of a batch. Larger batches show the loss more of the global shape.
    learning_rate : float, default 3e-3
        In the first epoch; it falls to 0 along half a period of a cosine.
    optimizer : callable, default torch.optim.Adam
        ``optimizer(parameters, lr=learning_rate)`` returns the optimiser.
    early_exaggeration : float, default 4
        Factor on the attraction in the first epochs.
    exaggeration_epochs : int, optional
        Number of these epochs. Default: a quarter of ``n_epochs``.
    dof : float, default 1
        Degrees of freedom of the Student kernel.
    method : {'auto', 'exact', 'barnes_hut', 'fft'}, default 'auto'
        How the repulsive forces within a batch are summed, as in :class:`fasttsne.TSNE`.
    random_state : int, generator of NumPy or torch, optional
        Seed of the batches. The encoder's weights and dropout use torch's global generator.
    callback : callable, optional
        ``callback(epoch, loss)`` after each epoch; training stops if it returns a true value.

    Attributes
    ----------
    losses_ : list of float
        Loss of each epoch in nats, with its exaggeration: the mean over its batches, weighted by
        their rows.
    """

    def __init__(
        self,
        encoder: nn.Module,
        perplexity: float = 30.0,
        *,
        n_epochs: int = 100,
        batch_size: int = 512,
        learning_rate: float = 3e-3,
        optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
        early_exaggeration: float = 4.0,
        exaggeration_epochs: int | None = None,
        dof: float = 1.0,
        method: str = "auto",
        random_state: Any = None,
        callback: Callable[[int, float], object] | None = None,
    ) -> None:
        if not isinstance(encoder, nn.Module):
            raise TypeError(f"encoder must be a torch.nn.Module, got {type(encoder).__name__}")
        if not callable(optimizer):
            raise TypeError(f"optimizer must be callable, got {type(optimizer).__name__}")
        self.encoder = encoder
        self.perplexity = _validation.number("perplexity", perplexity, least=1)
        self.n_epochs = _validation.integer("n_epochs", n_epochs, 1)
        self.batch_size = _validation.integer("batch_size", batch_size, 2)
        self.learning_rate = _validation.number("learning_rate", learning_rate, above=0)
        self.optimizer = optimizer
        self.early_exaggeration = _validation.number(
            "early_exaggeration", early_exaggeration, above=0
        )
        if exaggeration_epochs is None:
            exaggeration_epochs = self.n_epochs // 4
        self.exaggeration_epochs = _validation.integer(
            "exaggeration_epochs", exaggeration_epochs, 0
        )
        self.dof = _validation.number("dof", dof, above=0)
        self.method = _validation.choice("method", method, METHODS)
        self.random_state = random_state
        self.callback = callback

    def fit(self, X: Any, y: None = None) -> ParametricTSNE:
        """Train the encoder.

        Parameters
        ----------
        X : array or Tensor, shape (n, ...)
            Rows as the encoder takes them. Distances are between flattened rows.
        y : None
            Ignored.

        Returns
        -------
        ParametricTSNE
            Itself.

        Raises
        ------
        ValueError, TypeError
            Wrong data, or batches too small for the perplexity; raised before any work.
        FloatingPointError
            The loss is not finite.
        """
        rows = self._check_rows(X)
        n = len(rows)
        batches = max(1, math.ceil(n / self.batch_size))
        smallest = n // batches
        if self.perplexity >= smallest:
            raise ValueError(
                f"perplexity ({self.perplexity:g}) must be below the rows of a batch: {n} rows in "
                f"batches of at most {self.batch_size} leave {smallest} in one"
            )
        generator = torch.Generator("cpu").manual_seed(_validation.seed_of(self.random_state))
        optimizer = self.optimizer(self.encoder.parameters(), lr=self.learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.n_epochs)
        self.losses_: list[float] = []
        with (
            torch.inference_mode(False),  # in inference mode enable_grad() has no effect
            torch.enable_grad(),
            in_mode(self.encoder, training=True),
        ):
            for epoch in range(self.n_epochs):
                e = self.early_exaggeration if epoch < self.exaggeration_epochs else 1.0
                loss = 0.0
                order = torch.randperm(n, generator=generator, device="cpu")
                for batch in order.tensor_split(batches):
                    loss += len(batch) / n * self._step(rows[batch], e, optimizer)
                schedule.step()
                if not math.isfinite(loss):
                    raise FloatingPointError(
                        f"the loss is {loss} in epoch {epoch}: lower learning_rate "
                        f"(now {self.learning_rate:g})"
                    )
                self.losses_.append(loss)
                if self.callback and self.callback(epoch, loss):
                    break
        return self

    def transform(self, X: Any) -> Any:
        """Map rows, of the training data or new, with the encoder in evaluation mode.

        Parameters
        ----------
        X : array or Tensor, shape (n, ...)
            The encoder gets ``batch_size`` rows at a time.

        Returns
        -------
        array or Tensor, shape (n, m), float32
            A Tensor on the device of X, if X is one.
        """
        rows = self._check_rows(X)
        with torch.no_grad(), in_mode(self.encoder, training=False):
            parts = [self._encode(batch) for batch in rows.split(self.batch_size)]
        Y = torch.cat(parts).to(rows.device)
        return Y if isinstance(X, Tensor) else Y.numpy()

    def fit_transform(self, X: Any, y: None = None) -> Any:
        """Train the encoder on X, and return the map of X.

        Parameters
        ----------
        X, y
            As in :meth:`fit`.

        Returns
        -------
        array or Tensor, shape (n, n_components), float32
            As :meth:`transform` returns it.
        """
        return self.fit(X).transform(X)

    def _step(self, rows: Tensor, exaggeration: float, optimizer: torch.optim.Optimizer) -> float:
        """Take one step on a batch; return its loss."""
        rows = rows.to(device_of(self.encoder))
        P = joint_affinities(rows.flatten(1), self.perplexity)
        loss = TSNELoss(P, self.dof, self.method, exaggeration=exaggeration)(self._encode(rows))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    def _encode(self, rows: Tensor) -> Tensor:
        return self.encoder(rows.to(device_of(self.encoder), dtype_of(self.encoder))).float()

    def _check_rows(self, X: Any) -> Tensor:
        """Return X as finite rows of its shape: float64 if the encoder is, else float32."""
        if not isinstance(X, Tensor):
            X = np.asarray(X)
        shape = tuple(X.shape)
        if len(shape) < 2 or not all(shape):
            raise ValueError(
                f"X must have shape (n, ...), with 2 or more dimensions above 0, got {shape}"
            )
        rows = _validation.as_matrix(X.reshape(shape[0], -1)).reshape(shape)
        return rows.to(torch.promote_types(dtype_of(self.encoder), torch.float32))
