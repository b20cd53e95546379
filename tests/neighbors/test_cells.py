"""The approximate neighbour searches: that of the CPU, and that of a GPU, which runs anywhere."""

import math
from unittest import mock

import pytest
import torch
from sample import DEVICES, KINDS, opcheck, points

from fasttsne import TSNE, ops, reference
from fasttsne.datasets import make_landmark_frames
from fasttsne.neighbors import cells, kmeans
from fasttsne.neighbors.cell_tiles import cell_tile_neighbors, make_tile_cells
from fasttsne.neighbors.cells import cell_neighbors
from fasttsne.neighbors.exact import exact_neighbors
from fasttsne.neighbors.kmeans import make_cells
from fasttsne.neighbors.leading import leading_components
from fasttsne.neighbors.recall import distances_to_kth, judge
from fasttsne.neighbors.tiles import disjoint_rounds

over_searches = pytest.mark.parametrize(
    "search, device",
    [
        pytest.param(cell_neighbors, "cpu", id="cells"),
        *(pytest.param(cell_tile_neighbors, device, id=f"tiles-{device}") for device in DEVICES),
    ],
)


def frames(n, device="cpu"):
    X = torch.from_numpy(make_landmark_frames(n).points).flatten(1).to(device)
    return X - X.mean(0)


@pytest.mark.parametrize("make, largest", [(make_cells, 128), (make_tile_cells, 1024)])
def test_cells_sort_all_rows(make, largest):
    X = points("clustered", 5000, 10)
    cells = make(X, seed=0)
    assert torch.equal(cells.order.sort().values, torch.arange(5000))
    starts = torch.as_tensor(cells.starts)
    sizes = starts.diff()
    assert starts[0] == 0 and starts[-1] == 5000
    assert sizes.min() > 0 and sizes.max() <= largest
    assert len(cells.centers) == len(sizes)
    # A row is nearer to its own centre than to most others.
    own = cells.centers.repeat_interleave(sizes, 0)
    spread = (X[cells.order] - own).square().sum(1).mean()
    assert spread < 0.2 * (X - X.mean(0)).square().sum(1).mean()


@pytest.mark.parametrize("equal", [1.0, 0.7])
@pytest.mark.parametrize("n", [2, 31, 64, 5000, 300_000])
def test_equal_rows_fill_cells_of_limited_size(monkeypatch, n, equal):
    """As frames without a face do. A centre for each 32 of them would take n^2 / 32 distances."""
    X = points("normal", n, 3)
    X[: round(equal * n)] = 0
    computed = []
    whole = ops.pairwise_sq_distances

    def counted(some, others):
        computed.append(len(some) * len(others))
        return whole(some, others)

    monkeypatch.setattr(kmeans.ops, "pairwise_sq_distances", counted)
    cells = make_cells(X, seed=0)
    assert max(computed) <= 2**20 and sum(computed) < n * max(400, n**0.58)
    assert torch.equal(cells.order.sort().values, torch.arange(n))
    assert 0 < cells.starts.diff().min() and cells.starts.diff().max() <= 128
    if equal == 1:
        assert (cells.centers == 0).all()


def test_near_cells_are_near_in_memory():
    """Most neighbours of a row are within a tenth of the rows, wherever k-means began."""
    X = points("normal", 20_000, 2)
    neighbors = cell_neighbors(X, 10, seed=0).neighbors.indices
    distance = (neighbors - torch.arange(len(X))[:, None]).abs()
    assert (distance < 2000).float().mean() > 0.6


def test_leading_components_leave_little_out():
    X = points("normal", 3000, 40) * 0.7 ** torch.arange(40)
    X = X @ torch.linalg.qr(points("normal", 40, 40))[0]  # in no direction of an axis
    lead = leading_components(X, 0.1, seed=0)
    assert lead.shape == (3000, 8)
    whole, part = X.square().sum(), lead.square().sum()
    assert 0 < whole - part < 0.15 * 0.1 / 2 * 1.2 * len(X)
    # Where all columns count, or nothing is known of distances, the rows are taken whole.
    assert leading_components(points("normal", 3000, 40), 0.1, seed=0).shape == (3000, 40)
    assert leading_components(X, 0.0, seed=0) is X


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


