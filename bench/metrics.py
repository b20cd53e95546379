"""Time every measure of a map at its default sample size, and print its value.

    python bench/metrics.py [--frames 100000]

The data are synthetic landmark frames of 136 coordinates, the labels are their emotions. Map and P
are those of a fit with default parameters. The column ``sample`` is the number of rows sampled, or
of pairs for the correlation; ``other seed`` is the value on another sample of the same size.
"""

from __future__ import annotations

import argparse
import inspect
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from fasttsne import TSNE, metrics
from fasttsne.affinities import JointP, Perplexity
from fasttsne.datasets import make_landmark_frames
from fasttsne.neighbors.exact import exact_neighbors


def row(name: str, measure: Callable, *arguments) -> None:
    """Print a line: seconds and value of one call, then the value with another seed."""
    parameters = inspect.signature(measure).parameters
    sample = f"{parameters['n_sample'].default:,}" if "n_sample" in parameters else "all"
    start = time.perf_counter()
    value = measure(*arguments)
    seconds = time.perf_counter() - start
    shown = f"{value:9.4f}" if isinstance(value, float) else ""
    other = f"{measure(*arguments, seed=1):12.4f}" if shown and "seed" in parameters else ""
    print(f"{name:30s}{sample:>9s}{seconds:9.2f}{shown}{other}", flush=True)


def best(P: JointP, Y: np.ndarray, method: str) -> float:
    return metrics.kl_at_best_scale(P, Y, method=method).kl_divergence


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=100_000)
    n = parser.parse_args().frames

    frames = make_landmark_frames(n)
    X = np.ascontiguousarray(frames.points.reshape(n, -1), dtype=np.float32)
    Y = TSNE(random_state=0).fit_transform(X)
    centred = torch.from_numpy(X - X.mean(0))
    P = Perplexity(30.0).joint(exact_neighbors(centred, 90))

    print(f"{n:,} frames x {X.shape[1]}, {torch.get_num_threads()} threads")
    print(f"{'measure':30s}{'sample':>9s}{'seconds':>9s}{'value':>9s}{'other seed':>12s}")
    for method in ("exact", "approximate"):
        row(f"kl_divergence, {method}", partial(metrics.kl_divergence, method=method), P, Y)
        row(f"kl_at_best_scale, {method}", partial(best, method=method), P, Y)
    for name in ("trustworthiness", "continuity", "neighbor_recall"):
        row(name, getattr(metrics, name), X, Y)
    for name in ("pairwise_distance_correlation", "triplet_accuracy"):
        row(name, getattr(metrics, name), X, Y)
    row("class_neighbor_recall", metrics.class_neighbor_recall, X, Y, frames.label)
    for name in ("label_accuracy", "silhouette", "cohesion"):
        row(name, getattr(metrics, name), Y, frames.label)
    for name in ("strays", "reach"):
        row(name, getattr(metrics, name), Y)
    row("report", partial(metrics.report, P=P), X, Y, frames.label)


if __name__ == "__main__":
    main()
