"""Compare schedules of the optimization: time and all measures, with one P per data set.

    python bench/schedules.py [--perplexity 30] [--most N] [digits] [frames:N] [FILE.npz ...]

The forces are those of method='auto', the initialization is PCA. `bench/data.py` documents the
names of data sets, `bench/quality.py` the columns.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from data import load_labelled
from quality import HEAD, joint_P, line, make_judge

from fasttsne import initialization
from fasttsne.descent.methods import choose_repulsion
from fasttsne.descent.optimize import minimize_kl
from fasttsne.schedule import Phase, default_schedule

WIDTH = 50


def rising(early: int, momentum: float, late: int, least: float) -> list[tuple[int, float]]:
    """Return iterations and momentum of each phase of a schedule with rising momentum m.

    An exaggerated phase of ``early`` iterations with momentum ``momentum`` comes first. Then 1 - m
    falls from 0.2 to ``least`` in four phases with equal ratios, and a short phase has m = 0.9;
    these take ``late`` iterations together.
    """
    losses = [0.2 * (least / 0.2) ** (i / 3) for i in range(4)]
    lengths = [round(late * share / 10) for share in (2, 2, 2, 3, 1)]
    return [(early, momentum), *zip(lengths, [*(1 - loss for loss in losses), 0.9], strict=True)]


SCHEDULES = {
    "250 at .5, 500 at .8": [(250, 0.5), (500, 0.8)],
    "150 at .5, 250 to .9": rising(150, 0.5, 250, 0.1),
    "150 at .5, 250 to .95": rising(150, 0.5, 250, 0.05),
    "150 at .5, 250 to .975": rising(150, 0.5, 250, 0.025),
    "150 at .5, 250 to .983": rising(150, 0.5, 250, 1 / 60),
    "150 at .5, 250 to .9875": rising(150, 0.5, 250, 0.0125),
    "250 at .5, 250 to .983": rising(250, 0.5, 250, 1 / 60),
    "250 at .5, 400 to .983": rising(250, 0.5, 400, 1 / 60),
    "100 at .8, 250 to .983": rising(100, 0.8, 250, 1 / 60),
    "150 at .8, 250 to .983": rising(150, 0.8, 250, 1 / 60),
    "at once: 60 at .8, 150 at .97, 40 at .9": [(60, 0.8), (150, 0.97), (40, 0.9)],
    "at once: 50 at .8, 50 at .98, 60 at .99, 40 at .9": [
        *((50, 0.8), (50, 0.98), (60, 0.99), (40, 0.9)),
    ],
}
"""(iterations, momentum) of each phase; the first is exaggerated."""


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
        centred, P = joint_P(X, perplexity)
        judge = make_judge(X, labels, P)
        start = initialization.pca(centred, 2, seed=0)
        print(f"\n{Path(name).name}: {n:,} x {X.shape[1]}, perplexity {perplexity:g}")
        print(f"{'schedule':{WIDTH}}{'seconds':>9}{HEAD}")
        schedules = {"the default": default_schedule(n, neighbors=3 * perplexity)}
        for label, ((early, momentum), *late) in SCHEDULES.items():
            schedules[label] = [
                Phase(early, 12, momentum, n / 48),
                *(Phase(count, 1, momentum, n / 4) for count, momentum in late),
            ]
        for label, phases in schedules.items():
            begun = time.perf_counter()
            best = minimize_kl(P, start, phases, choose_repulsion("auto", n, 2, 1.0, 0.5))
            seconds = time.perf_counter() - begun
            Y = best.embedding.numpy()
            print(f"{label:{WIDTH}}{seconds:9.2f}{line(judge(Y), Y)}", flush=True)


if __name__ == "__main__":
    main()
