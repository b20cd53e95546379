"""Ways to make P from the distances of neighbours.

Each kind of :class:`Affinities` says how many neighbours it needs and turns their distances into
conditional probabilities p_{j|i}. All make the joint P of these in the same way.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _validation, ops
from ..neighbors import Neighbors
from .joint import JointP, joint_P


class Affinities(ABC):
    """One way to turn the distances of neighbours into probabilities."""

    @abstractmethod
    def neighbors_wanted(self) -> int:
        """Return how many neighbours of each point to search for."""

    @abstractmethod
    def conditional_P(self, neighbors: Neighbors) -> Tensor:
        """Compute the conditional probabilities of the neighbours of each point.

        Parameters
        ----------
        neighbors : Neighbors
            k neighbours of each of n points.

        Returns
        -------
        Tensor, shape (n, k), float32
            p_{j|i} for each neighbour j of point i; each row sums to 1.
        """

    @abstractmethod
    def check(self, n: int) -> None:
        """Check that the parameters suit a number of points.

        Parameters
        ----------
        n : int
            Number of points.

        Raises
        ------
        TypeError, ValueError
            A parameter is of another type, or out of range.
        """

    def joint(self, neighbors: Neighbors) -> JointP:
        """Compute P_ij = (p_{j|i} + p_{i|j}) / 2n, which is the same for all kinds.

        Parameters
        ----------
        neighbors : Neighbors
            Neighbours of each of n points.

        Returns
        -------
        JointP
            P of all pairs, of which one is a neighbour of the other.
        """
        return joint_P(neighbors.indices, self.conditional_P(neighbors))


@dataclass(frozen=True)
class Perplexity(Affinities):
    """Gaussians whose widths give every row the same perplexity (van der Maaten and Hinton 2008).

    p_{j|i} is proportional to exp(-d_ij^2 / 2 sigma_i^2). The width sigma_i is such that the
    entropy of row i is log2(perplexity) bits.

    Parameters
    ----------
    perplexity : float, default 30
        1 or more, and less than the number of points. Where there are fewer neighbours, it is
        lowered to their number, with a warning.
    """

    perplexity: float = 30.0

    def neighbors_wanted(self) -> int:
        """Return three times the perplexity: points farther away have almost no probability."""
        return max(1, int(3 * self.perplexity))

    def conditional_P(self, neighbors: Neighbors) -> Tensor:
        """Search the width of each row, and return its probabilities: (n, k) float32."""
        return self._search(neighbors)[1]

    def sigma(self, neighbors: Neighbors) -> Tensor:
        """Search the width of the Gaussian of each row.

        Parameters
        ----------
        neighbors : Neighbors
            Neighbours of each of n points.

        Returns
        -------
        Tensor, shape (n,), float32
            sigma_i in units of the data.
        """
        return neighbors.unit * (0.5 / self._search(neighbors)[0]).sqrt()

    def _search(self, neighbors: Neighbors) -> tuple[Tensor, Tensor]:
        """Return beta = 1 / (2 sigma^2) in units of the scaled distances (n,), and P (n, k)."""
        k = neighbors.indices.shape[1]
        if self.perplexity > k:
            warnings.warn(
                f"perplexity {self.perplexity:g} is lowered to {k}, the number of neighbors",
                stacklevel=2,
            )
        return ops.perplexity_search(neighbors.sq_distances, min(self.perplexity, k))

    def check(self, n: int) -> None:
        """Raise unless 1 <= perplexity < n; warn above n - 2: all pairs weigh almost the same.

        Raises
        ------
        TypeError
            Not a number; the message names :class:`Multiscale` where there are several.
        ValueError
            Out of range.
        """
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
    """Several perplexities at once, for near and far neighbourhoods (Lee et al. 2015).

    Parameters
    ----------
    perplexities : sequence of float
        Each as in :class:`Perplexity`.
    mixture : bool, default False
        False: p_{j|i} is the mean of the p_{j|i} of all perplexities.
        True: p_{j|i} is proportional to a mixture of their Gaussians, to the sum of
        exp(-d_ij^2 / 2 sigma_ih^2) / sigma_ih over the perplexities h. The factor 1 / sigma is that
        of a normal density in one dimension; it gives narrow Gaussians a larger share.
    """

    perplexities: Sequence[float]
    mixture: bool = False

    def neighbors_wanted(self) -> int:
        """Return three times the largest perplexity."""
        return max(1, int(3 * max(self.perplexities)))

    def conditional_P(self, neighbors: Neighbors) -> Tensor:
        """Search the widths of each row, and average or mix: (n, k) float32."""
        found = [Perplexity(p)._search(neighbors) for p in self.perplexities]
        if not self.mixture:
            return torch.stack([P for _, P in found]).mean(0)
        nearest = neighbors.sq_distances.min(1, keepdim=True).values
        beyond = neighbors.sq_distances - nearest
        beta = torch.stack([b for b, _ in found], 1)  # (n, perplexities)
        # ln(sqrt(beta) exp(-beta d^2)) at the nearest neighbour, relative to the largest of the
        # row: so the exponentials do not all underflow.
        weight = 0.5 * beta.clamp(min=torch.finfo(beta.dtype).tiny).log() - beta * nearest
        weight = (weight - weight.max(1, keepdim=True).values).exp()
        mixed = torch.zeros_like(beyond)
        for h in range(beta.shape[1]):
            mixed += weight[:, h, None] * (-beta[:, h, None] * beyond).exp()
        return mixed / mixed.sum(1, keepdim=True)

    def check(self, n: int) -> None:
        """Raise unless there is a perplexity and all are 1 or more and less than n."""
        if not isinstance(self.perplexities, Sequence) or not self.perplexities:
            raise TypeError(
                f"perplexities must be a list of 1 number or more, got {self.perplexities!r}"
            )
        for i, perplexity in enumerate(self.perplexities):
            _check_perplexity(f"perplexities[{i}]", perplexity, n)


@dataclass(frozen=True)
class FixedSigma(Affinities):
    """Gaussians of one width for all points: dense regions of the data stay dense in the map.

    p_{j|i} is proportional to exp(-d_ij^2 / 2 sigma^2).

    Parameters
    ----------
    sigma : float
        Standard deviation in units of the data, above 0.
    k : int, default 90
        Number of neighbours of each point.
    """

    sigma: float
    k: int = 90

    def neighbors_wanted(self) -> int:
        """Return k."""
        return self.k

    def conditional_P(self, neighbors: Neighbors) -> Tensor:
        """Apply the Gaussian to the distances of each row: (n, k) float32."""
        sq = neighbors.sq_distances.double()
        inverse = min(neighbors.unit / self.sigma, 1e150)  # its square must be finite
        return torch.softmax(-0.5 * inverse**2 * (sq - sq.min(1, keepdim=True).values), 1).float()

    def check(self, n: int) -> None:
        """Raise unless sigma is above 0 and k is 1 or more."""
        _validation.number("sigma", self.sigma, above=0)
        _validation.integer("k", self.k, 1)


@dataclass(frozen=True)
class Uniform(Affinities):
    """The same probability, 1 / k, for each of the k nearest neighbours.

    Parameters
    ----------
    k : int, default 30
        Number of neighbours of each point.
    """

    k: int = 30

    def neighbors_wanted(self) -> int:
        """Return k."""
        return self.k

    def conditional_P(self, neighbors: Neighbors) -> Tensor:
        """Return 1 / k everywhere: (n, k) float32."""
        return torch.full_like(neighbors.sq_distances, 1 / neighbors.sq_distances.shape[1])

    def check(self, n: int) -> None:
        """Raise unless k is 1 or more."""
        _validation.integer("k", self.k, 1)


def _check_perplexity(name: str, perplexity: Any, n: int) -> None:
    if _validation.number(name, perplexity, least=1) >= n:
        raise ValueError(f"{name} ({perplexity:g}) must be less than n_samples ({n})")
