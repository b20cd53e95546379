"""The methods to sum the repulsion by name, and the choice between them."""

from __future__ import annotations

import math

from torch import Tensor

from .bounds import Bounds
from .mesh import Mesh
from .mesh_grid import ChargeGrid
from .repulsion import (
    MOST_POINTS_FOR_EXACT,
    Approximate,
    BarnesHut,
    Exact,
    Gaussian,
    Repulsion,
    RepulsionFunction,
)

METHODS = ("auto", "exact", "barnes_hut", "fft")
OBJECTIVES = ("tsne", "symmetric_sne", "sne")

_MESH_NODES_PER_POINT, _NODES_OF_OVERHEAD = 40, 80_000
"""On a CPU the mesh is faster than the tree up to 40 nodes of its padded grid per point, less
80,000 nodes in all for the fixed cost of its calls; bench/crossover.py times both."""


class MeshOrTree(Approximate):
    """The mesh while the map is dense enough for it, the tree once the map has spread.

    All maps start small, so that the early phase uses the mesh. When the tree takes over depends on
    how wide the map becomes: late or never for 100,000 points in the plane, at once for 2,000
    points far apart. A GPU, on which the tree is slower, uses it only where no mesh is fine enough.
    """

    name = "fft, barnes_hut"

    def __init__(self, mesh: Mesh, tree: BarnesHut) -> None:
        self.mesh = mesh
        self.tree = tree
        self.dof = tree.dof

    def prepare(self, Y: Tensor, low: list[float], high: list[float]) -> RepulsionFunction:
        """Return the function of the faster of the two."""
        most = _MESH_NODES_PER_POINT * Y.shape[0] - _NODES_OF_OVERHEAD
        if Y.is_cuda or self.mesh.nodes_for(low, high) <= most:
            function = self.mesh.prepare(Y, low, high)
            # Anything else is what the mesh falls back to: a tree with a theta of its own.
            if isinstance(function, ChargeGrid):
                return function
        return self.tree.prepare(Y, low, high)

    def grid_bounds(self) -> Bounds | None:
        """Return the bounds of the mesh's grid."""
        return self.mesh.grid_bounds()

    def restore_grid(self, Y: Tensor, bounds: Bounds | None) -> None:
        """Make the mesh's grid."""
        self.mesh.restore_grid(Y, bounds)

    def precise(self) -> MeshOrTree:
        """Return the same mesh with a finer tree."""
        return MeshOrTree(self.mesh, self.tree.precise())


def choose_repulsion(
    method: str,
    n: int,
    dims: int,
    dof: float,
    theta: float,
    step: float | None = None,
    objective: str = "tsne",
) -> Repulsion:
    """Return the way to sum the repulsion that belongs to a method and an objective.

    Parameters
    ----------
    method : {'auto', 'exact', 'barnes_hut', 'fft'}
    n, dims : int
        Size of the map.
    dof : float
        Degrees of freedom. ``math.inf`` turns t-SNE into symmetric SNE; the other objectives
        ignore it.
    theta : float
        See :class:`BarnesHut`; 0 makes ``'barnes_hut'`` the exact sum.
    step : float, optional
        See :class:`Mesh`. Default: one that the number of points and the method decide.
    objective : {'tsne', 'symmetric_sne', 'sne'}
        The last two have a Gaussian kernel, which is summed exactly.

    Raises
    ------
    ValueError
        More than 3 dimensions with a tree or a mesh; either of these with a Gaussian kernel.
    """
    if objective != "tsne" or dof == math.inf:
        if method not in ("auto", "exact"):
            asked = "dof=inf" if objective == "tsne" else f"objective={objective!r}"
            raise ValueError(f"{asked} needs method='exact' (or 'auto'), got {method!r}")
        return Gaussian(conditional=objective == "sne")
    if method in ("barnes_hut", "fft") and dims > 3:
        raise ValueError(
            f"'n_components' should be 1 to 3 for method={method!r}, got {dims}; "
            "method='exact' takes any number"
        )
    if method == "auto":
        if dims > 3 or n <= MOST_POINTS_FOR_EXACT:
            method = "exact"
        elif dims == 1:
            # The error of the tree is largest in one dimension, and a grid is cheap there.
            method = "fft"
    if method == "exact" or (method == "barnes_hut" and theta == 0):
        # With theta = 0 every cell is opened, and the tree would sum over all pairs.
        return Exact(dof)
    tree = BarnesHut(dof, theta)
    step_on_gpu = step
    if step is None:
        step_on_gpu = Mesh.STEP_SPARSE if n < Mesh.SPARSE_BELOW else Mesh.STEP
        step = step_on_gpu if method == "fft" else Mesh.STEP
    mesh = Mesh(dof, step, step_on_gpu)
    if method == "auto":
        return MeshOrTree(mesh, tree)
    return tree if method == "barnes_hut" else mesh
