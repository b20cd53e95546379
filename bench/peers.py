"""Compare t-SNE libraries on the same data: time and quality of the maps.

    python bench/peers.py [--data digits frames:10000 FILE.npz] [--libraries fasttsne sklearn ...]
                          [--python PATH] [--repeat N] [--iterations 750] [--perplexity 30]
                          [--most ROWS] [--maps FOLDER]

Each library runs in a process of its own with two threads. It first fits a small part of the data
as a warm-up. The time is of a whole fit with nothing precomputed, initialized by PCA if the library
can. The peers run the given number of iterations, of which a third, at most 250, with an
exaggeration of 12. fasttsne runs its own schedule, and `fasttsne:1000` runs 1000 iterations.
`fasttsne:METHOD` and `opentsne:METHOD` choose a method. --python names the interpreter of an
environment that has the peers, --maps a folder in which to keep the maps. `bench/data.py` documents
the names of data sets.

All maps of a data set are judged by the same measures; `bench/quality.py` documents the columns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from data import load_labelled
from quality import HEAD, joint_P, line, make_judge

THREADS = 2


def embed(library: str, X: np.ndarray, iterations: int, perplexity: float) -> np.ndarray:
    """Embed by one library, as its documentation recommends."""
    early = min(250, iterations // 3)
    name, _, option = library.partition(":")
    if name == "fasttsne":
        import fasttsne

        given = {"max_iter": int(option)} if option.isdigit() else {"method": option or "auto"}
        return fasttsne.TSNE(perplexity=perplexity, random_state=0, **given).fit_transform(X)
    if name in ("sklearn", "sklearnex"):
        if name == "sklearnex":
            from sklearnex import patch_sklearn

            patch_sklearn(verbose=False)
        from sklearn.manifold import TSNE

        return TSNE(
            perplexity=perplexity, max_iter=iterations, init="pca", n_jobs=THREADS, random_state=0
        ).fit_transform(X)
    if name == "opentsne":
        from openTSNE import TSNE

        method = option or "auto"
        return np.asarray(
            TSNE(
                perplexity=perplexity,
                early_exaggeration_iter=early,
                n_iter=iterations - early,
                negative_gradient_method=method,
                n_jobs=THREADS,
                random_state=0,
            ).fit(X)
        )
    if name == "h2pack":
        from tsne_h2pack import TSNE

        return TSNE(
            perplexity=perplexity,
            max_iter=iterations,
            init="random",
            n_jobs=THREADS,
            random_state=0,
        ).fit_transform(X)
    raise SystemExit(f"unknown library {library!r}")


def run_one(library: str, data: str, out: str, iterations: int, perplexity: float) -> None:
    """Run in the child process: warm up, fit, save the map, print the seconds."""
    X = np.load(data)
    embed(library, X[:500], 250, min(30.0, len(X) / 3 - 1))
    start = time.perf_counter()
    Y = embed(library, X, iterations, perplexity)
    seconds = time.perf_counter() - start
    np.save(out, np.asarray(Y, dtype=np.float32))
    print(json.dumps(seconds))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=["digits", "frames:5000", "frames:10000"])
    parser.add_argument("--libraries", nargs="+", default=["fasttsne", "fasttsne:750", "sklearn"])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--iterations", type=int, default=750)
    parser.add_argument("--perplexity", type=float, default=30.0)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--most", type=int, help="rows of each data set, picked by chance")
    parser.add_argument("--maps", type=Path)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return run_one(*options.one, options.iterations, options.perplexity)
    here = Path(__file__).resolve()
    environment = os.environ | {"OMP_NUM_THREADS": str(THREADS)}
    for data in options.data:
        X, labels = load_labelled(data, options.most)
        judge = make_judge(X, labels, joint_P(X, options.perplexity)[1])
        n, d = X.shape
        print(
            f"\n{Path(data).name}: {n:,} x {d}; {options.iterations} iterations of the peers",
            flush=True,
        )
        print(f"{'library':24s}{'seconds':>10s}{'spread':>14s}{HEAD}")
        for library in options.libraries:
            own = library.startswith("fasttsne")
            python = sys.executable if own else options.python
            seconds = []
            with tempfile.TemporaryDirectory() as folder:
                given, out = Path(folder) / "X.npy", Path(folder) / "map.npy"
                np.save(given, X)
                for _ in range(options.repeat):
                    done = subprocess.run(
                        [
                            python,
                            here,
                            "--iterations",
                            str(options.iterations),
                            "--perplexity",
                            str(options.perplexity),
                            "--one",
                            library,
                            given,
                            out,
                        ],
                        env=environment | {"PYTHONPATH": str(here.parents[1])},
                        capture_output=True,
                        text=True,
                        check=False,
                    )
                    if done.returncode:
                        raise SystemExit(f"{library} failed:\n{done.stderr[-2000:]}")
                    seconds.append(float(done.stdout.splitlines()[-1]))
                Y = np.load(out)
            if options.maps:
                options.maps.mkdir(parents=True, exist_ok=True)
                stem = f"{Path(data).name}-{library}".replace(":", "-")
                np.savez(
                    options.maps / f"{stem}.npz", Y=Y, **({} if labels is None else {"y": labels})
                )
            spread = f"{min(seconds):.2f}..{max(seconds):.2f}"
            print(
                f"{library:24s}{statistics.median(seconds):10.2f}{spread:>14s}{line(judge(Y), Y)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
