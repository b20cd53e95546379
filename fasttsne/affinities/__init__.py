"""From neighbours to the joint P: how much each pair of points belongs together.

Every kind of :class:`Affinities` says how many neighbours it wants and turns their distances into
conditional probabilities; the joint P is made of these in one way. :func:`given_affinities` takes a
P made elsewhere, and :func:`joint_affinities` goes from data to P in one call.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from .. import _validation, ops
from ..neighbors.exact import Neighbors
from ..neighbors.metric import check_precomputed
from ..neighbors.search import Search


class JointP(NamedTuple):
    """Sparse, symmetric P in compressed rows; sums to 1 over ordered pairs."""

    indptr: Tensor
    """(n + 1,) int64"""
    indices: Tensor
    """(edges,) int32, rising in each row"""
    values: Tensor
    """(edges,) float32"""

    def negative_entropy(self) -> float:
        """Return the sum of P ln P, the part of the KL divergence that does not move."""
        return negative_entropy(self.values)

    def to_scipy(self) -> sparse.csr_matrix:
        """Return a scipy matrix of the same numbers."""
        n = len(self.indptr) - 1
        parts = (part.detach().cpu().numpy() for part in (self.values, self.indices, self.indptr))
        return sparse.csr_matrix(tuple(parts), shape=(n, n))


def negative_entropy(P: Tensor) -> float:
    """Return the sum of P ln P over all entries."""
    # Rows of fixed length first: a sum of all at once would depend on the threads.
    length = 4096
    P = torch.nn.functional.pad(P.detach().flatten(), (0, -P.numel() % length)).double()
    return -float(torch.special.entr(P.view(-1, length)).sum(1).sum())


class Affinities(ABC):
    """One way to turn distances of neighbours into probabilities."""

    @abstractmethod
    def neighbors_wanted(self) -> int:
        """Return how many neighbours of each point to look for."""

    @abstractmethod
    def conditional_P(self, neighbors: Neighbors) -> Tensor:
        """Return p_{j|i} (n, k); each row sums to 1."""

    @abstractmethod
    def check(self, n: int) -> None:
        """Raise ValueError or TypeError unless the parameters suit n points."""

    def joint(self, neighbors: Neighbors) -> JointP:
        """Make P_ij = (p_{j|i} + p_{i|j}) / 2n."""
        return JointP(*ops.symmetrize(neighbors.indices, self.conditional_P(neighbors)))


@dataclass(frozen=True)
class Perplexity(Affinities):
    """Gaussians whose widths give every row the same perplexity (van der Maaten and Hinton 2008).

    Parameters
    ----------
    perplexity : float, default 30
        1 to below the number of points. Where there are fewer neighbours, it is lowered to their
        number.
    """

    perplexity: float = 30.0

    def neighbors_wanted(self) -> int:
        """Three times the perplexity: what is farther has next to no probability."""
        return max(1, int(3 * self.perplexity))

    def conditional_P(self, neighbors: Neighbors) -> Tensor:
        """Search the width of each row."""
        return self._search(neighbors)[1]

    def sigma(self, neighbors: Neighbors) -> Tensor:
        """Return the width of each row's Gaussian in units of the data: (n,) float32."""
        return neighbors.unit * (0.5 / self._search(neighbors)[0]).sqrt()

    def _search(self, neighbors: Neighbors) -> tuple[Tensor, Tensor]:
        k = neighbors.indices.shape[1]
        if self.perplexity > k:
            warnings.warn(
                f"perplexity {self.perplexity:g} is lowered to {k}, the number of neighbors",
                stacklevel=2,
            )
        return ops.perplexity_search(neighbors.sq_distances, min(self.perplexity, k))

    def check(self, n: int) -> None:
        """Raise unless the perplexity is in 1 .. n - 1; warn where it tells no points apart."""
        if isinstance(self.perplexity, (Sequence, np.ndarray)) and not isinstance(
            self.perplexity, str
        ):
            raise TypeError(
                f"perplexity must be a number, got {self.perplexity!r}; for several at once: "
                f"affinities=fasttsne.affinities.Multiscale({np.asarray(self.perplexity).tolist()})"
            )
        _check_perplexity("perplexity", self.perplexity, n)
        if n > 3 and self.perplexity > n - 2:
            warnings.warn(
                f"perplexity ({self.perplexity:g}) is so near n_samples - 1 = {n - 1} that all "
                "pairs of points weigh almost the same, and the map is little more than one point; "
                "lower perplexity",
                stacklevel=2,
            )


