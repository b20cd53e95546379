"""One fit by several processes: the map, and what happens when one of them fails."""

import os
import re
import signal
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import torch
from ranks import RankProcesses, RanksFailed
from sample import points

from fasttsne import TSNE, Phase, metrics
from fasttsne.datasets import make_landmark_frames
from fasttsne.descent.convolution import FreeConvolution, spectrum_of
from fasttsne.fit import checkpoint
from fasttsne.neighbors.exact import exact_neighbors
from fasttsne.neighbors.of_ranks import neighbors_of_ranks
from fasttsne.shards import ALONE, Part, Ranks

SPLITS = {2: [0.5], 3: [0.2, 0.2]}
"""Where the rows are cut: of three ranks the second has none."""


@pytest.fixture(scope="module", params=[2, 3])
def ranks(request):
    processes = RankProcesses(request.param)
    yield processes
    processes.close()


@pytest.fixture
def two_ranks():
    """Two ranks that a test may kill."""
    processes = RankProcesses(2)
    yield processes
    processes.close()


def frames(n):
    return make_landmark_frames(n).points.reshape(n, -1)


def part_of(X, rank, count):
    bounds = [0, *(round(len(X) * cut) for cut in SPLITS[count]), len(X)]
    return X[bounds[rank] : bounds[rank + 1]]


def fit_with(rank, count, X, parameters):
    mine = part_of(X, rank, count)
    tsne = TSNE(random_state=0, distributed=True, **parameters)
    Y = tsne.fit_transform(mine)
    assert len(Y) == len(mine)
    return np.asarray(Y), tsne.kl_divergence_, tsne.report_


def test_what_ranks_say_to_one_another(ranks):
    for result in ranks(speak, ranks.count):
        assert result == [True] * 8


def speak(rank, count):
    shards = Ranks()
    with shards.together():
        mine = torch.full((rank + 1, 2), float(rank))
        rows = torch.cat([torch.full((i + 1, 2), float(i)) for i in range(count)])
        to_all = torch.cat([torch.full((i,), 10 * rank + i) for i in range(count)])
        got, counts = shards.exchange(to_all, list(range(count)))
        part = Part.even(7, shards)
        tenths = torch.tensor([0.1, 0.2, 0.7][rank], dtype=torch.float64)
        sent = shards.sent
        shards.gather(torch.zeros(100))
        return [
            torch.equal(shards.gather_rows(mine), rows),
            torch.equal(got, torch.cat([torch.full((rank,), 10 * i + rank) for i in range(count)])),
            counts == [rank] * count,
            float(shards.sum(tenths)) == sum([0.1, 0.2, 0.7][:count]),
            torch.equal(part.gather(torch.arange(7)[part.rows]), torch.arange(7)),
            shards.any(rank == 1) and not shards.any(False),
            shards.objects("ab"[rank % 2]) == ["ab"[i % 2] for i in range(count)],
            shards.sent - sent > 400 * (count - 1),
        ]


@pytest.mark.parametrize("n, exact", [(1000, True), (9000, False)])
def test_neighbors_of_ranks(ranks, n, exact):
    X = torch.from_numpy(frames(n))
    X = (X - X.mean(0)) / 1024
    results = ranks(find_neighbors, ranks.count, X, exact)
    order = torch.cat([dealt.order for dealt in results])
    assert torch.equal(order.sort().values, torch.arange(n))
    true = exact_neighbors(X, 30).sq_distances[:, -1:]
    found = torch.cat([dealt.neighbors.sq_distances for dealt in results])
    recall = (found <= true[order] * (1 + 1e-4)).double().mean()
    assert recall >= (0.9999 if exact else 0.96)
    assert abs(results[0].recall - recall) < 0.02
    indices = order[torch.cat([dealt.neighbors.indices for dealt in results]).long()]
    assert (indices != order[:, None]).all()
    assert (indices.sort(1).values.diff(dim=1) > 0).all()
    measured = (X[order][:, None] - X[indices]).square().sum(2)
    torch.testing.assert_close(found, measured, rtol=1e-4, atol=1e-6)
    # Each has about as many rows as the others, and those that are near one another.
    sizes = [len(dealt.X) for dealt in results]
    assert sizes == results[0].sizes and min(sizes) > 0.6 * n / ranks.count
    if not exact:
        owner = torch.arange(ranks.count).repeat_interleave(torch.tensor(sizes))
        place = torch.empty_like(order)
        place[order] = torch.arange(n)
        assert (owner[place[indices]] == owner[:, None]).double().mean() > 1.2 / ranks.count


