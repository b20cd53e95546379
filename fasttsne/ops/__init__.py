"""The ops that do the work of t-SNE, as functions of tensors that check their arguments.

Every op is defined once for all devices. A compiled kernel runs where there is one for the device,
and the definition in :mod:`fasttsne.reference` elsewhere. None of the ops in this table computes
gradients: they refuse tensors that require them. :mod:`fasttsne.nn` has differentiable losses.

===============  ================================================================================
neighbours       :func:`pairwise_sq_distances`, :func:`knn_scan_`, :func:`knn_rerank`,
                 :func:`knn_cells`
affinities       :func:`perplexity_search`, :func:`symmetrize`
forces           :func:`attractive_forces`, :func:`repulsive_exact`, :func:`repulsive_bh`,
                 :func:`repulsive_sne`
particle mesh    :func:`mesh_spread_`, :func:`mesh_gather`
optimiser        :func:`update_embedding_`
making new ops   :func:`define`, :func:`differentiate`
===============  ================================================================================

A call passes through three layers. First a wrapper, in a module that is named as the file of
``csrc/bindings``, checks the arguments with the functions of ``checks``. It copies inputs that are
not contiguous, unless its docstring asks for contiguous ones. Then a layer that ``table`` registers
refuses gradients. Last, torch dispatches to the kernel or to the fallback.
"""

from .affinities import perplexity_search, symmetrize
from .forces import attractive_forces, repulsive_bh, repulsive_exact, repulsive_sne
from .mesh import mesh_gather, mesh_spread_
from .neighbors import knn_cells, knn_rerank, knn_scan_, pairwise_sq_distances
from .table import define, differentiate
from .update import update_embedding_

__all__ = [  # noqa: RUF022  in the order in which the documentation shows them
    "pairwise_sq_distances",
    "knn_scan_",
    "knn_rerank",
    "knn_cells",
    "perplexity_search",
    "symmetrize",
    "attractive_forces",
    "repulsive_exact",
    "repulsive_bh",
    "repulsive_sne",
    "mesh_spread_",
    "mesh_gather",
    "update_embedding_",
    "define",
    "differentiate",
]
