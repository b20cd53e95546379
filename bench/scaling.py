"""Measure how time and memory of a fit scale.

    python bench/scaling.py [growth] [threads] [million] [ten] [ranks] [three] [new] [profile]
                            [start] [--data NAME ...]

growth   time against the number of rows
threads  one and two threads: time, and whether the results are the same bits
million  a million rows
ten      ten million rows of 50 columns
ranks    several processes: time, memory, bytes and quality beside one process, and a model of them
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
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from data import load, load_labelled

HERE = Path(__file__).resolve()


def run_one(file: str, parameters: str) -> None:
    """Run in the child process: fit, print time, memory and results as JSON."""
    import torch

    from fasttsne import TSNE, _library
    from fasttsne.shards import even_bounds

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    X = np.load(file, mmap_mode="r")
    TSNE(random_state=0).fit(np.array(X[:3000]))
    rank, count = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if count > 1:
        torch.distributed.init_process_group("gloo")
        X = X[slice(*even_bounds(len(X), count)[rank : rank + 2])]
    parameters = {"random_state": 0, **json.loads(parameters)}
    estimator = TSNE(distributed=count > 1, **parameters)
    _library.profiles().reset_kernel_profiles()
    start = time.perf_counter()
    estimator.fit(X)
    seconds = time.perf_counter() - start
    np.save(f"{file}.map{rank}.npy", estimator.embedding_)
    spoken = speak() if count > 1 else (0.0, 0.0)
    if rank:
        return
    out = {
        "total": seconds,
        **estimator.report_.seconds,
        "per_iteration": 1e3
        * estimator.report_.seconds["optimization"]
        / estimator.report_.iterations,
        "kl": estimator.kl_divergence_,
        "recall": estimator.report_.search_recall,
        "search": estimator.report_.search,
        "iterations": estimator.report_.iterations,
        "latency_and_bandwidth": spoken,
        "bytes": estimator.report_.bytes_per_iteration,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        "kernels": {name: s for name, (_, s) in _library.profiles().kernel_profiles().items()},
        "bits": hashlib.sha256(estimator.embedding_.tobytes()).hexdigest()[:12],
    }
    print(json.dumps(out))


def speak() -> tuple[float, float]:
    """Return seconds of a short message among all ranks, and bytes a second that a rank sends."""
    import torch

    from fasttsne.shards import Ranks

    shards, seconds = Ranks(), []
    with shards.together():
        for size in (1, 1 << 20):
            message = torch.zeros(size)
            shards.gather(message)
            times = []
            for _ in range(20):
                begin = time.perf_counter()
                shards.gather(message)
                times.append(time.perf_counter() - begin)
            seconds.append(statistics.median(times))
    sent = 4 * (1 << 20) * (shards.count - 1)
    return seconds[0], sent / max(1e-9, seconds[1] - seconds[0])


@dataclass(frozen=True)
class Costs:
    """What an iteration costs, by the kernels of one process on two cores."""

    shared: float
    """Core seconds a point of what ranks share: attraction, and reading forces off the mesh."""
    repeated: float
    """Core seconds a point of what every rank does: spreading charges, and the step."""
    transform: float
    """Core seconds a node of the padded mesh."""

    @classmethod
    def of(cls, now: dict, n: int, nodes: int) -> Costs:
        kernels, cores = now["kernels"], 2 / now["iterations"]
        shared = kernels["attractive_forces"] + kernels["mesh_gather"]
        repeated = kernels["mesh_spread"] + kernels["update_embedding"]
        transform = now["optimization"] - shared - repeated
        return cls(shared * cores / n, repeated * cores / n, transform * cores / nodes)

    def iteration(
        self, n: int, nodes: int, ranks: int, cores: float, bandwidth: float, latency: float
    ) -> tuple[float, float]:
        """Return seconds and bytes that a rank sends, for ranks of so many of these cores."""
        computing = self.shared * n / ranks + self.repeated * n + self.transform * nodes / ranks
        if ranks == 1:
            return computing / cores, 0.0
        share = (ranks - 1) / ranks
        forces = 8 * n * share
        # Spectra of half of the padded rows, there and back, and the potential of a quarter.
        mesh = nodes * share * (2 * 8 / 4 / ranks + 4 / 4)
        return computing / cores + (forces + mesh) / bandwidth + 4 * latency, forces + mesh


def nodes_of(Y: np.ndarray) -> int:
    """Return the nodes of the padded mesh of a map."""
    from fasttsne.descent.mesh import Mesh

    return Mesh(1.0, Mesh.STEP).nodes_for(Y.min(0).tolist(), Y.max(0).tolist())


def fit(X: np.ndarray, threads: int = 2, ranks: int = 1, **parameters) -> dict:
    """Fit in a new process or several; return time, memory and results, and the map as ``"Y"``.

    Of several processes time and memory are those of the first.
    """
    program = [sys.executable]
    if ranks > 1:
        program += ["-m", "torch.distributed.run", "--nproc-per-node", str(ranks)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(HERE.parents[1])}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "X.npy"
        np.save(file, X)
        done = subprocess.run(
            [*program, HERE, "--one", file, json.dumps(parameters)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        maps = [np.load(f"{file}.map{rank}.npy") for rank in range(ranks)]
    return {**json.loads(done.stdout.splitlines()[-1]), "Y": np.concatenate(maps)}


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


def ten() -> None:
    print("ten million frames, their first 50 principal components, from a mapped file")
    now = fit(load("frames:10000000:50"))
    print("  " + ", ".join(f"{k} {v:.3g}" for k, v in now.items() if isinstance(v, float)))
    print_profile(now)


def ranks() -> None:
    for n in (200_000, 1_000_000):
        X = load(f"frames:{n}")
        print(f"{n:,} frames: one process on two threads, then ranks on one thread each")
        print("   ranks  total s  search s  ms/it.   GB  bytes a point and it.       KL")
        one = None
        for count in (1, 2, 4):
            now = fit(X, 3 - min(count, 2), count)
            one = one or now
            line = f"  {count:6d}{now['total']:9.1f}{now['neighbors']:10.1f}"
            line += f"{now['per_iteration']:8.1f}{now['peak_gb']:5.2f}"
            line += f"{now['bytes'] / n:23.1f}{now['kl']:9.4f}"
            if count > 1:
                line += f"   x {now['total'] / one['total']:.2f} time"
                line += f", x {now['peak_gb'] / one['peak_gb']:.2f} memory"
            costs = Costs.of(one, n, nodes_of(one["Y"]))
            latency, bandwidth = now["latency_and_bandwidth"]
            seconds, sent = costs.iteration(
                *(n, nodes_of(now["Y"]), count, 2 / count), max(1.0, bandwidth), latency
            )
            line += f"   model, last it.: {1e3 * seconds:.1f} ms, {sent / n:.1f} bytes"
            print(line, flush=True)
    print("model of more, by the kernels of the million frames above")
    largest = 1 << 25
    for what, n, count, cores, bandwidth, latency in (
        ("8 GPUs of 46 of these cores each, 100 GB/s, 20 us", 10**8, 8, 46, 1e11, 2e-5),
        ("64 nodes of 64 of these cores each, 12 GB/s, 50 us", 10**9, 64, 64, 1.2e10, 5e-5),
    ):
        seconds, sent = costs.iteration(n, largest, count, cores, bandwidth, latency)
        # P is taken to have 1.3 entries of 8 bytes for each of 90 neighbours.
        held = (10.4 * 90 * n / count + 40 * n + 16 * largest) / 1e9
        print(
            f"  {what}: {n:,} points, {1e3 * seconds:.0f} ms and {sent / 1e9:.2f} GB sent an "
            f"iteration, {held:.0f} GB held by a rank"
        )
    print("map of 20,000 frames: measures of one process with five seeds, and of ranks")
    from fasttsne import metrics

    X, labels = load_labelled("frames:20000")
    for count, seed in [(1, seed) for seed in range(5)] + [(2, 0), (4, 0)]:
        now = fit(X, 3 - min(count, 2), count, random_state=seed, init="random")
        recall = metrics.neighbor_recall(X, now["Y"])
        rank = metrics.pairwise_distance_correlation(X, now["Y"])
        print(
            f"  {count} rank(s), seed {seed}: KL {now['kl']:.4f}, recall@10 {recall:.3f}, "
            f"rank correlation {rank:.3f}, cohesion {metrics.cohesion(now['Y'], labels):.3f}",
            flush=True,
        )


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


PARTS = {f.__name__: f for f in (growth, threads, million, ten, ranks, three, new, profile, start)}


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
