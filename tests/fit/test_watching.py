"""Watching, interrupting, saving and resuming a fit: none of it changes the map."""

import errno
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from sample import points

from fasttsne import TSNE, Phase, Snapshots, ops
from fasttsne.affinities import Multiscale
from fasttsne.fit import checkpoint
from fasttsne.neighbors.kmeans import make_cells

N = 700


@pytest.fixture(scope="module")
def X():
    return points("clustered", N, 8).numpy()


@pytest.fixture(scope="module")
def expected(X):
    return TSNE(random_state=0, max_iter=203).fit(X)


@pytest.mark.parametrize("every", [1, 7, 50, 60])
def test_callbacks_come_when_asked_and_change_nothing(X, expected, every):
    frames = Snapshots()
    fitted = TSNE(random_state=0, max_iter=203, callback=frames, callback_every=every).fit(X)
    assert [frame.iteration for frame in frames] == list(range(every - 1, 203, every))
    assert np.array_equal(fitted.embedding_, expected.embedding_)
    assert all(frame.embedding.shape == (N, 2) for frame in frames)
    assert np.isfinite([frame.kl for frame in frames]).all()
    assert len({frame.embedding.tobytes() for frame in frames}) == len(frames)


def test_one_of_several_callbacks_stops(X):
    first, frames = [], Snapshots()
    callbacks = [lambda i, kl, Y: first.append(i) or i >= 30, frames]
    fitted = TSNE(random_state=0, max_iter=203, callback=callbacks, callback_every=10).fit(X)
    assert first == [9, 19, 29, 39] and len(frames) == 4
    assert fitted.report_.iterations == 39
    assert np.array_equal(frames[-1].embedding, fitted.embedding_)
    assert abs(frames[-1].kl - fitted.kl_divergence_) < 1e-5


@pytest.mark.parametrize("small_cells", [False, True])
def test_callback_sees_rows_in_their_order(monkeypatch, small_cells):
    if small_cells:  # as they are for many rows
        monkeypatch.setattr("fasttsne.neighbors.cells._FIRST_BUDGET", 64)
        monkeypatch.setattr("fasttsne.neighbors.cells._ROWS_OVER_BUDGET", 1)
    X = points("clustered", 3000, 8)
    assert not torch.equal(make_cells(X, 0).order, torch.arange(3000))
    start = X[:, :2].contiguous()
    seen = Snapshots()
    parameters = dict(init=start, max_iter=1, learning_rate=1e-9, callback=seen, callback_every=1)
    TSNE(neighbors="cells", random_state=0, **parameters).fit(X)
    assert np.array_equal(seen[0].embedding, start.numpy())


class Interrupt:
    """Presses Ctrl-C at an iteration."""

    def __init__(self, at):
        self.at = at

    def __call__(self, iteration, kl, Y):
        if iteration == self.at:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_is_raised(X):
    with pytest.raises(KeyboardInterrupt):
        TSNE(random_state=0, callback=Interrupt(99)).fit(X)


def test_ctrl_c_returns_the_map_so_far(X):
    estimator = TSNE(random_state=0, callback=Interrupt(99), on_interrupt="return")
    with pytest.warns(UserWarning, match=r"interrupted after (99|100) of \d+ iterations"):
        Y = estimator.fit_transform(X)
    assert estimator.report_.iterations in (99, 100)
    same = TSNE(random_state=0, callback=lambda i, kl, Y: i == 100, callback_every=1)
    if estimator.report_.iterations == 100:
        assert np.array_equal(Y, same.fit_transform(X))
    assert 0 < estimator.kl_divergence_ < 10


# Methods whose state differs: none, a grid with a history, both a grid and a tree.
@pytest.mark.parametrize(
    "n, method, stop", [(700, "exact", 100), (2000, "fft", 140), (2000, "auto", 130)]
)
@pytest.mark.parametrize("neighbors", ["exact", "cells"])
def test_resumed_to_the_same_bits(tmp_path, n, method, stop, neighbors):
    X = points("clustered", n, 8)
    path = tmp_path / "fit.pt"
    parameters = dict(
        random_state=0, method=method, neighbors=neighbors, checkpoint=path, checkpoint_every=10
    )
    whole = TSNE(**{**parameters, "checkpoint": None}).fit(X)
    with pytest.raises(KeyboardInterrupt):
        # Not at the end of a phase nor where the KL divergence is evaluated.
        TSNE(**parameters, callback=Interrupt(stop + 4), callback_every=stop + 5).fit(X)
    resumed = TSNE.resume(path, X)
    assert torch.equal(resumed.embedding_, whole.embedding_)
    assert resumed.kl_divergence_ == whole.kl_divergence_
    assert resumed.n_iter_ == whole.n_iter_ and resumed.report_.n == n
    assert resumed.n_features_in_ == 8
    assert torch.equal(resumed.transform(X[:5] + 0.01), whole.transform(X[:5] + 0.01))
    again = TSNE.resume(path)  # the last file of a fit that was finished: nothing is left to do
    assert torch.equal(again.embedding_, whole.embedding_)


@pytest.mark.parametrize("call", [77, 100])
def test_ctrl_c_within_a_step_leads_to_the_same_bits(tmp_path, X, expected, monkeypatch, call):
    path = tmp_path / "fit.pt"
    update, calls = ops.update_embedding_, []

    def interrupted(*arguments):
        result = update(*arguments)
        calls.append(1)
        if len(calls) == call:
            os.kill(os.getpid(), signal.SIGINT)
        return result

    monkeypatch.setattr(ops, "update_embedding_", interrupted)
    with pytest.raises(KeyboardInterrupt):
        TSNE(random_state=0, max_iter=203, checkpoint=path, checkpoint_every=10).fit(X)
    monkeypatch.undo()
    assert np.array_equal(TSNE.resume(path).embedding_, expected.embedding_)


