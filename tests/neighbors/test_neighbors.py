"""pairwise_sq_distances, knn_scan_, knn_rerank and the schedule of tiles."""

import math

import pytest
import torch
from sample import assert_close, opcheck, over_devices, over_kinds, points

from fasttsne import _library, ops, reference
from fasttsne.neighbors import exact
from fasttsne.neighbors.candidates import Candidates, choose_keep
from fasttsne.neighbors.exact import exact_neighbors, neighbors_in
from fasttsne.neighbors.rounding import bound_tile_error, sums_are_exact
from fasttsne.neighbors.scaling import Scaling
from fasttsne.neighbors.tiles import tile_rounds


@over_devices
@pytest.mark.parametrize("n, l, d", [(1, 1, 1), (5, 70, 3), (130, 49, 136), (200, 200, 785)])
def test_pairwise_matches_reference(device, n, l, d):
    X, Z = points("normal", n, d, device), points("clustered", l, d, device, seed=1)
    expected = reference.pairwise_sq_distances(X.double(), Z.double())
    assert_close(ops.pairwise_sq_distances(X, Z), expected, 3e-6)


@over_devices
def test_pairwise_does_not_cancel(device):
    X = points("normal", 60, 20, device) * 1e-3 + 1000
    expected = reference.pairwise_sq_distances(X.double(), X.double())
    actual = ops.pairwise_sq_distances(X)
    assert_close(actual, expected, 1e-6)
    assert (actual.diagonal() == 0).all()


@pytest.mark.parametrize("n_blocks", [1, 2, 3, 4, 7, 32, 33])
def test_tile_rounds_cover_all_pairs_once_and_disjointly(n_blocks):
    seen = set()
    for tiles in tile_rounds(n_blocks):
        used = [block for tile in tiles for block in set(tile)]
        assert len(used) == len(set(used))
        assert not seen & set(tiles)
        seen |= set(tiles)
    assert seen == {(a, b) for b in range(n_blocks) for a in range(b + 1)}


@over_devices
@over_kinds
@pytest.mark.parametrize("n, d, k", [(2, 1, 1), (70, 2, 69), (500, 3, 20), (1100, 136, 90)])
def test_neighbors_match_reference(device, kind, n, d, k):
    X = points(kind, n, d, device)
    indices, sq_distances, _ = exact_neighbors(X, k)
    _, expected = reference.knn(X.double(), k)
    if kind == "duplicates" and expected.max() == 0:
        assert (sq_distances == 0).all()
    else:
        assert_close(sq_distances, expected, 1e-5)
    # The indices are those of the distances, distinct, and never the row itself.
    row = torch.arange(n, device=device)[:, None]
    assert (indices != row).all()
    assert (indices.sort(1).values.diff(dim=1) > 0).all()
    own = (X.double()[:, None] - X.double()[indices.long()]).square().sum(2)
    torch.testing.assert_close(own, sq_distances.double(), rtol=1e-5, atol=1e-12)
    assert (sq_distances.diff(dim=1) >= 0).all()


