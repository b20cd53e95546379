"""Compare initializations by all measures: medians over seeds, and their variation.

    python bench/starts.py [--seeds 5] [--most ROWS] [--max-iter N] [--perplexity 30]
                           [digits] [frames:N] [FILE.npz ...]

Initializations are PCA, spectral and random. PCA and spectral ones get random noise for each seed,
a hundredth of the size of a random initialization, because a single map is only one sample. Below
each line of medians are half the differences between the largest and the smallest values.
`bench/quality.py` documents the columns.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from data import load_labelled
from quality import COLUMNS, HEAD, joint_P, make_judge

from fasttsne import TSNE, initialization
from fasttsne.metrics import digits

STARTS = ("pca", "random", "spectral")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", nargs="*", default=["digits", "frames:5000"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--most", type=int, help="rows of each data set, picked by chance")
    parser.add_argument("--max-iter", type=int)
    parser.add_argument("--perplexity", type=float, default=30.0)
    options = parser.parse_args()
    for name in options.data:
        X, labels = load_labelled(name, options.most)
        n = len(X)
        perplexity = min(options.perplexity, (n - 1) / 3)
        centred, P = joint_P(X, perplexity)
        judge = make_judge(X, labels, P)
        print(f"\n{Path(name).name}: {n:,} x {X.shape[1]}, perplexity {perplexity:g}")
        print(f"{'start':24s}{'seconds':>9}{HEAD}")
        for start in STARTS:
            if start == "pca":
                begin = initialization.pca(centred, 2, 0)
            elif start == "spectral":
                begin = initialization.spectral(P.to_scipy(), 2, 0)
            seconds, found = [], []
            for seed in range(options.seeds):
                noise = initialization.random(n, 2, seed)
                Y = noise if start == "random" else begin + 1e-2 * noise
                fit = TSNE(
                    perplexity=perplexity,
                    init=Y.numpy(),
                    max_iter=options.max_iter,
                    random_state=0,
                )
                begun = time.perf_counter()
                embedding = fit.fit_transform(X)
                seconds.append(time.perf_counter() - begun)
                found.append({**judge(embedding), "span": np.ptp(embedding, axis=0).max()})
            names = [key for key in (*COLUMNS, "span") if key in found[0]]
            table = np.array([[one[key] for key in names] for one in found])
            for label, time_, row in (
                (start, np.median(seconds), np.median(table, 0)),
                ("  +-", np.ptp(seconds) / 2, np.ptp(table, 0) / 2),
            ):
                cells = {key: digits(value) for key, value in zip(names, row.tolist(), strict=True)}
                cells["span"] = f"{row[-1]:.0f}"
                shown = "".join(f"{cells.get(key, '-'):>8}" for key in (*COLUMNS, "span"))
                print(f"{label:24s}{time_:9.2f}{shown}", flush=True)


if __name__ == "__main__":
    main()