def test_parameters_of_numpy_and_affinities_survive(tmp_path, X):
    parameters = dict(
        dof=np.float32(0.5),
        perplexity=np.float64(20),
        n_components=np.int64(3),
        affinities=Multiscale([5, np.float64(20)]),
        random_state=np.int64(3),
        schedule=[Phase(np.int64(60), learning_rate=np.float64(60)), Phase(40)],
    )
    whole = TSNE(**parameters).fit(X)
    path = tmp_path / "fit.pt"
    TSNE(**parameters, checkpoint=path, callback=lambda i, kl, Y: i > 50).fit(X)
    resumed = TSNE.resume(path, X)
    assert np.array_equal(resumed.embedding_, whole.embedding_)
    assert np.array_equal(resumed.transform(X[:9] + 0.1), whole.transform(X[:9] + 0.1))


def test_what_a_file_cannot_hold_is_said(tmp_path, X):
    path = tmp_path / "fit.pt"
    D = np.linalg.norm(X[:, None] - X, axis=2)
    start = np.ascontiguousarray(X[:, :2])
    TSNE(metric="precomputed", init=start, max_iter=60, checkpoint=path).fit(D)
    assert TSNE.resume(path, D).transform(D[:5]).shape == (5, 2)
    metric = lambda a, b: np.abs(a - b).sum()  # noqa: E731
    TSNE(metric=metric, max_iter=60, checkpoint=path).fit(X[:100])
    assert TSNE.resume(path).embedding_.shape == (100, 2)
    with pytest.raises(ValueError, match="which needs metric; the checkpoint cannot hold"):
        TSNE.resume(path, X[:100])


def test_every_checkpoint_leads_to_the_same_bits(tmp_path, X, expected):
    files = []
    path = tmp_path / "fit.pt"

    def keep(*_):
        files.append(path.read_bytes()) if path.exists() else None

    TSNE(
        random_state=0,
        max_iter=203,
        checkpoint=path,
        checkpoint_every=17,
        callback=keep,
        callback_every=17,
    ).fit(X)
    assert len(files) >= 10
    for content in files[::3]:
        path.write_bytes(content)
        resumed = TSNE.resume(path)
        assert isinstance(resumed.embedding_, np.ndarray)
        assert np.array_equal(resumed.embedding_, expected.embedding_)


def test_a_killed_process_can_be_resumed(tmp_path, X, expected):
    np.save(tmp_path / "X.npy", X)
    program = f"""
        import os, numpy as np, fasttsne
        X = np.load({str(tmp_path / "X.npy")!r})
        kill = lambda i, kl, Y: os.kill(os.getpid(), 9) if i > 120 else None
        fasttsne.TSNE(random_state=0, max_iter=203, checkpoint={str(tmp_path / "fit.pt")!r},
                      callback=kill, callback_every=25).fit(X)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], timeout=120)
    assert done.returncode == -signal.SIGKILL
    resumed = TSNE.resume(tmp_path / "fit.pt")
    assert np.array_equal(resumed.embedding_, expected.embedding_)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".pt"] == ["fit.pt"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), RuntimeError("write")])
def test_a_full_disk_costs_no_fit(tmp_path, X, expected, monkeypatch, error):
    path = tmp_path / "fit.pt"
    TSNE(random_state=0, max_iter=60, checkpoint=path).fit(X)
    before = path.read_bytes()

    def full(content, to):
        to.write_bytes(b"half of it")
        raise error

    monkeypatch.setattr(torch, "save", full)
    with pytest.warns(UserWarning, match=r"checkpoint .*fit.pt was not written"):
        fitted = TSNE(random_state=0, max_iter=203, checkpoint=path).fit(X)
    assert np.array_equal(fitted.embedding_, expected.embedding_)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_names_of_columns_survive(tmp_path, X):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=[f"x{i}" for i in range(8)])
    TSNE(random_state=0, max_iter=60, checkpoint=tmp_path / "fit.pt").fit(frame)
    resumed = TSNE.resume(tmp_path / "fit.pt", frame)
    assert list(resumed.feature_names_in_) == list(frame.columns)
    assert resumed.transform(frame).shape == (N, 2)


def test_bad_input_is_named(tmp_path, X):
    path = tmp_path / "fit.pt"
    with pytest.raises(FileNotFoundError):
        TSNE.resume(path)
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="is no checkpoint of fasttsne"):
        TSNE.resume(path)
    torch.save({"format": 99}, path)
    with pytest.raises(ValueError, match="is no checkpoint of fasttsne of format"):
        checkpoint.load(path)
    TSNE(random_state=0, max_iter=60, checkpoint=path).fit(X)
    with pytest.raises(TypeError, match=r"resume takes .*progress.*; got perplexity"):
        TSNE.resume(path, perplexity=3)
    for other in (X[:50], X[::-1]):
        with pytest.raises(ValueError, match=r"X must be the data of the checkpoint, of shape \(7"):
            TSNE.resume(path, other)
    for wrong in (5, [3]):
        with pytest.raises(TypeError, match="callback must be a function or a list of them"):
            TSNE(callback=wrong).fit(X)
    with pytest.raises(TypeError, match="progress must be a function, got 5"):
        TSNE(progress=5).fit(X)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        TSNE(checkpoint=tmp_path / "no" / "fit.pt").fit(X)
    for name in ("callback_every", "checkpoint_every"):
        with pytest.raises(ValueError, match=f"{name} must be 1 or more, got 0"):
            TSNE(**{name: 0}).fit(X)
    with pytest.raises(ValueError, match="on_interrupt must be one of raise, return; got 'stop'"):
        TSNE(on_interrupt="stop").fit(X)