@over_searches
@pytest.mark.parametrize("n, k", [(3000, 20), (12_000, 90)])
def test_measured_recall_is_reached_and_true(search, device, n, k):
    found, X, order, recall = search(frames(n, device), k, seed=0)
    torch.testing.assert_close(X, frames(n, device)[order])
    exact = exact_neighbors(X, k)
    # Both lists rise: found neighbours are those within the exact k-th distance.
    true = (found.sq_distances <= exact.sq_distances[:, -1:] * (1 + 1e-5)).float().mean()
    assert recall >= 0.98
    assert abs(float(true) - recall) < 0.02
    # What is returned is measured exactly and sorted.
    row = torch.arange(n, device=device)[:, None]
    assert (found.indices != row).all()
    own = (X[:200, None] - X[found.indices[:200].long()]).square().sum(2)
    torch.testing.assert_close(own, found.sq_distances[:200], rtol=1e-4, atol=1e-6)
    assert (found.sq_distances.diff(dim=1) >= 0).all()


def test_recall_is_measured_on_rows_that_are_no_centres(monkeypatch):
    """First centres are rows. Their cells are around them, so that they have a higher recall."""
    sampled, centres = [], []
    whole, lloyd = cells._CellSearch.of_rows, kmeans.lloyd

    def of_rows(search, rows, budget):
        sampled.append(search.X[rows])
        return whole(search, rows, budget)

    def keep_first(X, first, steps):
        centres.append(first)
        return lloyd(X, first, steps)

    monkeypatch.setattr(cells._CellSearch, "of_rows", of_rows)
    monkeypatch.setattr(kmeans, "lloyd", keep_first)
    cell_neighbors(points("normal", 20_000, 2), 10, seed=0)  # so few columns are not projected
    assert sampled[0].shape == (512, 2) and sum(map(len, centres)) > 600
    assert (torch.cdist(sampled[0], torch.cat(centres)) > 0).all()


@pytest.mark.parametrize("needed", [3, 300, 513, 5000, 99_000])
def test_budget_is_the_smallest_that_suffices(needed):
    """A budget finds all neighbours of some rows and none of the others.

    At ``needed`` these are 93.5 % of the rows. The standard error of that mean is 0.247 / 16, so
    that the mean is two of them above the wanted 90 %.
    """
    tried = []

    def trial(budget):
        tried.append(budget)
        found = torch.zeros(256, 10)
        found[: round(256 * min(1.0, 0.935 * budget / needed))] = 1
        return 1 - found

    budget, recall = cells.try_budgets(trial, torch.full((256,), 0.5), 512, 200_000, 0.9)
    assert recall - 2 * 0.247 / 16 > 0.89
    assert 512 <= budget and (budget == 512 or 0.98 * needed < budget < 1.15 * needed)
    assert len(tried) < 13


def test_budget_is_at_least_what_k_neighbours_take():
    tried = []

    def trial(budget):
        tried.append(budget)
        return torch.zeros(9, 10)

    assert cells.try_budgets(trial, torch.ones(9), 2000, 9000, 0.98) == (2000, 1.0)
    assert tried == [2000]


def test_no_budget_suffices_where_nothing_is_found():
    nothing = torch.ones(256, 10)
    assert cells.try_budgets(lambda _: nothing, torch.zeros(256), 512, 3000, 0.98) is None


