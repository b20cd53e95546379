"""From data to P in one call."""

from __future__ import annotations

from typing import Any

import torch
from scipy import sparse
from torch import Tensor

from .. import _validation
from ..neighbors.metric import check_precomputed
from ..neighbors.search import Search
from .joint import JointP
from .kinds import Affinities, Perplexity


def joint_affinities(
    X: Any,
    perplexity: float = 30.0,
    *,
    affinities: Affinities | None = None,
    neighbors: Any = "auto",
    metric: Any = "euclidean",
    metric_params: dict[str, Any] | None = None,
    device: Any = None,
    seed: int = 0,
) -> JointP:
    """Compute P of data, as :class:`fasttsne.TSNE` does.

    Parameters
    ----------
    X : array, Tensor or scipy.sparse matrix, shape (n, d)
        With ``metric='precomputed'`` distances, shape (n, n).
    perplexity : float, default 30
        Has no effect where ``affinities`` is given.
    affinities : Affinities, optional
        Default: ``Perplexity(perplexity)``.
    neighbors, metric, metric_params
        As of :class:`fasttsne.TSNE`.
    device : torch.device, optional
        Where to compute, and where P will be; default: where X is.
    seed : int, default 0
        Of the approximate search.

    Returns
    -------
    JointP
        Of the rows of X in their order.

    Raises
    ------
    TypeError, ValueError
        Data or parameters of a wrong kind, shape or range.
    """
    search = Search(neighbors, metric, metric_params)
    data = _validation.as_csr(X) if sparse.issparse(X) else _validation.as_matrix(X)
    if metric == "precomputed":
        check_precomputed(data)
    n = data.shape[0]
    kind = Perplexity(perplexity) if affinities is None else affinities
    kind.check(n)
    device = torch.device(device or (data.device if isinstance(data, Tensor) else "cpu"))
    with torch.no_grad():
        found = search(data, min(n - 1, kind.neighbors_wanted()), device, seed, given=X)
        return kind.joint(found.in_order_of_data())