def tight_groups(n, d):
    """Groups a millionth as wide as they are far apart: inner products cannot tell members."""
    centers = points("normal", n // 50, d)
    return centers.repeat_interleave(50, 0) + 1e-6 * points("normal", n, d, seed=1)


@over_devices
@pytest.mark.parametrize(
    "X", [points("normal", 30_000, 1), tight_groups(2000, 30), points("normal", 3000, 2) + 300]
)
def test_neighbors_are_exact_where_inner_products_cancel(device, X):
    X = X.to(device)
    k = 20
    sq_distances = exact_neighbors(X, k).sq_distances
    rows = torch.arange(0, len(X), 37, device=device)
    expected = reference.pairwise_sq_distances(X[rows].double(), X.double())
    expected[torch.arange(len(rows)), rows] = math.inf
    expected = expected.topk(k, 1, largest=False).values
    # Each distance, not their norm: a lost neighbour shows.
    torch.testing.assert_close(sq_distances[rows].double(), expected, rtol=1e-4, atol=1e-14)


def halfway(n, d):
    """Numbers just above 1 that bf16 rounds as far as it rounds any: a product loses the most."""
    return 1 + 2.0**-8 + 1e-5 * points("normal", n, d)


@pytest.mark.parametrize(
    "X",
    [points("normal", 2000, 1), tight_groups(1000, 30), halfway(500, 7), points("wide", 800, 64)],
    ids=["line", "groups", "halfway", "wide"],
)
@pytest.mark.parametrize("kernels", ["amx", "bfmmla"])
def test_error_of_split_products_is_bounded(X, kernels, monkeypatch):
    """As matrix units multiply, in float64: x = high + low + rest, and high and low are bf16."""
    high = X.bfloat16().float()
    low = (X - high).bfloat16().double()
    high, X64 = high.double(), X.double()
    product = high @ high.T + high @ low.T + low @ high.T
    sq_norms = X64.square().sum(1)
    in_tile = sq_norms[:, None] + sq_norms - 2 * product
    expected = reference.pairwise_sq_distances(X64, X64)
    kth = expected.kthvalue(10, dim=1).values
    monkeypatch.setattr("fasttsne._library.kernels_on", lambda device: kernels)
    bound = bound_tile_error(X, sq_norms.float(), kth.float())
    error = (in_tile - expected).abs()
    near = expected <= kth[:, None]
    assert (error <= bound[:, None])[near].all()
    # It tells rows apart, too: a bound a hundred times the error would doubt everything.
    assert error[near].max() > bound.max() / 100


def tied(n=4000, d=64):
    """Zeros and ones: hundreds of rows at each distance that occurs."""
    return torch.randint(2, (n, d), generator=torch.Generator().manual_seed(0)).double()


@pytest.mark.parametrize(
    "X",
    [tied(), 3 * tied() + 1000, tied() * 0.0625, (tied() * 255 - 7).int().float(), tied(3000, 500)],
    ids=["zeros and ones", "with an offset", "scaled", "bytes", "wide"],
)
def test_ties_are_measured_once(X):
    rows = Scaling.of(X)(X)
    k = 20
    n = len(rows)
    candidates = Candidates.empty(rows, choose_keep(n, k))
    blocks = torch.tensor([*range(0, n, 256), n])
    for tiles in tile_rounds(len(blocks) - 1):
        candidates.scan(rows, blocks, tiles)
    nearest, doubtful = candidates.nearest(rows, k)
    assert len(doubtful) < n / 100
    some = torch.arange(0, n, 37)
    expected = reference.pairwise_sq_distances(X[some].double(), X.double())
    expected[torch.arange(len(some)), some] = math.inf
    expected = expected.topk(k, 1, largest=False).values
    assert torch.equal(nearest.sq_distances[some].double() * Scaling.of(X).unit ** 2, expected)


def repeated(n=3000, d=12):
    """Forty rows, many times each."""
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
    return points("normal", 40, d).repeat(n // 40, 1)[order]


def tied_beyond_two_bf16():
    """A query and 50 rows equally far from it, which tiles of split floats find unequally far."""
    near = [[-259.0, 508.0]] * 20 + [[-251.0, 516.0], [-251.0, -516.0]] * 15
    return torch.tensor(near), torch.tensor([[257.0, 0.0]])


@over_devices
@pytest.mark.parametrize(
    "X, queries",
    [
        (tied(3000, 12) - 0.5, tied(40, 12) - 0.5),
        (tied(3000, 12) - 0.5, tied(4000, 12) - 0.5),
        (tied(300, 12) - 0.5, tied(4000, 12) - 0.5),
        (repeated(), repeated()[:400]),
        tied_beyond_two_bf16(),
    ],
    ids=["few queries", "as many", "more", "equal rows", "split"],
)
def test_ties_stand_in_the_order_of_rows(device, X, queries, monkeypatch):
    X, queries = X.float().to(device), queries.float().to(device)
    expected = reference.pairwise_sq_distances(queries, X).sort(dim=1, stable=True)
    measured_again = []
    measure = exact.brute_force_neighbors_in
    monkeypatch.setattr(
        exact,
        "brute_force_neighbors_in",
        lambda X, queries, k: measured_again.append(len(queries)) or measure(X, queries, k),
    )
    found = neighbors_in(X, queries, 30)
    assert torch.equal(found.indices, expected.indices[:, :30].int())
    # Where the kernels see to it, ties take no time of their own.
    if _library.kernels_on(X.device) not in ("cuda", "reference", "amx", "bfmmla"):
        assert not measured_again


@pytest.mark.parametrize(
    "X, is_exact",
    [
        (tied() - 0.5, True),
        (tied() - 0.1, False),
        (points("normal", 100, 3), False),
        (torch.tensor([[2101.0], [0.0], [-2101.0]]), False),
        (torch.tensor([[900.0], [0.0], [-900.0]]), True),
        (torch.zeros(3, 2), True),
        (torch.zeros(0, 2), True),
    ],
)
def test_sums_are_exact_where_float32_holds_them(X, is_exact):
    assert sums_are_exact(X) == is_exact


def test_neighbors_repeat_for_any_number_of_threads(two_thread_counts):
    X = points("clustered", 3000, 40)
    one, two = two_thread_counts(lambda: exact_neighbors(X, 30))
    assert torch.equal(one.indices, two.indices)
    assert torch.equal(one.sq_distances, two.sq_distances)


def test_neighbors_report_progress_and_stop_at_an_exception():
    steps = []

    def interrupt(done, total):
        steps.append((done, total))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exact_neighbors(points("normal", 1000, 5), 5, interrupt)
    assert [done for done, _ in steps] == [1, 2, 3]


@pytest.mark.parametrize("k", [0, 10])
def test_neighbors_reject_k(k):
    with pytest.raises(ValueError, match=r"k must be in 1 .. n - 1 = 9"):
        exact_neighbors(points("normal", 10, 2), k)


def scan_arguments(n=130, keep=12):
    X = points("normal", n, 5)
    return (
        X,
        X.square().sum(1),
        torch.empty(n, 2 * keep, dtype=torch.int64),
        torch.zeros(n, dtype=torch.int32),
        torch.full((n,), math.inf),
        keep,
        torch.tensor([0, 60, n]),
        torch.tensor([[0, 1]]),
    )


def test_opcheck():
    X = points("normal", 20, 5)
    opcheck(torch.ops.fasttsne.pairwise_sq_distances.default, (X, X))
    arguments = scan_arguments()
    opcheck(torch.ops.fasttsne.knn_scan_.default, arguments)
    ops.knn_scan_(*arguments)
    opcheck(torch.ops.fasttsne.knn_rerank.default, (*arguments[:1], *arguments[2:6], 5))


def test_reference_scan_finds_what_the_kernel_finds():
    kernel, oracle = scan_arguments(), scan_arguments()
    ops.knn_scan_(*kernel)
    reference.knn_scan_(*oracle)
    for k in (1, 12):
        found = ops.knn_rerank(kernel[0], *kernel[2:6], k)
        expected = reference.knn_rerank(oracle[0], *oracle[2:6], k)
        assert torch.equal(found[0], expected[0])
        torch.testing.assert_close(found[1], expected[1])
        # The kernel keeps more room, so it may leave less unmeasured, never more.
        assert (found[2] >= expected[2] * (1 - 1e-5)).all()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 3e38])
