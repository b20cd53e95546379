"""Time the repulsive forces by mesh and by tree while the map grows.

    python bench/crossover.py [--device cuda] [frames:N ...]

The mesh takes longer the more nodes it has, and so the larger the map is. The crossover is the
number of nodes of the padded mesh per point at which mesh and tree take equally long;
`method='auto'` chooses by it (fasttsne.descent.methods).
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from data import load_centered

from fasttsne import TSNE
from fasttsne.descent.mesh import Mesh
from fasttsne.descent.repulsion import BarnesHut


def milliseconds(run) -> float:
    """Return the median time of nine calls after a warm-up call; on a GPU, until it is idle."""
    wait = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
    run()
    times = []
    for _ in range(9):
        wait()
        start = time.perf_counter()
        run()
        wait()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "names", nargs="*", default=["frames:2000", "frames:10000", "frames:100000"]
    )
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    for name in options.names:
        for dims in (2, 3):
            X = load_centered(name).to(options.device)
            Y = TSNE(dims, random_state=0).fit_transform(X)
            print(f"{name}, {dims}-D")
            for scale in (0.05, 0.1, 0.2, 0.4, 0.7, 1.0):
                scaled = Y * scale
                low, high = scaled.amin(0).tolist(), scaled.amax(0).tolist()
                mesh, tree = Mesh(1.0, Mesh.STEP), BarnesHut(1.0, 0.5)
                nodes = mesh.nodes_for(low, high, Y.is_cuda) / len(Y)
                by_mesh = milliseconds(lambda: mesh(scaled, low, high))  # noqa: B023
                by_tree = milliseconds(lambda: tree(scaled, low, high))  # noqa: B023
                span = float(torch.tensor(high).sub(torch.tensor(low)).max())
                print(
                    f"  span {span:4.0f}: {nodes:6.1f} nodes a point, "
                    f"mesh {by_mesh:7.2f} ms, tree {by_tree:7.2f} ms",
                    flush=True,
                )


if __name__ == "__main__":
    main()
