"""Print the relative error (L2) of the mesh's and the tree's forces on maps of real shape.

    python bench/mesh_accuracy.py

Beside it the same error over the norm of the gradient that is left late in a descent, where
attraction and repulsion all but cancel: above 1 the error rules.
"""

from __future__ import annotations

import torch
from data import load_centered

from fasttsne import TSNE, ops
from fasttsne.affinities import perplexity_affinities
from fasttsne.gradient import BarnesHut, Mesh
from fasttsne.neighbors import exact_neighbors


def main() -> None:
    for name in ("digits", "frames:10000"):
        X = load_centered(name)
        P = perplexity_affinities(exact_neighbors(X, 90), 30.0)
        Y = torch.as_tensor(TSNE(method="exact", random_state=0).fit_transform(X))
        low, high = Y.amin(0).tolist(), Y.amax(0).tolist()
        exact, Z = ops.repulsive_exact(Y)
        attractive, _ = ops.attractive_forces(*P, Y)
        gradient = attractive - exact / Z
        print(f"{name}: span {max(b - a for a, b in zip(low, high, strict=True)):.0f}")
        methods = {f"fft, step {s}": Mesh(1.0, s) for s in (0.5, 0.4, 0.3, 0.25, 0.2)}
        methods |= {f"barnes_hut, theta {t}": BarnesHut(1.0, t) for t in (0.8, 0.5, 0.3)}
        for label, method in methods.items():
            error = method(Y, low, high)[0] - exact
            relative = float(error.norm() / exact.norm())
            share = float((error / Z).norm() / gradient.norm())
            print(f"  {label:22s} {relative:.1e}  over the gradient left: {share:.2f}")


if __name__ == "__main__":
    main()
