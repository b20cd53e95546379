"""t-SNE in your own torch training loop: the loss, a map to train, encoders, activations.

==========================  ====================================================================
:class:`TSNELoss`           KL(P || Q) of a map, differentiable, by the compiled kernels
:class:`EmbeddingMap`       a map whose coordinates are the parameter
:func:`pairs_of`            the pairs of P, for :meth:`TSNELoss.pairs`
:func:`pair_loader`         the same in shuffled batches
:class:`ParametricTSNE`     an encoder trained on the loss, which also maps new rows
:func:`activations`         the outputs of layers of a model over a data set
==========================  ====================================================================
"""

from .activations import activations
from .embedding_map import EmbeddingMap
from .losses import TSNELoss
from .pairs import Pairs, pair_loader, pairs_of
from .parametric import ParametricTSNE

__all__ = [
    "EmbeddingMap",
    "Pairs",
    "ParametricTSNE",
    "TSNELoss",
    "activations",
    "pair_loader",
    "pairs_of",
]
