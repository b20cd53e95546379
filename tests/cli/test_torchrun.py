"""``torchrun -m fasttsne embed``: one map by several processes, and fits that go on."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from fasttsne import metrics
from fasttsne.datasets import make_landmark_frames

X = make_landmark_frames(1500).points.reshape(1500, -1)


def run(*arguments, ranks=1, check=True):
    """Run the command; return its exit status and what it printed."""
    program = [sys.executable]
    if ranks > 1:
        program += ["-m", "torch.distributed.run", "--nproc-per-node", str(ranks)]
    done = subprocess.run(
        [*program, "-m", "fasttsne", *map(str, arguments)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if check:
        assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def file(tmp_path):
    np.save(tmp_path / "X.npy", X)
    return tmp_path / "X.npy"


def test_processes_write_one_map_of_all_rows(file, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    np.save(folder / "1.npy", X[:700])
    np.save(folder / "2.npy", X[700:])
    short = ("--iterations", 120)
    alone = run("embed", file, "-o", tmp_path / "alone.npy", "--quiet", *short)
    assert not alone.stdout
    printed = run("embed", file, "-o", tmp_path / "file.npy", *short, ranks=2)
    assert printed.stdout.count("KL") == 1 and printed.stdout.count("1,500") == 1
    picture = ("--plot", tmp_path / "map.png")
    run("embed", folder, "-o", tmp_path / "folder.npy", *picture, *short, ranks=2)
    maps = [np.load(tmp_path / f"{name}.npy") for name in ("alone", "file", "folder")]
    assert np.array_equal(maps[1], maps[2]) and (tmp_path / "map.png").stat().st_size > 1000
    recalls = [metrics.neighbor_recall(X, Y) for Y in maps[:2]]
    assert abs(recalls[0] - recalls[1]) < 0.03


def test_labels_stay_those_of_all_rows(tmp_path):
    labels = np.arange(1500) // 500
    np.savez(tmp_path / "X.npz", X=X, y=labels)
    run("embed", tmp_path / "X.npz", "-o", tmp_path / "map.npz", "--iterations", 20, ranks=2)
    with np.load(tmp_path / "map.npz") as written:
        assert np.array_equal(written["labels"], labels)


def test_a_bad_row_is_told_once_with_its_file(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    np.save(folder / "1.npy", X[:700])
    bad = X[700:].copy()
    bad[321, 7] = np.nan
    np.save(folder / "2.npy", bad)
    begin = time.monotonic()
    done = run("embed", folder, "-o", tmp_path / "map.npy", ranks=2, check=False)
    assert done.returncode != 0 and time.monotonic() - begin < 60
    told = [line for line in done.stderr.splitlines() if line.startswith("fasttsne: error")]
    assert len(told) == 1 and "2.npy: a value is missing in row" in told[0]
    assert "row 321, column 7" in told[0]
    assert not (tmp_path / "map.npy").exists()
    np.save(folder / "2.npy", X[700:])
    done = run(
        *("embed", folder, "-o", tmp_path / "map.npy", "--perplexity", 2000), ranks=2, check=False
    )
    told = [line for line in done.stderr.splitlines() if line.startswith("fasttsne: error")]
    assert len(told) == 1 and "perplexity" in told[0] and "rank 0 of 2" in told[0]


@pytest.mark.parametrize("ranks", [pytest.param(1, marks=pytest.mark.deep), 2])
def test_a_killed_fit_goes_on(file, tmp_path, ranks):
    begun = ["embed", file, "--checkpoint", tmp_path / "fit.pt", "--resume", "--quiet"]
    begun += ["--iterations", 70]  # of which the last 20 are done again
    run(*begun, "-o", tmp_path / "whole.npy", ranks=ranks)
    assert len(list(tmp_path.glob("fit.pt*"))) == (1 if ranks == 1 else 3)
    again = run(*begun, "-o", tmp_path / "again.npy", ranks=ranks)
    assert not again.stdout
    whole, same = (np.load(tmp_path / name) for name in ("whole.npy", "again.npy"))
    assert np.array_equal(whole, same)
    if ranks == 2:  # one of the two is enough for each kind of mistake
        np.save(file, X + 1)
        wrong = run(*begun, "-o", tmp_path / "again.npy", ranks=2, check=False)
        assert wrong.returncode and "X must be the data of the checkpoint" in wrong.stderr
        return
    wrong = run(*begun, "-o", tmp_path / "again.npy", "--perplexity", 7, check=False)
    assert wrong.returncode and "holds a fit with perplexity=30.0" in wrong.stderr


def test_arguments_that_do_not_fit_are_named(file, tmp_path):
    done = run("embed", file, "--resume", check=False)
    assert done.returncode == 2 and "--resume goes on from a file" in done.stderr
    done = run("embed", file, "--checkpoint", file, check=False)
    assert done.returncode == 2 and "the checkpoint would replace the input" in done.stderr
    picture = tmp_path / "map.png"
    done = run("embed", file, "--compare-pca", "--plot", picture, ranks=2, check=False)
    assert "--compare-pca needs all rows in one process" in done.stderr
