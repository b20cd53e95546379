"""Compare schedules of the descent: KL divergence and seconds on one P per data set.

    python bench/schedules.py [digits] [frames:N] [FILE.npz ...]

A FILE.npz holds X. The forces are those of method='auto', the KL divergence that of Barnes-Hut with
theta = 0.2.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from data import load_centered

from fasttsne import initialization
from fasttsne.affinities import Perplexity
from fasttsne.gradient import choose_repulsion
from fasttsne.metrics import kl_divergence, neighbor_recall
from fasttsne.neighbors import exact_neighbors
from fasttsne.optimize import minimize_kl
from fasttsne.schedule import Phase

SCHEDULES = {
    "250 at .5, 500 at .8": ((250, 0.5), (500, 0.8)),
    "100 at .8, 300 at .9": ((100, 0.8), (300, 0.9)),
    "60 at .8, 190 at .95, 40 at .9": ((60, 0.8), (190, 0.95), (40, 0.9)),
    "60 at .8, 150 at .97, 40 at .9": ((60, 0.8), (150, 0.97), (40, 0.9)),
    "100 at .8, 200 at .97, 50 at .9": ((100, 0.8), (200, 0.97), (50, 0.9)),
    "60 at .8, 120 at .98, 40 at .9": ((60, 0.8), (120, 0.98), (40, 0.9)),
    "60 at .8, 60 at .98, 60 at .99, 40 at .9": ((60, 0.8), (60, 0.98), (60, 0.99), (40, 0.9)),
    "50 at .8, 50 at .98, 60 at .99, 40 at .9": ((50, 0.8), (50, 0.98), (60, 0.99), (40, 0.9)),
    "50 at .8, 50 at .98, 50 at .99, 30 at .9": ((50, 0.8), (50, 0.98), (50, 0.99), (30, 0.9)),
    "60 at .8, 100 at .99, 40 at .9": ((60, 0.8), (100, 0.99), (40, 0.9)),
}


def main(names: list[str]) -> None:
    for name in names:
        X = load_centered(name)
        n = len(X)
        P = Perplexity(min(30.0, (n - 1) / 3)).joint(exact_neighbors(X, min(n - 1, 90)))
        Y = initialization.pca(X, 2, seed=0)
        print(f"{name}: n = {n}")
        for label, rule in SCHEDULES.items():
            (early, momentum), *late = rule
            phases = [Phase(early, 12, momentum, n / 48)]
            phases += [Phase(count, 1, momentum, n / 4) for count, momentum in late]
            start = time.perf_counter()
            best = minimize_kl(P, Y, phases, choose_repulsion("auto", n, 2, 1.0, 0.5))
            seconds = time.perf_counter() - start
            kl = kl_divergence(P, best.embedding, method="approximate")
            recall = neighbor_recall(X, best.embedding)
            span = np.ptp(best.embedding.numpy(), axis=0).max()
            print(
                f"  {label:42s} KL {kl:.4f}  recall@10 {recall:.3f}  {seconds:6.2f} s  "
                f"span {span:.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:] or ["digits", "frames:5000"])
