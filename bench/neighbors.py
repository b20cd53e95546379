"""Compare libraries that find nearest neighbours: time for all rows at the same recall.

    python bench/neighbors.py [--data frames:100000] [--libraries fasttsne ...] [--python PATH]
                              [--k 90] [--recall 0.98]

Each library finds the k nearest other rows of every row, on two threads, in a process of its own.
The search of a built index is widened on 1,000 rows, until these have the wanted recall, and then
all rows are searched with what was found; only the index and the search of all rows are timed. The
recall in the table is that of all rows' result, on other 1,000 rows, whose true neighbours are
found by comparing them with all rows in float64. pynndescent has no such parameter: it runs once
with its defaults, as openTSNE and UMAP run it. fasttsne's time includes its own measurement of
recall and its choice of parameters.

Libraries: fasttsne, faiss-ivf, faiss-hnsw, hnswlib, pynndescent. --python names the interpreter of
an environment that has them. `bench/data.py` documents the names of data sets.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from data import load

THREADS = 2
SAMPLE = 1000
LIBRARIES = ("fasttsne", "faiss-ivf", "faiss-hnsw", "hnswlib", "pynndescent")
EF_CONSTRUCTION, LINKS = 100, 16
"""Of a graph index. With more of either, building takes longer than searching saves."""


def true_distances(X: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """Return the distance of some rows to their k-th nearest other row: (rows,) float64."""
    some = X[rows].astype(np.float64)
    nearest = np.full((len(rows), k + 1), math.inf)
    for begin in range(0, len(X), 1 << 14):
        part = X[begin : begin + (1 << 14)].astype(np.float64)
        sq = (some**2).sum(1)[:, None] + (part**2).sum(1) - 2 * some @ part.T
        nearest = np.partition(np.concatenate([nearest, sq], 1), k, axis=1)[:, : k + 1]
    return np.sqrt(np.maximum(nearest.max(1), 0))  # the row itself is the first of k + 1


def recall_of(X: np.ndarray, rows: np.ndarray, found: np.ndarray, kth: np.ndarray) -> float:
    """Return the share of the true neighbours of some rows among those found, (rows, k)."""
    near = 0
    for row, others, distance in zip(rows, found, kth, strict=True):
        others = np.unique(others[(others != row) & (others >= 0)])
        true = np.linalg.norm(X[others].astype(np.float64) - X[row], axis=1)
        near += min(int((true <= distance * (1 + 1e-5)).sum()), found.shape[1])
    return near / found.size


def without_itself(indices: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Drop from k + 1 neighbours the row itself, or the last where it is not among them."""
    is_itself = indices == rows[:, None]
    is_itself[~is_itself.any(1), -1] = True
    return indices[~is_itself].reshape(len(rows), -1)


class Judge:
    """Measures the recall of neighbours of a sample of rows."""

    def __init__(self, X: np.ndarray, k: int, part: int) -> None:
        self.X = X
        chosen = np.random.default_rng(0).permutation(len(X))
        self.rows = np.sort(chosen[part * SAMPLE : (part + 1) * SAMPLE])
        self.kth = true_distances(X, self.rows, k)

    def __call__(self, found: np.ndarray) -> float:
        """Return the recall of the neighbours (rows, k) of the sample."""
        return recall_of(self.X, self.rows, found, self.kth)


def widen(search: Callable[[np.ndarray, int], np.ndarray], judge: Judge, wanted: float) -> int:
    """Return the smallest width, by steps of a quarter, at which a sample has the recall."""
    width = 16
    while judge(search(judge.rows, width)) < wanted and width < 1 << 14:
        width = math.ceil(1.25 * width)
    return width


