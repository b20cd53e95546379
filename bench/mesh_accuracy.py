"""Print how far the forces of mesh and tree are off on finished maps, and what it does to the KL.

    python bench/mesh_accuracy.py [digits] [frames:N] [FILE.npz ...]

For each method: the relative error (L2) of the forces; the same over the norm of the gradient that
is left late in a descent, where attraction and repulsion all but cancel (above 1 the error rules);
the relative error of Z; and the KL divergence, by the exact sum, of a descent by the default
schedule with these forces.
"""

from __future__ import annotations

import sys

from data import load_centered

from fasttsne import initialization, ops
from fasttsne.affinities import Perplexity
from fasttsne.descent.optimize import minimize_kl
from fasttsne.descent.repulsion import BarnesHut, Mesh
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
