"""Attractive forces and the Barnes-Hut approximation in numba: a plain textbook implementation.

It shares only the formulas with the kernels. The tests use it as an independent oracle, and
bench/test_kernels.py times it for comparison.
"""

from __future__ import annotations

import numba as nb
import numpy as np

MAX_DEPTH = 40
"""Largest depth of the quadtree, where points that are still in one cell stay together."""


@nb.njit(parallel=True, fastmath=True)
def attractive_forces(indptr, indices, values, Y):
    """Sum P_ij w_ij (y_i - y_j) over the neighbours j of each point, w_ij = 1 / (1 + d_ij^2).

    P is a sparse matrix in CSR form: ``indptr``, ``indices``, ``values``. Returns (n, 2).
    """
    forces = np.zeros_like(Y)
    for i in nb.prange(Y.shape[0]):
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            dx = Y[i, 0] - Y[j, 0]
            dy = Y[i, 1] - Y[j, 1]
            pull = values[e] / (1 + dx * dx + dy * dy)
            forces[i, 0] += pull * dx
            forces[i, 1] += pull * dy
    return forces


@nb.njit
def build_tree(Y):
    """Insert the points one by one into a quadtree.

    Returns the indices of the children of each cell (cells, 4), -1 for none, and the centre of mass
    (cells, 2), number of points (cells,) and side length (cells,) of each cell.
    """
    n = Y.shape[0]
    room = 8 * n + 64
    child = np.full((room, 4), -1, np.int64)
    mass = np.zeros((room, 2))
    count = np.zeros(room, np.int64)
    side = np.zeros(room)
    middle = np.zeros((room, 2))
    low_x, low_y = Y[:, 0].min(), Y[:, 1].min()
    side[0] = max(Y[:, 0].max() - low_x, Y[:, 1].max() - low_y) + 1e-12
    middle[0, 0] = low_x + side[0] / 2
    middle[0, 1] = low_y + side[0] / 2
    cells = 1
    for i in range(n):
        x, y = Y[i, 0], Y[i, 1]
        cell, depth = 0, 0
        while True:
            c = count[cell]
            old_x, old_y = mass[cell, 0], mass[cell, 1]
            mass[cell, 0] = (old_x * c + x) / (c + 1)
            mass[cell, 1] = (old_y * c + y) / (c + 1)
            count[cell] = c + 1
            leaf = child[cell].max() < 0
            if c == 0 or (leaf and (depth == MAX_DEPTH or (old_x == x and old_y == y))):
                break
            if leaf:
                # Move the points of the leaf, which are all equal, to a new child.
                q = (old_x > middle[cell, 0]) + 2 * (old_y > middle[cell, 1])
                if cells + 2 > room:
                    raise MemoryError("the tree outgrew its arrays")
                child[cell, q] = cells
                side[cells] = side[cell] / 2
                middle[cells, 0] = middle[cell, 0] + ((q & 1) - 0.5) * side[cells]
                middle[cells, 1] = middle[cell, 1] + ((q >> 1) - 0.5) * side[cells]
                mass[cells, 0], mass[cells, 1] = old_x, old_y
                count[cells] = c
                cells += 1
            q = (x > middle[cell, 0]) + 2 * (y > middle[cell, 1])
            if child[cell, q] < 0:
                child[cell, q] = cells
                side[cells] = side[cell] / 2
                middle[cells, 0] = middle[cell, 0] + ((q & 1) - 0.5) * side[cells]
                middle[cells, 1] = middle[cell, 1] + ((q >> 1) - 0.5) * side[cells]
                cells += 1
            cell = child[cell, q]
            depth += 1
    return child[:cells], mass[:cells], count[:cells], side[:cells]


@nb.njit(parallel=True, fastmath=True)
def walk_tree(Y, child, mass, count, side, theta):
    """Return the repulsive forces, (n, 2), and the contribution of each point to Z, (n,).

    A cell of side s at distance d stands for its points if s / d < theta.
    """
    n = Y.shape[0]
    forces = np.zeros((n, 2))
    shares = np.zeros(n)
    for i in nb.prange(n):
        stack = np.empty(4 * (MAX_DEPTH + 2), np.int64)
        stack[0] = 0
        top = 1
        while top > 0:
            top -= 1
            cell = stack[top]
            dx = Y[i, 0] - mass[cell, 0]
            dy = Y[i, 1] - mass[cell, 1]
            d2 = dx * dx + dy * dy
            leaf = child[cell].max() < 0
            if leaf or side[cell] * side[cell] < theta * theta * d2:
                q = 1 / (1 + d2)
                shares[i] += count[cell] * q
                forces[i, 0] += count[cell] * q * q * dx
                forces[i, 1] += count[cell] * q * q * dy
            else:
                for k in range(4):
                    if child[cell, k] >= 0:
                        stack[top] = child[cell, k]
                        top += 1
        shares[i] -= 1  # the point itself, at distance 0
    return forces, shares


def repulsive_bh(Y, theta=0.5):
    """Return the repulsive forces, (n, 2), and Z by the method of Barnes and Hut (1986)."""
    Y = np.ascontiguousarray(Y, dtype=np.float64)
    forces, shares = walk_tree(Y, *build_tree(Y), theta)
    return forces, shares.sum()
