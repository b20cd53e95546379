"""Fast t-SNE for PyTorch: compiled kernels, a thin Python API, a pure-torch reference.

>>> import fasttsne
>>> Y = fasttsne.TSNE(perplexity=30, random_state=0).fit_transform(X)  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__
from .config import show_config

if TYPE_CHECKING:
    from .estimator import TSNE, tsne
    from .pipeline import FitReport
    from .plot import animate
    from .schedule import Phase
    from .snapshots import Snapshots

_HOMES = {
    "TSNE": "estimator",
    "tsne": "estimator",
    "FitReport": "pipeline",
    "Phase": "schedule",
    "Snapshots": "snapshots",
    "animate": "plot",
}
__all__ = [
    "TSNE",
    "FitReport",
    "Phase",
    "Snapshots",
    "__version__",
    "animate",
    "show_config",
    "tsne",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for then: the estimator needs scikit-learn."""
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
