"""Measure how time and memory of a fit scale.

    python bench/scaling.py [growth] [threads] [million] [three] [new] [profile] [start]
                            [--data NAME ...]

growth   time against the number of rows
threads  one and two threads: time, and whether the results are the same bits
million  a million rows
three    two and three dimensions
new      new rows placed into a fitted map
profile  time of each phase and kernel, of 100,000 frames or of --data
start    a new process: importing torch, and importing TSNE from fasttsne

Each fit runs in a process of its own on synthetic landmark frames of 136 coordinates, with default
parameters unless stated. Peak memory is that of the process, including X and the interpreter.
`bench/data.py` documents the names of data sets.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from data import load

HERE = Path(__file__).resolve()


def run_one(file: str, parameters: str) -> None:
    """Run in the child process: fit, print time, memory and results as JSON."""
    import torch

    from fasttsne import TSNE, _library

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    X = np.load(file)
    TSNE(random_state=0).fit(X[:3000])
    estimator = TSNE(random_state=0, **json.loads(parameters))
    _library.info.reset_kernel_profiles()
    start = time.perf_counter()
    estimator.fit(X)
    out = {
        "total": time.perf_counter() - start,
        **estimator.report_.seconds,
        "per_iteration": 1e3
        * estimator.report_.seconds["optimization"]
        / estimator.report_.iterations,
        "kl": estimator.kl_divergence_,
        "recall": estimator.report_.search_recall,
        "search": estimator.report_.search,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        "kernels": {name: s for name, (_, s) in _library.info.kernel_profiles().items()},
        "bits": hashlib.sha256(estimator.embedding_.tobytes()).hexdigest()[:12],
    }
    print(json.dumps(out))


def fit(X: np.ndarray, threads: int = 2, **parameters) -> dict:
    """Fit in a new process; return its time, memory and results."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(HERE.parents[1])}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "X.npy"
        np.save(file, X)
        done = subprocess.run(
            [sys.executable, HERE, "--one", file, json.dumps(parameters)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return json.loads(done.stdout.splitlines()[-1])


def growth() -> None:
    print("growth: seconds of the search, milliseconds an iteration, and their ratio to n / 2")
    X = load("frames:400000")
    before = None
    for n in (25_000, 50_000, 100_000, 200_000, 400_000):
        now = fit(X[:n])
        line = f"{n:9,}  {now['search']:6s} {now['neighbors']:6.2f} s (recall {now['recall']:.3f})"
        line += f"  {now['per_iteration']:6.2f} ms"
        if before:
            for key in ("neighbors", "per_iteration"):
                line += f"  x {now[key] / before[key]:.2f}"
        print(line, flush=True)
        before = now


def threads() -> None:
    print("threads: milliseconds an iteration with 1 and 2, and whether the bits are the same")
    for n in (10_000, 100_000):
        X = load(f"frames:{n}")
        one, two = fit(X, 1), fit(X, 2)
        print(
            f"{n:9,}  {one['per_iteration']:6.2f} {two['per_iteration']:6.2f}  "
            f"x {one['per_iteration'] / two['per_iteration']:.2f}; whole fit "
            f"{one['total']:.2f} s, {two['total']:.2f} s; same bits: {one['bits'] == two['bits']}",
            flush=True,
        )


def million() -> None:
    print("a million frames")
    now = fit(load("frames:1000000"))
    print("  " + ", ".join(f"{k} {v:.3g}" for k, v in now.items() if isinstance(v, float)))
    print_profile(now)


def three() -> None:
    print("100,000 frames in two and in three dimensions")
    X = load("frames:100000")
    plane, space = fit(X), fit(X, n_components=3)
    finer = fit(X, n_components=3, method="barnes_hut", angle=0.2)
    print(f"  2-D {plane['total']:.2f} s, KL {plane['kl']:.4f}")
    print(
        f"  3-D {space['total']:.2f} s (x {space['total'] / plane['total']:.2f}), "
        f"KL {space['kl']:.4f}"
    )
    print(f"  3-D, barnes_hut, theta 0.2: {finer['total']:.2f} s, KL {finer['kl']:.4f}")


def profile(*names: str) -> None:
    for name in names or ("frames:100000",):
        X = load(name)
        print(f"phases of {Path(name).name} ({len(X):,} x {X.shape[1]}) in seconds, then kernels")
        print_profile(fit(X))


def print_profile(now: dict) -> None:
    for name in ("neighbors", "initialization", "affinities", "optimization", "total"):
        print(f"  {name:24s}{now[name]:6.2f}")
    for name, seconds in sorted(now["kernels"].items(), key=lambda item: -item[1]):
        if seconds:
            print(f"    {name:22s}{seconds:6.2f}")
    rest = now["total"] - sum(now["kernels"].values())
    print(f"    {'FFTs and all else':22s}{rest:6.2f}")


def new() -> None:
    from fasttsne import TSNE

    X = load("frames:120000")
    fitted = TSNE(random_state=0).fit(X[:100_000])
    fitted.transform(X[-1000:])
    print("new frames into a map of 100,000")
    for l in (1, 100, 1000, 5000, 10_000, 20_000):
        start = time.perf_counter()
        fitted.transform(X[100_000 : 100_000 + l])
        seconds = time.perf_counter() - start
        print(f"  {l:6,d}{seconds:8.3f} s{1e3 * seconds / l:10.3f} ms each", flush=True)


def start() -> None:
    print("start of a process: median seconds of five")
    for what in ("import torch", "from fasttsne import TSNE", "from sklearn.base import clone"):
        seconds = []
        for _ in range(6):  # the first reads the files from the disk
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", what], cwd=HERE.parents[1], check=True)
            seconds.append(time.perf_counter() - begin)
        print(f"  {what:30s}{statistics.median(seconds[1:]):6.2f}", flush=True)


PARTS = {f.__name__: f for f in (growth, threads, million, three, new, profile, start)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--data", nargs="+", default=[], help="data of `profile`")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.data and "profile" not in options.parts:
        parser.error("--data is for profile, which must come before it")
    if options.one:
        return run_one(*options.one)
    for part in options.parts or PARTS:
        PARTS[part](*(options.data if part == "profile" else ()))


if __name__ == "__main__":
    main()
