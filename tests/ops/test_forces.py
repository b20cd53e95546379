"""attractive_forces, repulsive_exact, repulsive_bh and update_embedding_."""

import inspect
import math

import pytest
import torch
from sample import assert_close, opcheck, over_devices, over_kinds, points

from fasttsne import ops, reference

over_dims = pytest.mark.parametrize("dims", [1, 2, 3])
over_dof = pytest.mark.parametrize("dof", [0.5, 1.0, 3.0])


def sparse_P(n, k, device="cpu"):
    """Rows of different lengths, to meet every tail of the vector loops."""
    g = torch.Generator().manual_seed(3)
    lengths = torch.randint(0, 2 * k + 1, (n,), generator=g)
    indptr = torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])
    edges = int(indptr[-1])
    indices = torch.randint(n, (edges,), generator=g, dtype=torch.int32)
    values = torch.rand(edges, generator=g)
    values /= values.sum()
    return [t.to(device) for t in (indptr, indices, values)]


@over_devices
@over_kinds
@over_dof
@pytest.mark.parametrize("dims", [1, 2, 3, 5])
def test_attractive_matches_reference(device, kind, dims, dof):
    Y = points(kind, 700, dims, device)
    P = sparse_P(700, 40, device)
    expected, cost = reference.attractive_forces(*P[:2], P[2].double(), Y.double(), dof, True)
    forces, actual_cost = ops.attractive_forces(*P, Y, dof, with_cost=True)
    assert_close(forces, expected, 1e-5)
    assert_close(actual_cost, cost, 1e-5 if kind != "tiny" else 1e-2)
    assert ops.attractive_forces(*P, Y, dof)[1] == 0
    for first, last in ((0, 1), (300, 555), (699, 700), (20, 20)):
        begin, end = P[0][first], P[0][last]
        some = P[0][first : last + 1] - begin, P[1][begin:end], P[2][begin:end]
        part, _ = ops.attractive_forces(*some, Y, dof, first=first)
        assert part.shape == (last - first, dims)
        if last > first:
            assert_close(part, expected[first:last], 1e-5)


@over_devices
@pytest.mark.parametrize("dims", [1, 2, 3, 5])
@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_lost_point_pulls_only_its_neighbours(device, dims, value):
    """Vectors of edges end within rows: what they read of the next row must not count."""
    n, k = 50, 7
    Y = points("normal", n, dims, device)
    neighbors = (torch.arange(n)[:, None] + torch.arange(1, k + 1)) % n
    P = torch.arange(n + 1) * k, neighbors.flatten().int(), torch.rand(n * k)
    Y[20] = value
    forces, _ = ops.attractive_forces(*(part.to(device) for part in P), Y, 1.0)
    pulls = torch.zeros(n, dtype=torch.bool, device=device)
    pulls[13:21] = True  # the lost point itself, and those that have it as a neighbour
    assert torch.equal(torch.isfinite(forces).all(1), ~pulls)


@over_devices
@over_dof
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_forces_of_a_large_dof_are_gaussian(device, dims, dof):
    # (1 + r^2 / dof)^-dof of a power of w would lose dof times the rounding of w.
    dof *= 1e4
    Y = points("normal", 600, dims, device)
    expected, Z = reference.repulsive_exact(Y.double(), dof)
    forces, actual_Z = ops.repulsive_exact(Y, dof)
    assert_close(forces, expected, 1e-5)
    assert_close(actual_Z, Z, 1e-6)
    assert_close(ops.repulsive_bh(Y, 0.2, dof)[0], expected, 2e-2)


@over_devices
@over_kinds
@over_dof
@pytest.mark.parametrize("n, dims", [(2, 2), (33, 1), (700, 2), (4133, 3), (300, 6)])
def test_repulsive_exact_matches_reference(device, kind, n, dims, dof):
    Y = points(kind, n, dims, device)
    expected, Z = reference.repulsive_exact(Y.double(), dof)
    forces, actual_Z = ops.repulsive_exact(Y, dof)
    if expected.norm() > 0:
        assert_close(forces, expected, 2e-5)
    assert_close(actual_Z, Z, 1e-5)


@over_devices
@over_kinds
@over_dims
@over_dof
def test_barnes_hut_approximates_the_whole_sum(device, kind, dims, dof):
    Y = points(kind, 3000, dims, device)
    expected, Z = reference.repulsive_exact(Y.double(), dof)
    forces, actual_Z = ops.repulsive_bh(Y, 0.5, dof)
    # On a line far cells line up and their errors add; in the plane and in space they cancel.
    assert_close(
        forces, expected, 5e-2 if dims == 1 else 1.5e-2, largest=1e-1 if dims == 1 else 3e-2
    )
    assert_close(actual_Z, Z, 1e-2)


@over_devices
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_barnes_hut_lets_far_cells_act_as_one_point(device, dims):
    # A walk that never finds a far cell is exact, and as slow as the whole sum.
    Y = points("clustered", 3000, dims, device)
    exact, _ = ops.repulsive_bh(Y, theta=0.0)
    forces, _ = ops.repulsive_bh(Y, theta=0.8)
    assert (forces - exact).norm() > 1e-4 * exact.norm()