def find(library: str, X: np.ndarray, k: int, wanted: float, judge: Judge):
    """Find the neighbours of all rows; return them, the seconds of index and search, the width."""
    everyone = np.arange(len(X))
    start = time.perf_counter()
    if library == "fasttsne":
        import torch

        from fasttsne.neighbors.search import Search

        torch.set_num_threads(THREADS)
        found = Search("cells")(torch.from_numpy(X), k, torch.device("cpu"))
        seconds = time.perf_counter() - start
        indices = np.empty((len(X), k), dtype=np.int64)
        indices[found.order.numpy()] = found.order[found.neighbors.indices.long()].numpy()
        return indices, 0.0, seconds, 0
    if library == "pynndescent":
        from pynndescent import NNDescent

        index = NNDescent(X, n_neighbors=k + 1, n_jobs=THREADS, random_state=0)
        indices = without_itself(index.neighbor_graph[0], everyone)
        return indices, time.perf_counter() - start, 0.0, 0
    d = X.shape[1]
    if library == "hnswlib":
        import hnswlib

        index = hnswlib.Index(space="l2", dim=d)
        index.init_index(len(X), M=LINKS, ef_construction=EF_CONSTRUCTION, random_seed=0)
        index.set_num_threads(THREADS)
        index.add_items(X)

        def search(rows: np.ndarray, width: int) -> np.ndarray:
            index.set_ef(k + width)
            return without_itself(index.knn_query(X[rows], k + 1)[0].astype(np.int64), rows)

    else:
        import faiss

        faiss.omp_set_num_threads(THREADS)
        if library == "faiss-hnsw":
            index = faiss.IndexHNSWFlat(d, LINKS)
            index.hnsw.efConstruction = EF_CONSTRUCTION
        else:
            cells = int(4 * math.sqrt(len(X)))
            index = faiss.IndexIVFFlat(faiss.IndexFlatL2(d), d, cells)
            index.train(X)
        index.add(X)

        def search(rows: np.ndarray, width: int) -> np.ndarray:
            if library == "faiss-hnsw":
                index.hnsw.efSearch = k + width
            else:
                index.nprobe = width
            return without_itself(index.search(X[rows], k + 1)[1], rows)

    built = time.perf_counter() - start
    width = widen(search, judge, wanted)
    start = time.perf_counter()
    parts = [search(rows, width) for rows in np.array_split(everyone, max(1, len(X) >> 15))]
    return np.concatenate(parts), built, time.perf_counter() - start, width


def memory(name: str) -> float:
    """Return the memory of this process in GB: VmRSS now, VmHWM at the peak."""
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if name in x)
    return int(line.split()[1]) * 1024 / 1e9


def run_one(library: str, data: str, k: int, wanted: float) -> None:
    """Run in the child process: find, judge, print as JSON."""
    X = load(data)
    X = np.ascontiguousarray(X - X.mean(0), dtype=np.float32)
    find(library, X[:3000], min(k, 50), 0.5, Judge(X[:3000], min(k, 50), 0))  # a warm-up
    trial, judge = Judge(X, k, 0), Judge(X, k, 1)
    Path("/proc/self/clear_refs").write_text("5")  # the peak of memory is that from here on
    before = memory("VmRSS")
    indices, built, searched, width = find(library, X, k, wanted, trial)
    peak = memory("VmHWM")
    print(
        json.dumps(
            {
                "built": built,
                "searched": searched,
                "width": width,
                "recall": judge(indices[judge.rows]),
                "more_gb": peak - before,
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=["frames:100000"])
    parser.add_argument("--libraries", nargs="+", default=LIBRARIES, choices=LIBRARIES)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--k", type=int, default=90)
    parser.add_argument("--recall", type=float, default=0.98)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return run_one(options.one, options.data[0], options.k, options.recall)
    here = Path(__file__).resolve()
    environment = os.environ | {"OMP_NUM_THREADS": str(THREADS), "NUMBA_NUM_THREADS": str(THREADS)}
    environment["PYTHONPATH"] = str(here.parents[1])
    for data in options.data:
        print(f"{data}, k = {options.k}\n{'':14}index s  search s  total s  recall  width  +GB")
        for library in options.libraries:
            arguments = [options.python, here, "--one", library, "--data", data]
            arguments += ["--k", str(options.k), "--recall", str(options.recall)]
            done = subprocess.run(
                arguments, env=environment, stdout=subprocess.PIPE, text=True, check=True
            )
            r = json.loads(done.stdout.splitlines()[-1])
            print(
                f"{library:14}{r['built']:7.1f}{r['searched']:10.1f}"
                f"{r['built'] + r['searched']:9.1f}{r['recall']:8.3f}{r['width']:7}"
                f"{r['more_gb']:5.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
