"""The approximate neighbour search."""

import math

import pytest
import torch
from sample import KINDS, points

from fasttsne import TSNE
from fasttsne.datasets import make_landmark_frames
from fasttsne.neighbors.cells import cell_neighbors, make_cells
from fasttsne.neighbors.exact import exact_neighbors
from fasttsne.neighbors.tiles import disjoint_rounds


def search(X, k, **options):
    cells = make_cells(X, seed=0)
    X = X[cells.order]
    return X, cells, *cell_neighbors(X, cells, k, seed=0, **options)


def frames(n):
    X = torch.from_numpy(make_landmark_frames(n).points).flatten(1)
    return X - X.mean(0)


def test_cells_sort_all_rows_into_blocks():
    X = points("clustered", 5000, 10)
    cells = make_cells(X, seed=0)
    assert torch.equal(cells.order.sort().values, torch.arange(5000))
    sizes = torch.tensor(cells.blocks).diff()
    assert cells.blocks[0] == 0 and cells.blocks[-1] == 5000
    assert sizes.min() > 0 and sizes.max() <= 1024
    assert len(cells.centers) == len(sizes)
    # A row is nearer to its own centre than to most others.
    own = cells.centers.repeat_interleave(sizes, 0)
    spread = (X[cells.order] - own).square().sum(1).mean()
    assert spread < 0.2 * (X - X.mean(0)).square().sum(1).mean()


def test_disjoint_rounds_hold_every_tile_once():
    g = torch.Generator().manual_seed(0)
    tiles = list({(min(p), max(p)) for p in torch.randint(30, (300, 2), generator=g).tolist()})
    tiles = [tuple(t) for t in tiles]
    rounds = disjoint_rounds(tiles)
    assert sorted(t for r in rounds for t in r) == sorted(tiles)
    for r in rounds:
        used = [block for tile in r for block in set(tile)]
        assert len(used) == len(set(used))
    busiest = max(sum(b in t for t in tiles) for b in range(30))
    assert len(rounds) < 2 * busiest


@pytest.mark.parametrize("n, k", [(3000, 20), (12_000, 90)])
def test_measured_recall_is_reached_and_true(n, k):
    X, _, found, recall = search(frames(n), k)
    exact = exact_neighbors(X, k)
    # Both lists rise: found neighbours are those within the exact k-th distance.
    true = (found.sq_distances <= exact.sq_distances[:, -1:] * (1 + 1e-5)).float().mean()
    assert recall >= 0.98
    assert abs(float(true) - recall) < 0.02
    # What is returned is measured exactly and sorted.
    row = torch.arange(n)[:, None]
    assert (found.indices != row).all()
    own = (X[:200, None] - X[found.indices[:200].long()]).square().sum(2)
    torch.testing.assert_close(own, found.sq_distances[:200], rtol=1e-4, atol=1e-6)
    assert (found.sq_distances.diff(dim=1) >= 0).all()


def test_recall_1_is_the_exact_search():
    X, _, found, recall = search(points("normal", 4000, 30), 15, recall=1.0)
    assert recall == 1.0
    exact = exact_neighbors(X, 15)
    assert (found.sq_distances == exact.sq_distances).float().mean() > 0.99


@pytest.mark.parametrize("kind", [*KINDS, "constant"])
def test_hard_data(kind):
    X = torch.zeros(3000, 4) if kind == "constant" else points(kind, 3000, 4)
    X, _, found, recall = search(X, 30)
    assert recall >= 0.98
    assert torch.isfinite(found.sq_distances).all()
    assert (found.indices.sort(1).values.diff(dim=1) > 0).all()


def test_repeats_for_any_number_of_threads(two_thread_counts):
    X = frames(6000)
    one, two = two_thread_counts(lambda: search(X, 30)[2])
    assert torch.equal(one.indices, two.indices)


def test_estimator_gives_the_map_in_the_callers_order():
    X = frames(3000)
    seen = []
    exact = TSNE(random_state=0, neighbors="exact").fit(X)
    cells = TSNE(
        random_state=0, neighbors="cells", callback=lambda i, kl, Y: seen.append(Y.clone())
    ).fit(X)
    assert cells.report_.search == "cells" and 0.98 <= cells.report_.search_recall <= 1
    assert exact.report_.search == "exact" and exact.report_.search_recall == 1
    # 10 %: another order of rows, so another descent from the same start.
    assert math.isclose(cells.kl_divergence_, exact.kl_divergence_, rel_tol=0.1)
    # Frames of a clip follow each other in the data; in the map too, live and at the end.
    for Y in (cells.embedding_, seen[-1]):
        steps = (Y[1:] - Y[:-1]).norm(dim=1)
        assert steps.median() < 0.05 * Y.norm(dim=1).median()


def test_given_start_follows_the_rows():
    X = frames(1500)
    start = points("normal", 1500, 2)
    Y = TSNE(init=start, neighbors="cells", max_iter=1, learning_rate=1e-9).fit_transform(X)
    torch.testing.assert_close(Y, start - start.mean(0), rtol=0, atol=1e-4)
