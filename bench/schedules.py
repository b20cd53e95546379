"""Compare schedules of the descent: seconds and all measures, on one P per data set.

    python bench/schedules.py [--perplexity 30] [--most N] [digits] [frames:N] [FILE.npz ...]

A FILE.npz holds X, and y where rows have labels. The forces are those of method='auto', the start
is PCA. `bench/quality.py` says what the columns are.
"""

from __future__ import annotations

import argparse
import time

import torch
from data import load_labelled
from quality import HEAD, line

from fasttsne import initialization
from fasttsne.affinities import Perplexity
from fasttsne.gradient import choose_repulsion
from fasttsne.metrics import Judge
from fasttsne.neighbors import exact_neighbors
from fasttsne.optimize import minimize_kl
from fasttsne.schedule import Phase

WIDTH = 50
STEPS = ((80, 0.8), (80, 0.9), (80, 0.95))
SCHEDULES = {
    "250 at .5, 500 at .8": ((250, 0.5), (500, 0.8)),
    "250 at .5, 400 to .9": ((250, 0.5), (133, 0.8), (200, 0.9), (67, 0.9)),
    "250 at .5, 400 to .95": ((250, 0.5), (100, 0.8), (100, 0.9), (150, 0.95), (50, 0.9)),
    "250 at .5, 400 to .975": ((250, 0.5), *STEPS, (120, 0.975), (40, 0.9)),
    "250 at .5, 400 to .9875": (
        *((250, 0.5), (67, 0.8), (67, 0.9), (66, 0.95), (67, 0.975), (100, 0.9875), (33, 0.9)),
    ),
    "100 at .8, 400 to .975": ((100, 0.8), *STEPS, (120, 0.975), (40, 0.9)),
    "250 at .8, 400 to .975": ((250, 0.8), *STEPS, (120, 0.975), (40, 0.9)),
    "100 at .8, 310 to .99": (
        *((100, 0.8), (40, 0.8), (40, 0.9), (40, 0.95), (40, 0.98), (60, 0.99), (30, 0.9)),
    ),
    "at once: 60 at .8, 150 at .97, 40 at .9": ((60, 0.8), (150, 0.97), (40, 0.9)),
    "at once: 50 at .8, 50 at .98, 60 at .99, 40 at .9": (
        *((50, 0.8), (50, 0.98), (60, 0.99), (40, 0.9)),
    ),
}
"""Iterations and momentum of each phase, the first exaggerated. The rule is the one that goes to
.975, or less far for few points and many neighbours (fasttsne.schedule.default_schedule)."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", nargs="*", default=["digits", "frames:5000"])
    parser.add_argument("--perplexity", type=float, default=30.0)
    parser.add_argument("--most", type=int, help="rows of each data set, picked by chance")
    options = parser.parse_args()
    for name in options.data:
        X, labels = load_labelled(name, options.most)
        n = len(X)
        perplexity = min(options.perplexity, (n - 1) / 3)
        centred = torch.from_numpy(X - X.mean(0))
        P = Perplexity(perplexity).joint(exact_neighbors(centred, int(3 * perplexity)))
        judge = Judge(X, labels, P=P, method="exact")
        start = initialization.pca(centred, 2, seed=0)
        print(f"\n{name}: {n:,} x {X.shape[1]}, perplexity {perplexity:g}")
        print(f"{'schedule':{WIDTH}}{'seconds':>9}{HEAD}")
        for label, rule in SCHEDULES.items():
            (early, momentum), *late = rule
            phases = [Phase(early, 12, momentum, n / 48)]
            phases += [Phase(count, 1, momentum, n / 4) for count, momentum in late]
            begun = time.perf_counter()
            best = minimize_kl(P, start, phases, choose_repulsion("auto", n, 2, 1.0, 0.5))
            seconds = time.perf_counter() - begun
            Y = best.embedding.numpy()
            print(f"{label:{WIDTH}}{seconds:9.2f}{line(judge(Y), Y)}", flush=True)


if __name__ == "__main__":
    main()