@over_devices
@over_kinds
@over_dims
def test_barnes_hut_with_theta_0_is_exact(device, kind, dims):
    Y = points(kind, 1000, dims, device)
    expected, Z = reference.repulsive_exact(Y.double(), 1.0)
    forces, actual_Z = ops.repulsive_bh(Y, 0.0)
    assert_close(forces, expected, 1e-5)
    assert_close(actual_Z, Z, 1e-6)


@over_dims
def test_barnes_hut_survives_duplicates_and_nan(dims):
    # 100,000 equal points: a tree without a bound on its depth would not return.
    Y = torch.zeros(100_000, dims)
    Y[0] = 1
    forces, Z = ops.repulsive_bh(Y, 0.5)
    assert torch.isfinite(forces).all()
    q = 1 / (1 + dims)
    expected = 99_999 * (99_998 + 2 * q)
    assert math.isclose(float(Z), expected, rel_tol=1e-3)
    Y[5] = math.nan
    ops.repulsive_bh(Y, 0.5)


def test_forces_repeat_for_any_number_of_threads(two_thread_counts):
    Y = points("clustered", 5000, 2)
    P = sparse_P(5000, 40)
    for forces in (
        lambda: ops.attractive_forces(*P, Y, 1.0, True),
        lambda: ops.repulsive_exact(Y),
        lambda: ops.repulsive_bh(Y),
    ):
        one, two = two_thread_counts(forces)
        assert torch.equal(one[0], two[0]) and torch.equal(one[1], two[1])