@dataclass(frozen=True)
class Multiscale(Affinities):
    """Several perplexities at once: near and far neighbourhoods (Lee et al. 2015).

    Parameters
    ----------
    perplexities : sequence of float
        Each as of :class:`Perplexity`.
    mixture : bool, default False
        False: the average of the distributions of all perplexities. True: the distribution of the
        mixture of their Gaussians, each weighted as a density on the line, by 1 / sigma; narrow
        ones then count for more.
    """

    perplexities: Sequence[float]
    mixture: bool = False

    def neighbors_wanted(self) -> int:
        """Three times the largest perplexity."""
        return max(1, int(3 * max(self.perplexities)))

    def conditional_P(self, neighbors: Neighbors) -> Tensor:
        """Search the widths of each row, and average."""
        found = [Perplexity(p)._search(neighbors) for p in self.perplexities]
        if not self.mixture:
            return torch.stack([P for _, P in found]).mean(0)
        nearest = neighbors.sq_distances.min(1, keepdim=True).values
        beyond = neighbors.sq_distances - nearest
        beta = torch.stack([b for b, _ in found], 1)  # (n, scales)
        # Relative to the narrowest at the nearest neighbour, so that nothing underflows.
        weight = 0.5 * beta.clamp(min=torch.finfo(beta.dtype).tiny).log() - beta * nearest
        weight = (weight - weight.max(1, keepdim=True).values).exp()
        mixed = torch.zeros_like(beyond)
        for h in range(beta.shape[1]):
            mixed += weight[:, h, None] * (-beta[:, h, None] * beyond).exp()
        return mixed / mixed.sum(1, keepdim=True)

    def check(self, n: int) -> None:
        """Raise unless there is a perplexity and all are in 1 .. n - 1."""
        if not isinstance(self.perplexities, Sequence) or not self.perplexities:
            raise TypeError(
                f"perplexities must be a list of 1 number or more, got {self.perplexities!r}"
            )
        for i, perplexity in enumerate(self.perplexities):
            _check_perplexity(f"perplexities[{i}]", perplexity, n)


@dataclass(frozen=True)
class FixedSigma(Affinities):
    """Gaussians of one width for all points, so that dense regions stay dense.

    Parameters
    ----------
    sigma : float
        Standard deviation in units of the data.
    k : int, default 90
        Neighbours.
    """

    sigma: float
    k: int = 90

    def neighbors_wanted(self) -> int:
        """Return k."""
        return self.k

    def conditional_P(self, neighbors: Neighbors) -> Tensor:
        """Apply the Gaussian to the distances of each row."""
        sq = neighbors.sq_distances.double()
        widths = min(neighbors.unit / self.sigma, 1e150)  # whose square is finite
        return torch.softmax(-0.5 * widths**2 * (sq - sq.min(1, keepdim=True).values), 1).float()

    def check(self, n: int) -> None:
        """Raise unless sigma is above 0 and k is 1 or more."""
        _validation.number("sigma", self.sigma, above=0)
        _validation.integer("k", self.k, 1)


@dataclass(frozen=True)
class Uniform(Affinities):
    """The same probability for each of the k nearest neighbours.

    Parameters
    ----------
    k : int, default 30
        Neighbours.
    """

    k: int = 30

    def neighbors_wanted(self) -> int:
        """Return k."""
        return self.k

    def conditional_P(self, neighbors: Neighbors) -> Tensor:
        """Return 1 / k everywhere."""
        return torch.full_like(neighbors.sq_distances, 1 / neighbors.sq_distances.shape[1])

    def check(self, n: int) -> None:
        """Raise unless k is 1 or more."""
        _validation.integer("k", self.k, 1)


def _check_perplexity(name: str, perplexity: Any, n: int) -> None:
    if _validation.number(name, perplexity, least=1) >= n:
        raise ValueError(f"{name} ({perplexity:g}) must be less than n_samples ({n})")