def find_neighbors(rank, count, X, exact):
    shards = Ranks()
    with shards.together():
        return neighbors_of_ranks(part_of(X, rank, count), 30, 0, exact, shards)


@pytest.mark.parametrize("kind", ["equal", "mostly equal", "few"])
def test_rows_that_leave_ranks_empty(ranks, kind):
    """Equal rows are one group, which one rank has; fewer rows than ranks leave some none."""
    n = 2 if kind == "few" else 6000
    X = points("normal", n, 5)
    if kind != "few":
        X[: n if kind == "equal" else 5000] = 0
    for maps in ranks(fit_small, ranks.count, X):
        assert np.isfinite(maps).all()


def fit_small(rank, count, X):
    tsne = TSNE(random_state=0, distributed=True, neighbors="cells", perplexity=1, max_iter=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fasttsne.neighbors.recall._MANY_ROWS", 2500)  # of some ranks only
        return tsne.fit_transform(part_of(X.numpy(), rank, count))


def test_spread_out_data_are_searched_exactly(ranks):
    X = points("normal", 6000, 60)
    for dealt in ranks(find_neighbors, ranks.count, X, False):
        assert dealt.is_exact and dealt.recall == 1


@pytest.mark.parametrize("shape", [[200_000], [64, 4000], [4, 40_000], [1000, 996], [60, 72, 64]])
def test_ranks_share_a_convolution(ranks, shape):
    axes = [torch.arange(size, dtype=torch.float64) for size in shape]
    distances = torch.meshgrid(*[torch.minimum(a, len(a) - a) for a in axes], indexing="ij")
    kernel = 1 / (1 + sum(d.square() for d in distances))
    grid = points("normal", 1, int(np.prod([size // 2 for size in shape])))
    grid = grid.view([size // 2 for size in shape])
    expected = FreeConvolution(shape, spectrum_of(kernel).float())(grid, ALONE)
    for actual in ranks(convolve, shape, spectrum_of(kernel).float(), grid):
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-4)


def convolve(rank, shape, influence, grid):
    shards = Ranks()
    with shards.together(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("fasttsne.descent.convolution._MANY_NODES", 1000)
        return FreeConvolution(shape, influence)(grid, shards)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"neighbors": "cells", "metric": "cosine", "max_iter": 150},
        {"method": "fft", "n_components": 3, "early_compression": 1e-3, "max_iter": 100},
        {"method": "barnes_hut", "init": "random", "max_iter": 150},
        {"method": "exact", "objective": "sne", "max_iter": 100},
    ],
    ids=lambda parameters: "-".join(map(str, parameters.values())) or "default",
)
def test_the_map_of_ranks_is_as_good(ranks, parameters):
    n = 900 if parameters.get("max_iter") == 100 else 2500
    X = frames(n)
    alone = TSNE(random_state=0, **parameters).fit(X)
    results = ranks(fit_with, ranks.count, X, parameters)
    Y = np.concatenate([Y for Y, _, _ in results])
    kl = results[0][1]
    assert [result[1] for result in results] == [kl] * ranks.count
    assert abs(kl - alone.kl_divergence_) < 0.05 * alone.kl_divergence_ + 0.01
    if alone.embedding_.shape[1] == 2:
        mine, its = (metrics.neighbor_recall(X, map_) for map_ in (Y, alone.embedding_))
        assert mine > its - 0.03
    report = results[0][2]
    assert report.ranks == ranks.count and report.n == n
    points_of_rank = n * Y.shape[1] * 4 / ranks.count
    assert report.bytes_per_iteration > 0.9 * points_of_rank * (ranks.count - 1)


def test_the_bits_are_the_same_each_time_on_any_number_of_threads(ranks):
    X, parameters = frames(4000), {"neighbors": "cells", "max_iter": 50}
    one = ranks(fit_with, ranks.count, X, {"n_jobs": 1, **parameters})
    two = ranks(fit_with, ranks.count, X, {"n_jobs": 2, **parameters})
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a[0], b[0]) and a[1] == b[1]


def test_an_array_to_start_from_and_tensors(ranks):
    X = torch.from_numpy(frames(1200))
    start = 1e-4 * points("normal", 1200, 2)
    results = ranks(fit_from, ranks.count, X, start)
    Y = torch.cat(results)
    alone = TSNE(random_state=0, init=start, max_iter=3).fit_transform(X)
    assert torch.corrcoef(torch.stack([Y.flatten(), alone.flatten()]))[0, 1] > 0.99


def fit_from(rank, count, X, start):
    tsne = TSNE(distributed=True, init=part_of(start, rank, count), max_iter=3, random_state=0)
    Y = tsne.fit_transform(part_of(X, rank, count))
    assert isinstance(Y, torch.Tensor)
    return Y


@pytest.mark.parametrize("metric", ["euclidean", "correlation"])
def test_new_rows_find_their_neighbours_on_all_ranks(ranks, metric):
    X = frames(3000)
    results = ranks(fit_and_place, ranks.count, X, metric)
    Y = np.concatenate([Y for Y, _, _ in results])
    for rank, (_, same, near) in enumerate(results):
        own = part_of(np.arange(3000), rank, ranks.count)
        assert np.array_equal(same, Y[::-1][own[:20]])  # rows of other ranks, backwards
        assert near.shape == (len(own[:20]), 2)
        assert np.median(np.abs(near - Y[own[:20]]), axis=None) < 2 if len(own) else True


def fit_and_place(rank, count, X, metric):
    tsne = TSNE(random_state=0, distributed=True, metric=metric, max_iter=100)
    Y = tsne.fit_transform(part_of(X, rank, count))
    own = part_of(np.arange(len(X)), rank, count)[:20]
    same = tsne.transform(X[::-1][own])
    return Y, same, tsne.transform(X[own] + np.float32(0.01))


def test_callbacks_progress_and_the_end_are_those_of_all(ranks):
    for rank, (iterations, reported, stopped) in enumerate(ranks(watch, ranks.count, frames(600))):
        assert iterations == ([49, 99] if rank else []) and stopped == 99
        assert (reported > 0) == (rank == 0)


def watch(rank, count, X):
    seen, reported = [], []

    def callback(iteration, kl, Y):
        assert len(Y) == len(X)
        seen.append(iteration)
        return iteration == 99

    tsne = TSNE(
        random_state=0,
        distributed=True,
        callback=callback if rank else None,  # on some ranks only
        progress=reported.append if rank == 0 else None,
    )
    tsne.fit(part_of(X, rank, count))
    return seen, len(reported), tsne.report_.iterations


def wrong(rank, count, X, kind):
    mine = part_of(X, rank, count).copy()
    last = rank == count - 1
    parameters = {"random_state": 0}
    if kind == "nan" and last:
        mine[7, 3] = np.nan
    elif kind == "columns" and last:
        mine = mine[:, :-1]
    elif kind == "dtype" and last:
        mine = mine.astype(np.float64)
    elif kind == "perplexity" and last:
        parameters["perplexity"] = 7
    elif kind == "schedule":
        parameters["schedule"] = [Phase(20 + rank)]
    elif kind == "checkpoint" and last:
        parameters["checkpoint"] = Path("fit.pt")
    elif kind == "seed":
        parameters["random_state"] = rank
    elif kind == "none" and last:
        mine = None
    elif kind == "init" and last:
        parameters["init"] = "spectral"
    elif kind == "rows":
        mine = mine[: 1 if last else 0]
    elif kind == "length" and last:
        mine[5] = 0
        parameters["metric"] = "cosine"
    elif kind == "length":
        parameters["metric"] = "cosine"
    TSNE(distributed=True, **parameters).fit(mine)


@pytest.mark.parametrize(
    "kind, message",
    [
        ("nan", r"ValueError: rank {last} of {count}: .*NaN.*row 7"),
        ("columns", r"columns of X must be the same on all ranks, got 136 on rank 0 and 135 on"),
        ("dtype", r"dtype of X must be the same on all ranks"),
        ("perplexity", r"perplexity must be the same on all ranks, got 30.0 on rank 0 and 7 on"),
        ("schedule", r"schedule must be the same on all ranks, got .*iterations=20.*on rank 0"),
        (
            "checkpoint",
            r"checkpoint must be the same on all ranks, got None on rank 0 and 'fit.pt'",
        ),
        ("seed", r"random_state must be the same on all ranks, got 0 on rank 0 and 1 on rank 1"),
        ("none", r"ValueError: rank {last} of {count}: X must be"),
        ("init", r"rank {last} of {count}: init must not be 'spectral'"),
        ("rows", r"X must have 2 samples or more, got 1"),
        ("length", r"rank {last} of {count}: metric 'cosine' is not defined .* row 5"),
    ],
)
def test_bad_input_on_one_rank_is_told_by_all(ranks, kind, message):
    begin = time.monotonic()
    with pytest.raises(RanksFailed) as failed:
        ranks(wrong, ranks.count, frames(300), kind)
    message = message.format(last=ranks.count - 1, count=ranks.count)
    for error in failed.value.errors:
        assert error is not None and re.search(message, error), error
    assert time.monotonic() - begin < 30
    # The ranks work together as before.
    assert len(ranks(speak, ranks.count)) == ranks.count


def refused(rank, count, X, kind):
    """Fit with a parameter that several ranks do not take, the same on all of them."""

    def never(*_):
        raise AssertionError("some work was done")

    mine, n = part_of(X, rank, count), len(X)
    start = np.zeros((len(mine), 2), np.float32)
    y = np.zeros(len(mine), int)
    distances = scipy.sparse.identity(n, format="csr")
    parameters = {
        "fixed": {"fixed": [0], "init": start},
        "anchors": {"anchors": start, "anchor_weight": 1.0, "init": start},
        "supervision": {"supervision": 0.5},
        "keep_state": {"keep_state": True},
        "affinities": {"affinities": distances},
        "neighbors": {"neighbors": distances},
        "metric": {"metric": "manhattan"},
        "spectral": {"init": "spectral"},
    }.get(kind, {})
    if kind == "sparse":
        mine = scipy.sparse.csr_matrix(mine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fasttsne.fit.pipeline.fit", never)
        TSNE(distributed=True, random_state=0, **parameters).fit(mine, y)


@pytest.mark.parametrize(
    "kind, message",
    [
        ("fixed", "fixed must be None with distributed=True"),
        ("anchors", "anchors must be None with distributed=True"),
        ("supervision", "supervision must be 0 with distributed=True, got 0.5"),
        ("keep_state", "keep_state must be False or 'auto' with distributed=True, got True"),
        ("affinities", "affinities must not be a matrix with distributed=True"),
        ("neighbors", "neighbors must be 'auto', 'exact' or 'cells' with distributed=True"),
        ("metric", "metric must be euclidean, .* with distributed=True, got 'manhattan'"),
        ("spectral", "init must not be 'spectral' with distributed=True"),
        ("sparse", "X must be a dense array .* with distributed=True, .* got a sparse matrix"),
    ],
)
def test_what_ranks_refuse(ranks, kind, message):
    """All ranks are told what they refuse, by name, before any work."""
    with pytest.raises(RanksFailed) as failed:
        ranks(refused, ranks.count, frames(60), kind)
    for error in failed.value.errors:
        assert error is not None and re.match(rf"ValueError: rank 0 of \d: {message}", error), error
    assert len(ranks(speak, ranks.count)) == ranks.count  # they work together as before


def keep_nothing(rank, count, X):
    """Return what a map of several ranks says when it is to go on, and whether it has changed."""
    mine = part_of(X, rank, count)
    # Labels are not looked at without supervision, and 'auto' keeps nothing.
    tsne = TSNE(distributed=True, random_state=0, max_iter=5).fit(mine, np.zeros(len(mine), int))
    Y, told = tsne.embedding_.copy(), []
    for go_on in (lambda: tsne.optimize(5), lambda: tsne.extend(mine)):
        with pytest.raises(ValueError) as error:
            go_on()
        told.append(str(error.value))
    return told, np.array_equal(tsne.embedding_, Y)


def test_a_map_of_ranks_does_not_go_on(ranks):
    for told, is_same in ranks(keep_nothing, ranks.count, frames(300)):
        assert told == [
            f"{method} needs a fit by one process, as several keep no state; this one was made "
            "with distributed=True"
            for method in ("optimize", "extend")
        ]
        assert is_same


@pytest.mark.parametrize("name", ["fixed", "anchors"])
def test_ranks_do_not_finish_a_fit_with_constraints(tmp_path, ranks, name):
    X, path = frames(300), tmp_path / "fit.pt"
    start = points("normal", 300, 2).numpy()
    parameters = {"fixed": [0]} if name == "fixed" else {"anchors": start, "anchor_weight": 1.0}
    tsne = TSNE(random_state=0, init=start, max_iter=6, checkpoint=path, checkpoint_every=5)
    tsne.set_params(**parameters).fit(X)
    before = path.read_bytes()
    with pytest.raises(RanksFailed) as failed:
        ranks(resume_without_data, path)
    for error in failed.value.errors:
        assert re.search("fixed points or anchors, which one process finishes", error), error
    assert path.read_bytes() == before


def test_a_process_without_a_group_is_told():
    with pytest.raises(ValueError, match="distributed=True needs the process group"):
        TSNE(distributed=True).fit(frames(100))
    with pytest.raises(TypeError, match="distributed must be True or False, got 2"):
        TSNE(distributed=2).fit(frames(100))


def fail(rank, count, X, way):
    def callback(iteration, kl, Y):
        if rank == 1 and way == "raise":
            raise RuntimeError("the disk of this rank is full")
        if rank == 1 and way == "kill":
            os.kill(os.getpid(), signal.SIGKILL)

    TSNE(random_state=0, distributed=True, callback=callback).fit(part_of(X, rank, count))


@pytest.mark.parametrize("way", ["raise", "kill"])
def test_a_rank_that_fails_ends_the_others(two_ranks, way):
    begin = time.monotonic()
    with pytest.raises(RanksFailed) as failed:
        two_ranks(fail, 2, frames(600), way)
    first, second = failed.value.errors
    if way == "raise":
        assert first == "RankError: rank 1 failed: RuntimeError: the disk of this rank is full"
        assert second == "RuntimeError: the disk of this rank is full"
    else:
        assert first == (
            "RankError: rank 1 ended without a word: it was killed, perhaps for lack of memory"
        )
        assert second == "rank 1 ended"
    assert time.monotonic() - begin < 30


def interrupt(rank, count, X, way):
    def callback(iteration, kl, Y):
        if rank == 1 and iteration == 99:
            os.kill(os.getpid(), signal.SIGINT)

    tsne = TSNE(random_state=0, distributed=True, callback=callback, on_interrupt=way)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        tsne.fit(part_of(X, rank, count))
    return tsne.report_.iterations, [str(one.message) for one in told]


def test_ctrl_c_stops_all_ranks_after_the_same_iteration(ranks):
    for iterations, told in ranks(interrupt, ranks.count, frames(600), "return"):
        assert iterations == 100
        assert any("interrupted after 100 of 400 iterations" in text for text in told)
    with pytest.raises(RanksFailed) as failed:
        ranks(interrupt, ranks.count, frames(600), "raise")
    assert all(error.startswith("KeyboardInterrupt") for error in failed.value.errors)


def stop_early(rank, count, X, path, at):
    """Fit until rank 1 is killed; or, without an iteration, to the end."""

    def callback(iteration, kl, Y):
        if rank == count - 1 and iteration == at:
            os.kill(os.getpid(), signal.SIGKILL)

    tsne = TSNE(
        random_state=0,
        distributed=True,
        neighbors="cells",
        max_iter=150,
        checkpoint=path,
        checkpoint_every=20,
        callback=callback,
        callback_every=10,
    )
    return tsne.fit_transform(part_of(X, rank, count))


def resume(rank, count, X, path):
    """Return the map, and where the first rows are placed anew."""
    mine = part_of(X, rank, count)
    tsne = TSNE.resume(path, mine, distributed=True)
    return tsne.embedding_, tsne.transform(mine[:5]), tsne.kl_divergence_


def resume_without_data(rank, path):
    tsne = TSNE.resume(path, distributed=True)
    return tsne.embedding_, tsne.kl_divergence_


def test_a_killed_fit_is_resumed_to_the_same_bits(tmp_path, two_ranks):
    X, path = frames(5000), tmp_path / "fit.pt"
    processes = RankProcesses(2)
    with pytest.raises(RanksFailed, match="rank 1 ended"):
        processes(stop_early, 2, X, path, 99)
    processes.close()
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names[0] == "fit.pt" and [name[-3:] for name in names[1:]] == [".P0", ".P1"]
    resumed = two_ranks(resume, 2, X, path)
    whole = two_ranks(stop_early, 2, X, tmp_path / "whole.pt", None)
    for (Y, placed, _), expected in zip(resumed, whole, strict=True):
        assert np.array_equal(Y, expected)
        assert np.array_equal(placed, Y[:5])
    # One process finishes what two began. It sums in another order.
    kl = resumed[0][2]
    alone = TSNE.resume(path)
    assert len(alone.embedding_) == 5000 and abs(alone.kl_divergence_ - kl) < 0.02 * kl


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the file of three ranks, that of one process, and the data."""
    folder, X = tmp_path_factory.mktemp("ranks"), frames(5000)
    processes = RankProcesses(3)
    processes(stop_early, 3, X, folder / "three.pt", None)
    processes.close()
    parameters = {"random_state": 0, "neighbors": "cells", "max_iter": 150}
    TSNE(**parameters, checkpoint=folder / "one.pt", checkpoint_every=140).fit(X)
    return folder / "three.pt", folder / "one.pt", X


def test_other_ranks_finish_a_fit(saved, ranks):
    for path in saved[:2]:
        expected = TSNE.resume(path)
        results = ranks(resume_without_data, path)
        Y = np.concatenate([Y for Y, _ in results])
        if path is saved[0] and ranks.count == 2:
            assert [len(Y) for Y, _ in results] == [2500, 2500]
        # A few iterations on from the same state, the maps still agree.
        assert np.corrcoef(Y.ravel(), expected.embedding_.ravel())[0, 1] > 0.999
        assert abs(results[0][1] - expected.kl_divergence_) < 0.02 * expected.kl_divergence_


def test_files_of_ranks_that_do_not_belong_together_are_refused(saved, tmp_path):
    three, _, X = saved
    first, second, third = sorted(three.parent.glob("three.pt.*.P*"))
    for file in (three, first, third):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    lost = tmp_path / second.name
    with pytest.raises(FileNotFoundError, match=r"\.P1"):
        TSNE.resume(tmp_path / "three.pt")
    lost.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"P1 is no checkpoint"):
        TSNE.resume(tmp_path / "three.pt")
    lost.write_bytes(first.read_bytes())
    with pytest.raises(ValueError, match=r"damaged checkpoint: P must have \d+ rows"):
        TSNE.resume(tmp_path / "three.pt")
    content = torch.load(second, weights_only=True)
    torch.save({**content, "name": "other"}, lost)
    checkpoint.seal(lost)
    with pytest.raises(ValueError, match=r"P1 is of another fit than .*three.pt"):
        TSNE.resume(tmp_path / "three.pt")
    with pytest.raises(ValueError, match="on as many ranks as fitted it, 3; on 1, resume without"):
        TSNE.resume(three, X)
