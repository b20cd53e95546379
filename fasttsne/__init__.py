"""Fast t-SNE for PyTorch, with compiled kernels and a pure-torch reference.

>>> import fasttsne
>>> Y = fasttsne.TSNE(perplexity=30, random_state=0).fit_transform(X)  # doctest: +SKIP
"""

import os
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from ._version import __version__

# Where the environment says what the kernels must be, an error comes at once. Else they are loaded
# with torch on first use.
if os.environ.get("FASTTSNE_REQUIRE_KERNELS") or os.environ.get("FASTTSNE_SIMD"):
    import_module("._library", __name__)

if TYPE_CHECKING:
    from . import affinities as affinities
    from . import anndata as anndata
    from . import comparison as comparison
    from . import datasets as datasets
    from . import grid as grid
    from . import images as images
    from . import initialization as initialization
    from . import landmarks as landmarks
    from . import metrics as metrics
    from . import names as names
    from . import neighbors as neighbors
    from . import nn as nn
    from . import ops as ops
    from . import page as page
    from . import plot as plot
    from . import progress as progress
    from . import reference as reference
    from . import schedule as schedule
    from . import snapshots as snapshots
    from . import tables as tables
    from ._config import show_config
    from .estimator import TSNE, tsne
    from .fit.pipeline import FitReport
    from .plot import animate
    from .schedule import Phase
    from .snapshots import Snapshots

_MODULE_OF = {
    "TSNE": "estimator",
    "tsne": "estimator",
    "FitReport": "fit.pipeline",
    "Phase": "schedule",
    "Snapshots": "snapshots",
    "animate": "plot",
    "show_config": "_config",
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
    """Import functions and modules on first use, as some need packages that are slow to import."""
    if name in _MODULE_OF:
        return getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
    if not name.startswith("_"):
        try:
            return import_module(f".{name}", __name__)
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":  # the module exists, but needs a missing one
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    # Without private modules, and without the library of kernels, which is listed as a module.
    modules = {module.name for module in iter_modules(__path__)}
    public = {name for name in modules if not name.startswith(("_", "libfasttsne"))}
    return sorted({*globals(), *__all__, *public})
