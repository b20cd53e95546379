"""t-SNE in your own torch training loop: the loss, a map to train, encoders, activations.

==========================  ====================================================================
:class:`TSNELoss`           KL(P || Q) of a map, differentiable, by the compiled kernels
:class:`EmbeddingMap`       the map as a parameter
:func:`pairs_of`            the pairs of P, for :meth:`TSNELoss.pairs`
:func:`pair_loader`         the same in shuffled batches
:class:`ParametricTSNE`     an encoder trained on the loss, which maps unseen rows, too
:func:`activations`         what a layer of a model puts out over a data set
==========================  ====================================================================
"""

from .activations import activations
from .losses import EmbeddingMap, Pairs, TSNELoss, pair_loader, pairs_of
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
