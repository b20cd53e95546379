"""Times of single kernels on 100,000 landmark frames, and of a matrix product and a copy."""

from __future__ import annotations

import math

import numba_baseline
import numpy as np
import pytest
import torch

from fasttsne import ops
from fasttsne.descent.mesh import Mesh
from fasttsne.descent.repulsion import BarnesHut
from fasttsne.neighbors.cells import cell_neighbors
from fasttsne.neighbors.exact import exact_neighbors


def bounds(Y):
    return Y.amin(0).tolist(), Y.amax(0).tolist()


@pytest.mark.benchmark(group="machine")
def test_sgemm_4096(benchmark):
    """Measure the speed of a matrix product, 2 * 4096^3 flops: a bound for matrix kernels."""
    A = torch.rand(4096, 4096)
    benchmark(torch.mm, A, A)


@pytest.mark.benchmark(group="machine")
def test_copy_256_mb(benchmark):
    """Measure the speed of a copy: 256 MB are read and 256 MB written."""
    A = torch.rand(1 << 26)
    B = torch.empty_like(A)
    benchmark(B.copy_, A)


@pytest.mark.benchmark(group="affinities")
def test_knn(benchmark, X):
    benchmark.pedantic(exact_neighbors, (X, 90), rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="affinities")
def test_knn_by_cells(benchmark, X):
    """Time clustering, sorting and search together; print the recall that the search measured."""

    def search():
        return cell_neighbors(X.clone(), 90, seed=0).recall

    recall = benchmark.pedantic(search, rounds=3, warmup_rounds=1)
    print(f"\nrecall {recall:.4f}")


@pytest.mark.benchmark(group="affinities")
def test_knn_cells(benchmark, X):
    """Time the search alone: each cell of 32 rows meets the 3,000 rows around it in the order."""
    cells = torch.arange(0, len(X) + 1, 32)
    count = len(cells) - 1
    ranges = torch.stack([cells[:-1], cells[1:]], 1)
    first = (torch.arange(count) - 47).clamp(0, count - 94)
    probes = (first[:, None] + torch.arange(94)).flatten()
    starts = torch.arange(count + 1) * 94
    lead = X[:, :16].contiguous()
    arguments = (X, lead, lead.square().sum(1), cells, ranges, starts, probes, 135, 90)
    benchmark.pedantic(ops.knn_cells, arguments, rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="affinities")
def test_pairwise_sq_distances(benchmark, X):
    benchmark(ops.pairwise_sq_distances, X[:2000], X[:10_000])


@pytest.mark.benchmark(group="affinities")
def test_perplexity_search(benchmark, neighbors):
    benchmark(ops.perplexity_search, neighbors.sq_distances, 30.0)


@pytest.mark.benchmark(group="affinities")
def test_symmetrize(benchmark, neighbors):
    _, conditional_P = ops.perplexity_search(neighbors.sq_distances, 30.0)
    benchmark(ops.symmetrize, neighbors.indices, conditional_P)


@pytest.mark.benchmark(group="iteration")
@pytest.mark.parametrize("with_cost", [False, True])
def test_attractive_forces(benchmark, P, Y, with_cost):
    benchmark(ops.attractive_forces, *P, Y, 1.0, with_cost)


@pytest.mark.benchmark(group="iteration")
def test_repulsive_fft(benchmark, Y):
    mesh = Mesh(1.0, Mesh.STEP)
    benchmark(mesh, Y, *bounds(Y))
    benchmark.extra_info["grid"] = mesh.prepare(Y, *bounds(Y)).convolve.padded


@pytest.mark.benchmark(group="iteration")
def test_repulsive_bh(benchmark, Y):
    benchmark(BarnesHut(1.0, 0.5), Y, *bounds(Y))


@pytest.mark.benchmark(group="numba")
def test_numba_attractive_forces(benchmark, P, Y):
    arrays = [t.numpy() for t in (*P, Y)]
    numba_baseline.attractive_forces(*arrays)  # compiles
    benchmark(numba_baseline.attractive_forces, *arrays)


@pytest.mark.benchmark(group="numba")
def test_numba_repulsive_bh(benchmark, Y):
    numba_baseline.repulsive_bh(Y[:1000].numpy())  # compiles
    benchmark(numba_baseline.repulsive_bh, Y.numpy().astype(np.float64))


@pytest.mark.benchmark(group="iteration")
def test_repulsive_exact_10k(benchmark, Y):
    benchmark(ops.repulsive_exact, Y[:10_000])


@pytest.mark.benchmark(group="iteration")
@pytest.mark.parametrize("conditional", [False, True])
def test_repulsive_sne_10k(benchmark, Y, conditional):
    benchmark(ops.repulsive_sne, Y[:10_000], conditional)


@pytest.mark.benchmark(group="iteration")
@pytest.mark.parametrize("part", ["spread", "convolve", "rfftn", "gather"])
def test_mesh_part(benchmark, Y, part):
    mesh = Mesh(1.0, Mesh.STEP).prepare(Y, *bounds(Y))
    if part == "spread":
        benchmark(ops.mesh_spread_, Y, mesh.charges, mesh.origin, mesh.step)
    elif part == "convolve":
        benchmark(mesh.convolve, mesh.charges)
    elif part == "rfftn":  # the convolution by plain FFTs, without chunks and skipped zeros
        grid = torch.zeros(mesh.convolve.padded)
        benchmark(lambda: torch.fft.irfftn(torch.fft.rfftn(grid), s=grid.shape))
    else:
        benchmark(ops.mesh_gather, Y, mesh.charges, mesh.origin, mesh.step)


@pytest.mark.benchmark(group="iteration")
def test_update_embedding(benchmark, Y):
    Y, forces = Y.clone(), torch.randn_like(Y)
    velocity, gains = torch.zeros_like(Y), torch.ones_like(Y)
    Z = torch.tensor(1e7, dtype=torch.float64)
    numbers = (1.0, 1.0, 0.9, math.inf)
    benchmark(ops.update_embedding_, Y, velocity, gains, forces, forces, Z, *numbers)
