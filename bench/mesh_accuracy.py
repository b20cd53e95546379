"""Measure the error of the forces by mesh and by tree, and its effect on the KL divergence.

    python bench/mesh_accuracy.py [digits] [frames:N] [FILE.npz ...]

For each method, on a finished map: the relative error (L2) of the forces; the error of the gradient
over the norm of the gradient (attraction and repulsion nearly cancel in a finished map, so this is
much larger, and above 1 the error dominates); and the relative error of Z. Then the KL divergence,
by the exact sum, of the map that the default schedule makes with these forces.
"""

from __future__ import annotations

import sys

from data import load_centered

from fasttsne import initialization, ops
from fasttsne.affinities import Perplexity
from fasttsne.descent.mesh import Mesh
from fasttsne.descent.optimize import minimize_kl
from fasttsne.descent.repulsion import BarnesHut
from fasttsne.metrics import kl_divergence
from fasttsne.neighbors.exact import exact_neighbors
from fasttsne.schedule import default_schedule


def main(names: list[str]) -> None:
    for name in names:
        X = load_centered(name)
        n = len(X)
        P = Perplexity(30.0).joint(exact_neighbors(X, 90))
        start = initialization.pca(X, 2, seed=0)
        phases = default_schedule(n)
        Y = minimize_kl(P, start, phases, BarnesHut(1.0, 0.5)).embedding
        low, high = Y.amin(0).tolist(), Y.amax(0).tolist()
        exact, Z = ops.repulsive_exact(Y)
        attractive, _ = ops.attractive_forces(*P, Y)
        gradient = attractive - exact / Z
        print(f"{name}: span {max(b - a for a, b in zip(low, high, strict=True)):.0f}")
        methods = {f"fft, step {s}": Mesh(1.0, s) for s in (0.65, 0.5, 0.35, 0.25)}
        methods |= {f"barnes_hut, theta {t}": BarnesHut(1.0, t) for t in (0.8, 0.5, 0.2)}
        for label, method in methods.items():
            forces, total = method(Y, low, high)
            error = forces - exact
            relative = float(error.norm() / exact.norm())
            share = float((error / Z).norm() / gradient.norm())
            best = minimize_kl(P, start, phases, method).embedding
            kl = kl_divergence(P, best)
            print(
                f"  {label:22s} forces {relative:.1e}, over the gradient left {share:.2f}, "
                f"Z {float(total / Z) - 1:+.1e}; KL {kl:.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:] or ["digits", "frames:10000"])