def given_affinities(P: Any, name: str = "P") -> JointP:
    """Check a P made elsewhere, make it symmetric, and let it sum to 1.

    Parameters
    ----------
    P : scipy.sparse matrix, torch.Tensor (dense or sparse) or array, shape (n, n)
        Finite, 0 or more. A matrix that is not symmetric is averaged with its transpose, so both
        conditional and joint probabilities will do; the diagonal is left out. Entries of a sparse
        one for the same place are summed.
    name : str
        What errors call it.

    Returns
    -------
    JointP

    Raises
    ------
    TypeError, ValueError
        Not square, negative or not finite entries, places out of range, a point without any.
    """
    matrix = _as_csr(P, name).astype(np.float64)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be square, got shape {matrix.shape}")
    n = matrix.shape[0]
    if n < 2:
        raise ValueError(f"{name} must have 2 rows or more, got {n}")
    if matrix.data.size and matrix.data.min() < 0:
        raise ValueError(f"{name} must be 0 or more, got {matrix.data.min():g}")
    matrix = matrix / (matrix.data.max(initial=0) or 1)
    matrix = matrix - sparse.diags_array(matrix.diagonal(), format="csr")
    matrix = (matrix + matrix.T).tocsr()
    matrix = (matrix / (matrix.data.sum() or 1)).astype(np.float32)
    matrix.eliminate_zeros()  # also of what float32 cannot hold
    matrix.sort_indices()
    alone = np.flatnonzero(np.diff(matrix.indptr) == 0)
    if alone.size:
        raise ValueError(f"{name} must connect each point to another, got none in row {alone[0]}")
    return JointP(
        torch.from_numpy(matrix.indptr.astype(np.int64)),
        torch.from_numpy(matrix.indices.astype(np.int32)),
        torch.from_numpy(matrix.data),
    )


def _as_csr(P: Any, name: str) -> Any:
    """Return a sparse array of finite numbers, each place once; nothing is taken on trust."""
    if isinstance(P, Tensor):
        P = _of_tensor(P.detach(), name)
    if not sparse.issparse(P):
        _validation.check_unmasked(name, P)
        P = np.asarray(P)
        if P.dtype.kind not in "biuf" or P.ndim != 2:
            raise TypeError(
                f"{name} must be a matrix of numbers, got dtype {P.dtype} of shape {P.shape}"
            )
        P = sparse.csr_array(P.astype(np.float64))
    return sparse.csr_array(_validation.as_csr(P, name))


def _of_tensor(P: Tensor, name: str) -> Any:
    """Return an array or a sparse one of the same numbers."""
    if P.is_complex() or P.dim() != 2:
        raise TypeError(f"{name} must be a matrix of numbers, got {P.dtype} of shape {P.shape}")
    if P.layout == torch.strided:
        return P.double().cpu().numpy()
    if P.layout == torch.sparse_csr:
        values, columns, ends = (
            part.cpu().numpy() for part in (P.values().double(), P.col_indices(), P.crow_indices())
        )
        _validation.check_compressed(name, ends, columns, values, *P.shape)
        return sparse.csr_array((values, columns, ends), shape=tuple(P.shape))
    if P.layout == torch.sparse_coo:
        # Before they are summed: torch does not look where the places are.
        places, values = P._indices().cpu().numpy(), P._values().double().cpu().numpy()
        for what, row, size in zip(("rows", "columns"), places, P.shape, strict=True):
            _validation.check_range(f"{what} of {name}", row, size)
        return sparse.coo_array((values, tuple(places)), shape=tuple(P.shape))
    raise TypeError(f"{name} must be dense, or sparse in COO or CSR layout, got {P.layout}")


def is_matrix(affinities: Any) -> bool:
    """Whether ``affinities`` is a P rather than a way to make one; it may still be wrong."""
    is_table = hasattr(affinities, "__array__") and hasattr(affinities, "shape")
    return (is_table and len(affinities.shape) > 0) or sparse.issparse(affinities)


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
    """Go from data to P, as :class:`fasttsne.TSNE` does.

    Parameters
    ----------
    X : array, Tensor or scipy.sparse matrix, shape (n, d)
    perplexity : float, default 30
    affinities : Affinities, optional
        Default: ``Perplexity(perplexity)``.
    neighbors, metric, metric_params
        As of :class:`fasttsne.TSNE`.
    device : torch.device, optional
        Where to compute, and where P will be; default: where X is.
    seed : int
        Of the approximate search.

    Returns
    -------
    JointP
        Of the rows of X in their order.
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
        nearest = found.neighbors
        if found.order is not None:
            nearest = _in_order(nearest, found.order)
        return kind.joint(nearest)


def _in_order(neighbors: Neighbors, order: Tensor) -> Neighbors:
    """Undo a sort: rows and indices as they were before ``X[order]``."""
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order), device=order.device)
    indices = order.int()[neighbors.indices.long()][place]
    return neighbors._replace(indices=indices, sq_distances=neighbors.sq_distances[place])
