"""What a fit of many rows will take: memory by a formula, time by fitting a sample first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..affinities import Perplexity
from ..affinities.in_parts import bytes_while_symmetrising
from .parameters import neighbors_per_point

MANY_ROWS = 1_000_000
"""Rows above which an estimate is worth its time."""
_SAMPLE = 100_000
_SEARCH_GROWS_BY = 1.25
"""Power of the number of rows with which the time of the search grows from 100,000 frames to ten
million (bench/scaling.py profile, ten); that of all else grows about as the number itself."""
_PROCESS, _LEADING = 0.5e9, 32
"""Bytes of Python, torch and the mesh; and columns of the leading components."""


def memory_needed(n: int, d: int, k: int) -> float:
    """Return about how many bytes a fit on the CPU needs, the data not counted.

    Parameters
    ----------
    n, d, k : int
        Rows, columns, and neighbours of each row.
    """
    search = n * (4 * d + 4 * _LEADING + 8 * k)
    return _PROCESS + max(search, bytes_while_symmetrising(n, k))


def sentence(tsne: Any, X: np.ndarray) -> str:
    """Return one line with the memory and the time that a fit will take.

    Parameters
    ----------
    tsne : TSNE
        Not fitted.
    X : array, shape (n, d)
        Of which a sample is fitted.
    """
    from sklearn.base import clone

    n, d = X.shape
    rows = np.sort(np.random.default_rng(0).choice(n, _SAMPLE, replace=False))
    sample = clone(tsne).set_params(progress=None, checkpoint=None, neighbors="cells", verbose=0)
    seconds = dict(sample.fit(np.ascontiguousarray(X[rows])).report_.seconds)
    times = n / _SAMPLE
    search = seconds.pop("neighbors") * times**_SEARCH_GROWS_BY
    minutes = (search + times * sum(seconds.values())) / 60
    k = neighbors_per_point(tsne.affinities or Perplexity(tsne.perplexity), n)
    gigabytes = memory_needed(n, d, k) / 1e9
    return f"{n:,} rows: about {minutes:.0f} minutes and {gigabytes:.1f} GB of memory"
