"""Fast t-SNE for PyTorch: compiled kernels, a thin Python API, a pure-torch reference.

>>> import fasttsne
>>> Y = fasttsne.TSNE(perplexity=30, random_state=0).fit_transform(X)  # doctest: +SKIP
"""

from ._version import __version__
from .config import show_config
from .tsne import TSNE, FitReport, tsne

__all__ = ["TSNE", "FitReport", "__version__", "show_config", "tsne"]