@pytest.mark.parametrize("components, compared", [(2, 136), (24, 24)])
def test_tiles_compare_whole_rows_where_components_do_not_tell(monkeypatch, components, compared):
    given = []

    def watched(*arguments):
        given.append(arguments[5].shape[1])
        return cell_tile_neighbors(*arguments)

    def leading(X, *_):
        axes = torch.linalg.svd(X, full_matrices=False).Vh[:components]
        return X @ axes.T

    monkeypatch.setattr(cells, "cell_tile_neighbors", watched)
    monkeypatch.setattr(cells, "leading_components", leading)
    monkeypatch.setattr(cells, "_ROWS_OVER_BUDGET", 1000)  # small cells are never searched
    found, X, order, recall = cell_neighbors(frames(8000), 10, seed=0)
    assert given == [compared]
    torch.testing.assert_close(X, frames(8000)[order])
    true = found.sq_distances <= exact_neighbors(X, 10).sq_distances[:, -1:] * (1 + 1e-5)
    assert recall >= 0.98 and true.float().mean() > 0.97


def test_recall_of_a_sample_suffices_with_a_margin():
    of_rows = torch.ones(256, dtype=torch.float64)
    assert judge(of_rows, 1.0) == (1.0, True)
    of_rows[:20] = 0  # a mean of 0.92, with a standard error of 0.017
    assert judge(of_rows, 0.88) == (236 / 256, True)
    assert judge(of_rows, 0.90) == (236 / 256, False)


def test_equal_rows_do_not_hide_the_components():
    """As where more than half of the frames have no face."""
    X = frames(9000)
    X[::5] = X[1::5] = X[2::5] = 0
    compared = []
    whole = cells._CellSearch

    def watched(X, lead, *arguments):
        compared.append(lead.shape[1])
        return whole(X, lead, *arguments)

    with mock.patch.object(cells, "_CellSearch", watched):
        recall = cell_neighbors(X, 10, seed=0).recall
    assert recall >= 0.98 and compared[0] < 50


@pytest.mark.parametrize("d", [1025, 3000])
def test_wide_rows(d):
    X = points("normal", 2500, 12) @ points("normal", 12, d, seed=1)
    X += 0.01 * points("normal", 2500, d, seed=2)
    lead = leading_components(X, 100.0, seed=0)
    assert lead.shape[1] < 128
    found, X, _, recall = cell_neighbors(X, 10, seed=0)
    true = found.sq_distances <= exact_neighbors(X, 10).sq_distances[:, -1:] * (1 + 1e-5)
    assert recall >= 0.98 and true.float().mean() > 0.97


@pytest.fixture
def small_cells(monkeypatch):
    """Small cells are searched for any number of rows, as they are for many."""
    monkeypatch.setattr(cells, "_FIRST_BUDGET", 64)
    monkeypatch.setattr(cells, "_ROWS_OVER_BUDGET", 1)


@over_searches
def test_recall_1_is_the_exact_search(small_cells, search, device):
    found, X, _, recall = search(points("normal", 4000, 30, device), 15, seed=0, recall=1.0)
    assert recall == 1.0
    exact = exact_neighbors(X, 15)
    assert (found.sq_distances == exact.sq_distances).float().mean() > 0.99


@over_searches
@pytest.mark.parametrize("kind", [*KINDS, "constant", "far"])
def test_hard_data(small_cells, search, device, kind):
    if kind == "constant":
        X = torch.zeros(3000, 4, device=device)
    elif kind == "far":  # one cell of few rows, far from all others
        X = points("normal", 3000, 4, device)
        X[::1000] += 1000
    else:
        X = points(kind, 3000, 4, device)
    found, _, _, recall = search(X, 30, seed=0)
    assert recall >= 0.98
    assert torch.isfinite(found.sq_distances).all()
    assert (found.indices.sort(1).values.diff(dim=1) > 0).all()


@pytest.mark.parametrize(
    "n, k",
    [(2, 1), (3, 2), (40, 39), (70, 5), (129, 128), (1010, 1000), (4000, 1500), (9000, 1000)],
)
@pytest.mark.parametrize("by_small_cells", [False, True])
def test_few_rows(request, by_small_cells, n, k):
    if by_small_cells:
        request.getfixturevalue("small_cells")
    given = points("normal", n, 3)
    found, X, order, recall = cell_neighbors(given.clone(), k, seed=0)
    assert torch.equal(X, given[order])
    true = found.sq_distances <= exact_neighbors(X, k).sq_distances[:, -1:] * (1 + 1e-5)
    assert recall >= 0.98 and true.float().mean() >= (1 if n < 1000 else 0.97)