@pytest.mark.parametrize("dof", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_gradient_is_that_of_the_kl_divergence(dims, dof):
    """4 (attractive - repulsive / Z) in float64 against central differences of the KL."""
    n = 12
    g = torch.Generator().manual_seed(0)
    P = torch.rand(n, n, generator=g, dtype=torch.float64)
    P = (P + P.T).fill_diagonal_(0)
    P /= P.sum()
    sparse = P.to_sparse_csr()
    csr = sparse.crow_indices(), sparse.col_indices().int(), sparse.values()

    def kl(Y):
        q = (1 + torch.cdist(Y, Y).square() / dof) ** -dof
        q = q.fill_diagonal_(0) / (q.sum() - q.diagonal().sum())
        return (P * (P / q).log().nan_to_num(neginf=0, posinf=0)).nansum()

    Y = torch.randn(n, dims, generator=g, dtype=torch.float64)
    attractive, cost = reference.attractive_forces(*csr, Y, dof, True)
    repulsive, Z = reference.repulsive_exact(Y, dof)
    gradient = 4 * (attractive - repulsive / Z)
    h = 1e-6
    for i in range(n):
        for m in range(dims):
            step = torch.zeros_like(Y)
            step[i, m] = h
            difference = (kl(Y + step) - kl(Y - step)) / (2 * h)
            assert abs(difference - gradient[i, m]) < 1e-7
    entropy = (csr[2] * csr[2].log()).sum()
    assert math.isclose(entropy + cost + Z.log(), kl(Y), rel_tol=1e-9)


def update_arguments(dims, device="cpu", n=5000):
    Y = points("normal", n, dims, device)
    velocity = points("clustered", n, dims, device, seed=1) * 0.01
    gains = points("normal", n, dims, device, seed=2).abs() + 0.01
    attractive = points("normal", n, dims, device, seed=3) * 1e-3
    repulsive = points("clustered", n, dims, device, seed=4)
    Z = torch.tensor(1e4, dtype=torch.float64, device=device)
    return [Y, velocity, gains, attractive, repulsive, Z]


@over_devices
@pytest.mark.parametrize("dims", [1, 2, 3, 5])
@pytest.mark.parametrize("max_step", [math.inf, 0.5])
def test_update_matches_reference(device, dims, max_step):
    actual = update_arguments(dims, device)
    expected = [t.double() for t in update_arguments(dims, device)]
    numbers = (4.0, 100.0, 0.8, max_step)
    for _ in range(3):
        statistics = ops.update_embedding_(*actual, *numbers)
        expected_statistics = reference.update_embedding_(*expected, *numbers)
    for a, e in zip(actual[:3], expected[:3], strict=True):
        assert_close(a, e, 1e-5)
    assert_close(statistics, expected_statistics, 1e-5)
    assert actual[0].mean(0).abs().max() < 1e-5
    torch.testing.assert_close(statistics[1 : 1 + dims], actual[0].amin(0).double())
    torch.testing.assert_close(statistics[1 + dims :], actual[0].amax(0).double())


def test_update_repeats_for_any_number_of_threads(two_thread_counts):
    def run():
        arguments = update_arguments(2, n=50_000)
        ops.update_embedding_(*arguments, 1.0, 10.0, 0.9)
        return arguments[0]

    assert torch.equal(*two_thread_counts(run))


def test_opcheck():
    Y = points("normal", 30, 2)
    P = sparse_P(30, 4)
    opcheck(torch.ops.fasttsne.attractive_forces.default, (*P, Y, 1.0, True, 0))
    opcheck(torch.ops.fasttsne.repulsive_exact.default, (Y, 1.0))
    opcheck(torch.ops.fasttsne.repulsive_bh.default, (Y, 0.5, 1.0))
    opcheck(
        torch.ops.fasttsne.update_embedding_.default,
        (*update_arguments(2, n=30), 1.0, 1.0, 0.5, 5.0),
    )


@pytest.mark.parametrize("dims", [1, 2, 3, 5])
@pytest.mark.parametrize("column", [30, -1, 10**8, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("place", [0, -1])
def test_a_column_that_is_no_point_is_refused(dims, column, place):
    indptr, indices, values = sparse_P(30, 20)
    indices[place] = column
    with pytest.raises(RuntimeError, match=r"indices must be in 0 .. n - 1 = 29"):
        ops.attractive_forces(indptr, indices, values, points("normal", 30, dims), 1.0, True)


@pytest.mark.parametrize("dims", [2, 5])
@pytest.mark.parametrize("end", [-1, 10**6, 2**62])
def test_a_row_that_leaves_P_is_refused(dims, end):
    indptr, indices, values = sparse_P(30, 20)
    indptr[7] = end
    with pytest.raises(RuntimeError, match="indptr must rise"):
        ops.attractive_forces(indptr, indices, values, points("normal", 30, dims))


def test_bad_input_is_named():
    Y = points("normal", 30, 2)
    indptr, indices, values = sparse_P(30, 4)
    with pytest.raises(ValueError, match=r"indptr must have shape \(31\)"):
        ops.attractive_forces(indptr[:-1], indices, values, Y)
    for first, rows in ((0, 31), (1, 30), (-1, 3), (31, 0)):
        with pytest.raises(ValueError, match=f"first = {first} and an indptr for {rows} rows"):
            ops.attractive_forces(
                torch.zeros(rows + 1, dtype=torch.int64), indices, values, Y, first=first
            )
    with pytest.raises(ValueError, match="dof must be a positive number or infinity, got 0"):
        ops.repulsive_exact(Y, 0)
    with pytest.raises(ValueError, match=r"theta must be in 0 .. 1, got 2"):
        ops.repulsive_bh(Y, 2)
    with pytest.raises(ValueError, match="Y must have 1 to 3 columns, got 4"):
        ops.repulsive_bh(torch.zeros(5, 4))
    with pytest.raises(TypeError, match=r"Y must be torch.float32, got torch.float64"):
        ops.repulsive_exact(Y.double())
    # Before a copy of it is made, for which some machines hand out memory that they do not have.
    repeated = torch.zeros(1, 2).expand(2**40, 2)
    with pytest.raises(ValueError, match=r"Y must have 2\^31 - 1 numbers or fewer, got 2,199,0"):
        ops.repulsive_exact(repeated)
    with pytest.raises(ValueError, match=r"Z must have 2\^31 - 1 rows or fewer, got 1,099,511,6"):
        ops.pairwise_sq_distances(Y, repeated)


def strided(t):
    """The same numbers, every other one of a tensor twice as long."""
    return torch.stack([t, t], -1)[..., 0]


def test_what_is_not_copied_must_be_contiguous():
    """With kernels and without, and with a message that says what to pass."""
    Y = points("normal", 30, 2)
    P = sparse_P(30, 4)
    grid, origin = torch.empty(40, 40), torch.full((2,), -10.0)
    Z = torch.tensor(900.0, dtype=torch.float64)
    scan = (Y, Y.square().sum(1), torch.empty(30, 9, dtype=torch.int64))
    scan += (torch.zeros(30, dtype=torch.int32), torch.full((30,), math.inf), 4)
    scan += (torch.tensor([0, 16, 30]), torch.tensor([[0, 0]]))
    ops.knn_scan_(*scan[:7], torch.tensor([[0, 0], [1, 1]]))
    ops.knn_scan_(*scan[:7], torch.tensor([[0, 1]]))
    calls = [
        (ops.attractive_forces, (*P, Y), (0, 1, 2)),
        (ops.mesh_spread_, (Y, grid, origin, 0.5), (1, 2)),
        (ops.mesh_gather, (Y, grid, origin, 0.5), (2,)),
        (ops.update_embedding_, (*torch.zeros(5, 30, 2), Z, 4.0, 9.0, 0.8), (0, 1, 2, 3, 4)),
        (ops.knn_scan_, scan, (0, 1, 2, 3, 4, 6, 7)),
        (ops.knn_rerank, (*scan[:1], *scan[2:6], 3), (0, 1, 2, 3)),
    ]
    for op, arguments, places in calls:
        names = list(inspect.signature(op).parameters)
        op(*arguments)
        for place in places:
            changed = [*arguments]
            changed[place] = strided(changed[place])
            with pytest.raises(
                ValueError, match=f"^{names[place]} must be contiguous, got strides"
            ):
                op(*changed)
