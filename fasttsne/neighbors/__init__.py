"""From data to the nearest neighbours of each row.

===================  ==============================================================================
module               what it holds
===================  ==============================================================================
``search``           ``Search``: which of the searches below suits the data, and what it gets
``scaling``          data centred and scaled by powers of two, so that float32 holds them
``sphere``           cosine and correlation distances as Euclidean ones of unit vectors
``exact``            exact Euclidean search over all tiles of the distance matrix
``cells``            approximate Euclidean search among near cells only, with measured recall
``leading``          leading principal components, which find neighbours for whole rows
``kmeans``           rows clustered into cells
``cell_tiles``       the same by tiles between large cells: on a GPU, and in spread-out data
``recall``           which share of the true neighbours a search finds
``tiles``            blocks of rows, and tiles (pairs of blocks) that can run at the same time
``candidates``       what tiles keep for each row, and a certificate that it holds the nearest
``rounding``         upper bound on the error of a tile's distances
``brute_force``      nearest rows from all distances, for rows that have no certificate
``metric``           any metric of scikit-learn, sparse data, precomputed distances
``graphs``           neighbours that the user brings
``result``           :class:`Neighbors`, which every search returns
===================  ==============================================================================
"""

from .exact import exact_neighbors
from .graphs import given_neighbors
from .result import Neighbors

__all__ = ["Neighbors", "exact_neighbors", "given_neighbors"]