@over_searches
def test_progress_rises_to_all(search, device):
    seen = []
    search(frames(40_000, device), 5, seed=0, progress=lambda *p: seen.append(p))
    done = [d for d, _ in seen]
    assert done == sorted(set(done)) and len(seen) > 1
    # The last call, and no other, says that all is done: a bar ends there.
    assert [d < t for d, t in seen] == [True] * (len(seen) - 1) + [False]


@over_searches
def test_repeats_for_any_number_of_threads(search, device, two_thread_counts):
    X = frames(6000, device)
    one, two = two_thread_counts(lambda: search(X.clone(), 30, seed=0).neighbors)
    assert torch.equal(one.indices, two.indices)
    assert torch.equal(one.sq_distances, two.sq_distances)


def cell_arguments(n=300, m=5, k=7, keep=40):
    """Cells of many sizes, ranges of no, one and many rows, not all of them within one cell."""
    X = points("normal", n, 20)
    lead = X[:, :m].contiguous()
    cells = torch.tensor([0, 1, 1, 50, 120, 220, 221, n])
    ranges = torch.tensor([[0, 1], [7, 7], [100, 230], [2, 60], [299, 300]])
    probes = [[3, 4], [3], [6, 3, 2, 5, 1], [2], [0, 1, 2, 3, 4, 5, 6]]
    starts = torch.tensor([0, *map(len, probes)]).cumsum(0)
    return (
        *(X, lead, lead.square().sum(1), cells, ranges, starts),
        *(torch.tensor([c for some in probes for c in some]), keep, k),
    )


@pytest.mark.parametrize("keep", [7, 8, 40, 1000])
def test_knn_cells_matches_reference(keep):
    arguments = cell_arguments(keep=keep)
    indices, sq_distances = ops.knn_cells(*arguments)
    expected = reference.knn_cells(*arguments)
    assert torch.equal(indices, expected[0])
    torch.testing.assert_close(sq_distances, expected[1])
    # By `lead` alone, other rows would be the nearest.
    by_lead = ops.knn_cells(arguments[1], *arguments[1:])
    assert not torch.equal(indices, by_lead[0])


def test_knn_cells_among_all_is_the_exact_search():
    X = points("clustered", 500, 9)
    all_rows, start = torch.tensor([[0, 500]]), torch.tensor([0, 2])
    indices, sq_distances = ops.knn_cells(
        *(X, X, X.square().sum(1), torch.tensor([0, 100, 500]), all_rows, start),
        *(torch.tensor([1, 0]), 40, 20),
    )
    expected = reference.knn(X, 20)
    assert torch.equal(indices, expected[0])
    torch.testing.assert_close(sq_distances, expected[1])


def test_knn_cells_ties_are_in_the_order_of_indices():
    X = torch.zeros(200, 3)
    indices, _ = ops.knn_cells(
        *(X, X, X.square().sum(1), torch.tensor([0, 200]), torch.tensor([[0, 200]])),
        *(torch.tensor([0, 1]), torch.tensor([0]), 20, 10),
    )
    assert (indices.diff(dim=1) > 0).all()
    assert (indices != torch.arange(200)[:, None]).all()


def test_knn_cells_opcheck():
    opcheck(torch.ops.fasttsne.knn_cells.default, cell_arguments())