@pytest.mark.parametrize("n", [50, 131])
def test_rows_that_overflow_are_nobodys_neighbours(value, n):
    # A block of bad rows meets all others, at edges of tiles too.
    X, _, keys, count, bound, keep, _, _ = scan_arguments(n)
    X[:7] = value
    blocks = torch.tensor([0, 7, n // 2, n])
    for tiles in tile_rounds(3):
        ops.knn_scan_(X, X.square().sum(1), keys, count, bound, keep, blocks, torch.tensor(tiles))
    assert (count[:7] == 0).all() and (count[7:] >= keep).all()
    index = ops.knn_rerank(X, keys[7:], count[7:], bound[7:], keep, keep)[0]
    assert (index >= 7).all() and (index < n).all()
    with pytest.raises(RuntimeError, match="row 0 has 0, whose distances are finite"):
        ops.knn_rerank(X, keys, count, bound, keep, 1)


@pytest.mark.parametrize(
    "position, value, message",
    [
        (7, [[0, 1], [1, 1]], "block 1 must stand in one tile only"),
        (7, [[0, 0], [0, 1]], "block 0 must stand in one tile only"),
        (7, [[0, 2]], "tiles must hold block numbers"),
        (6, [0, 70, 60], "blocks must hold rising row numbers"),
        (6, [0, 60, 131], "blocks must hold rising row numbers"),
    ],
)
def test_tiles_that_would_collide_are_refused(position, value, message):
    arguments = list(scan_arguments())
    arguments[position] = torch.tensor(value)
    with pytest.raises(RuntimeError, match=message):
        ops.knn_scan_(*arguments)


@pytest.mark.parametrize("count", [-1, 24, 2**31 - 1])
def test_counts_outside_the_capacity_are_refused(count):
    arguments = list(scan_arguments())
    arguments[3][17] = count
    with pytest.raises(RuntimeError, match=r"count must be in 0 .. capacity - 1"):
        ops.knn_scan_(*arguments)


def test_what_a_scan_writes_shares_no_memory():
    arguments = list(scan_arguments())
    arguments[3] = arguments[4].view(torch.int32).zero_()
    with pytest.raises(RuntimeError, match="count must not share memory with another argument"):
        ops.knn_scan_(*arguments)


@pytest.mark.parametrize("index", [20, 2**31, 2**32 - 1])
def test_candidates_that_are_no_rows_are_refused(index):
    X = points("normal", 20, 5)
    keys = torch.arange(12).repeat(20, 1)
    keys[3, 4] = index
    count, bound = torch.full((20,), 8, dtype=torch.int32), torch.full((20,), math.inf)
    with pytest.raises(RuntimeError, match=r"keys must hold rows of X, 0 .. n - 1 = 19"):
        ops.knn_rerank(X, keys, count, bound, 8, 5)


def test_bad_input_is_named():
    X = points("normal", 20, 5)
    with pytest.raises(TypeError, match=r"X must be torch.float32, got torch.float64"):
        ops.pairwise_sq_distances(X.double())
    with pytest.raises(ValueError, match=r"Z must have shape \(any, 5\), got \(3, 4\)"):
        ops.pairwise_sq_distances(X, torch.zeros(3, 4))
    arguments = list(scan_arguments())
    arguments[5] = 24
    with pytest.raises(ValueError, match="keep must be in 1"):
        ops.knn_scan_(*arguments)
    arguments = list(scan_arguments())
    arguments[7] = torch.tensor([[0, 2]])
    with pytest.raises(RuntimeError, match="tiles must hold block numbers"):
        ops.knn_scan_(*arguments)
