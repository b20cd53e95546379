"""From data to neighbours.

:mod:`~fasttsne.neighbors.search` chooses among exact search, search by cells, a metric and a graph
that the user brings.
"""

from .exact import Neighbors, exact_neighbors
from .graphs import given_neighbors

__all__ = ["Neighbors", "exact_neighbors", "given_neighbors"]