@pytest.mark.parametrize(
    "position, value, message",
    [
        (3, [0, 60, 50, 300], "cells must hold rising row numbers"),
        (3, [0, 301], "cells must hold rising row numbers"),
        (3, [-1, 300], "cells must hold rising row numbers"),
        (4, [[3, 2]] * 5, "ranges must hold pairs of rising row numbers"),
        (4, [[0, 301]] * 5, "ranges must hold pairs of rising row numbers"),
        (5, [0, 1, 0, 4, 5, 6], "probe_starts must hold rising places in probes"),
        (5, [0, 2, 3, 8, 9, 99], "probe_starts must hold rising places in probes"),
        (6, [3, 3, *[3] * 14], "range 0 must probe cell 3 only once"),
        (6, [7, *[3] * 15], "probes must hold cell numbers"),
        (6, [-1, *[3] * 15], "probes must hold cell numbers"),
        (6, [0, 1, *[3] * 14], "more than k = 7 rows, but those of range 0 hold 1"),
    ],
)
def test_knn_cells_refuses_what_is_not_there(position, value, message):
    arguments = list(cell_arguments())
    arguments[position] = torch.tensor(value)
    with pytest.raises(RuntimeError, match=message):
        ops.knn_cells(*arguments)


def test_knn_cells_names_bad_input():
    good = cell_arguments()
    for position, value, error, message in [
        (0, good[0].double(), TypeError, "X must be torch.float32, got torch.float64"),
        (1, good[1][:9], ValueError, "lead must have 300 rows, as X, got 9"),
        (2, good[2][:9], ValueError, r"sq_norms must have shape \(300\), got \(9,\)"),
        (4, good[4][:, :1], ValueError, r"ranges must have shape \(any, 2\), got \(5, 1\)"),
        (5, good[5][1:], ValueError, r"probe_starts must have shape \(6\), got \(5,\)"),
        (7, 6, ValueError, "k must be in 1 .. keep = 6, got 7"),
    ]:
        arguments = list(good)
        arguments[position] = value
        with pytest.raises(error, match=message):
            ops.knn_cells(*arguments)


@pytest.mark.parametrize("value", [math.nan, math.inf, 3e38])
def test_knn_cells_rows_that_overflow_are_nobodys_neighbours(value):
    arguments = cell_arguments()
    for t in arguments[:2]:
        t[130:140] = value
    arguments[2][:] = arguments[1].square().sum(1)
    whole = list(arguments)
    whole[4] = torch.tensor([[0, 1], [7, 7], [100, 130], [2, 60], [299, 300]])
    indices, _ = ops.knn_cells(*whole)
    assert ((indices < 130) | (indices >= 140)).all()
    with pytest.raises(RuntimeError, match="fewer than k candidates whose distances are finite"):
        ops.knn_cells(*arguments)
    # Where `lead` does not show it, rows measured as NaN or infinitely far come after all others.
    good = cell_arguments()
    good[0][130:140] = value
    indices, sq_distances = ops.knn_cells(*whole[:1], *good[1:4], whole[4], *good[5:])
    assert torch.isfinite(sq_distances).all()
    assert ((indices < 130) | (indices >= 140)).all()
    with pytest.raises(RuntimeError, match="fewer than k candidates whose distances are finite"):
        ops.knn_cells(*good)


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


@pytest.mark.parametrize("kind", ["normal", "clustered", "duplicates", "tiny"])
def test_kth_neighbours_by_components_are_the_true_ones(monkeypatch, kind):
    monkeypatch.setattr("fasttsne.neighbors.recall._MANY_ROWS", 0)
    monkeypatch.setattr("fasttsne.neighbors.recall._DISTANCES_AT_ONCE", 5000)
    X = points(kind, 2000, 30) * 0.5 ** torch.arange(30)
    axes = torch.linalg.qr(points("normal", 30, 30, seed=1))[0]
    X, rows = X @ axes.T, torch.arange(0, 2000, 31)
    for m, k in ((1, 20), (3, 100), (8, 500), (30, 1999)):
        lead = X @ axes[:, :m]
        found = distances_to_kth(X, lead, X[rows], lead[rows], k)
        true = exact_neighbors(X, k).sq_distances[rows, -1]
        torch.testing.assert_close(found, true, rtol=1e-4, atol=0)
