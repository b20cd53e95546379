"""Fast t-SNE for PyTorch: compiled kernels, a thin Python API, a pure-torch reference.

>>> import fasttsne
>>> Y = fasttsne.TSNE(perplexity=30, random_state=0).fit_transform(X)  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

from ._version import __version__
from .config import show_config

if TYPE_CHECKING:
    from .estimator import TSNE, FitReport, tsne

__all__ = ["TSNE", "FitReport", "__version__", "show_config", "tsne"]


def __getattr__(name: str) -> Any:
    """Import the estimator, and with it scikit-learn, when it is asked for."""
    if name in __all__:
        from . import estimator

        return getattr(estimator, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
