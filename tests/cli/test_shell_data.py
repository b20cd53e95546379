"""The shell on data as users have them: what it takes them for, and what it says of that."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import fasttsne
from fasttsne import landmarks, metrics, page, plot, tables
from fasttsne.cli import main
from fasttsne.datasets import make_landmark_frames

QUICK = ("--perplexity", "10", "--iterations", "50")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 5)).astype(np.float32)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def map_of(array):
    return fasttsne.TSNE(perplexity=10, max_iter=50, random_state=0).fit_transform(array)


def write_list(path, frames, separator="/", spaces=""):
    """Write a landmark list of frames."""
    with path.open("w") as file:
        for i in range(len(frames)):
            clip = frames.clip_names[frames.clip[i]]
            image = f"{spaces}{clip}/{frames.frame[i]:05d}.jpg".replace("/", separator)
            numbers = [frames.valence[i], frames.arousal[i], frames.label[i]]
            points = frames.points[i].ravel().tolist()
            file.write(" ".join(map(str, [image, *numbers, *points])) + "\n")


# ---- What is read, and what is said of it -----------------------------------------------------


def test_notes_are_one_line_on_stderr(folder, capsys):
    frame = pd.DataFrame(X)
    frame.to_csv("x.csv", sep=";", decimal=",")
    assert main(["embed", "x.csv", "-o", "y.npy", *QUICK]) == 0
    np.testing.assert_array_equal(np.load("y.npy"), map_of(X))
    (line,) = [li for li in capsys.readouterr().err.splitlines() if li.startswith("fasttsne:")]
    assert line.startswith("fasttsne: x.csv: read with semicolons, decimal commas")
    assert "left out column 0, which has no name" in line
    assert main(["embed", "x.csv", "-o", "y.npy", "--quiet", *QUICK]) == 0
    assert capsys.readouterr().err == ""


def test_options_reach_the_reader(folder):
    frame = pd.DataFrame(X, columns=list("abcde"))
    frame["mood"] = ["sad", "glad", "mad"] * 30
    frame.to_csv("x.csv", index=False)
    for options in (
        ["--columns", "a,b,c,d,e", "--label-column", "-1"],
        ["--drop-columns", "mood"],
        ["--label-column", "mood", "--header", "yes"],
    ):
        assert main(["embed", "x.csv", *options, "-o", "y.npy", "--quiet", *QUICK]) == 0
        np.testing.assert_array_equal(np.load("y.npy"), map_of(X))
    gaps = X.copy()
    gaps[3, 1] = np.nan
    np.savez("x.npz", a=gaps, b=X.T)
    chosen = ["--key", "a", "--missing", "drop-rows"]
    assert main(["embed", "x.npz", *chosen, "-o", "y.npy", "--quiet", *QUICK]) == 0
    np.testing.assert_array_equal(np.load("y.npy"), map_of(np.delete(X, 3, 0)))
    assert main(["embed", "x.npz", "--key", "b", "--transpose", "-o", "y.npy", *QUICK]) == 0
    np.testing.assert_array_equal(np.load("y.npy"), map_of(X))


def test_default_name_of_a_compressed_file(folder):
    (folder / "x.csv.gz").write_bytes(gzip.compress(pd.DataFrame(X).to_csv().encode()))
    assert main(["embed", "x.csv.gz", "--quiet", *QUICK]) == 0
    assert (folder / "x.tsne.npz").exists()


@pytest.mark.parametrize("kind", [".csv", ".npy", ".npz", ".parquet"])
def test_standard_input_and_output(folder, monkeypatch, capsys, kind):
    if kind == ".csv":
        pd.DataFrame(X).to_csv("x.csv", index=False)
    elif kind == ".parquet":
        pd.DataFrame(X).rename(columns=str).to_parquet("x.parquet")
    else:
        np.save("x.npy", X) if kind == ".npy" else np.savez("x.npz", X=X)
    stream = io.TextIOWrapper(io.BytesIO((folder / f"x{kind}").read_bytes()))
    monkeypatch.setattr(sys, "stdin", stream)
    assert main(["embed", "-", *QUICK]) == 0
    printed = capsys.readouterr()
    header, *rows = printed.out.splitlines()
    assert header == "y0,y1" and "KL" in printed.err
    Y = np.array([row.split(",") for row in rows], np.float32)
    np.testing.assert_array_equal(Y, map_of(X))


def test_errors_of_standard_input_name_it(folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n3,x\n")))
    assert main(["embed", "-"]) == 2
    assert "error: standard input, line 3, column 1 (b): 'x' is not" in capsys.readouterr().err
    assert not any(folder.iterdir())


def test_a_scale_has_its_name(folder, monkeypatch):
    frame = pd.DataFrame(X, columns=list("abcde"))
    frame["age (years)"] = np.arange(90) + 10
    frame.to_csv("x.csv", index=False)
    seen = []
    monkeypatch.setattr(plot, "save", lambda figure, path: None)
    for module, name in ((plot, "scatter"), (page, "write")):
        done = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *a, done=done, **k: (seen.append((a, k)), done(*a, **k))[1]
        )
    outputs = ["--plot", "y.png", "--html", "y.html", "-o", "y.json", "--quiet"]
    assert main(["embed", "x.csv", "--label-column", "age (years)", *outputs, *QUICK]) == 0
    for arguments, named in seen:
        assert named["legend_title"] == "age (years)"
        labels = next(a for a in arguments if isinstance(a, np.ndarray) and a.ndim == 1)
        assert labels.dtype == np.float64
    content = json.loads((folder / "y.json").read_text())
    assert content["parameters"]["labels"] == "age (years)"
    assert content["points"][3]["label"] == 13
    # Values are no classes, and have no accuracy.
    assert main(["compare", "x.csv", "--color", "age (years)", "--quiet", *QUICK]) == 0


# ---- Landmarks --------------------------------------------------------------------------------


@pytest.fixture
def acted(folder):
    frames = make_landmark_frames(300, n_actors=3, seed=1)
    write_list(folder / "list.txt", frames)
    return frames


def test_accuracy_leaves_the_clip_of_a_frame_out(acted, capsys):
    assert main(["compare", "list.txt", *QUICK]) == 0
    printed = capsys.readouterr().out
    assert "rows of the same clip do not vote on each other" in printed
    table = tables.read("list.txt")
    Y = fasttsne.TSNE(perplexity=10, max_iter=50, random_state=0).fit_transform(table.X)
    inside = metrics.label_accuracy(Y, table.labels)
    across = metrics.label_accuracy(Y, table.labels, group=table.groups)
    assert across < inside
    (line,) = [li for li in printed.splitlines() if li.startswith("10-NN accuracy")]
    assert line.startswith("10-NN accuracy across groups")
    assert line.split()[-1] == metrics.digits(across)
    # Features that the shell has written know the clips, and the persons if the list does.
    assert main(["landmarks", "list.txt", "-o", "f.npz", "--quiet"]) == 0
    assert tables.read("f.npz").groups.tolist() == table.groups.tolist()


def test_windows_paths_and_spaces(folder, acted):
    write_list(folder / "windows.txt", acted, "\\", "my clips/")
    table = tables.read("windows.txt")
    assert len(set(table.groups.tolist())) == len(acted.clip_names)
    np.testing.assert_array_equal(table.X, tables.read("list.txt").X)


def test_choices_of_landmarks(acted, folder):
    def rows(*options):
        assert main(["landmarks", "list.txt", "-o", "f.npz", "--quiet", *options]) == 0
        with np.load("f.npz") as written:
            return {name: written[name] for name in written.files}

    whole = rows()
    assert len(whole["X"]) == 300
    assert len(np.unique(rows("--max-clips", "2")["clip"])) == 2
    few = rows("--max-frames", "3")
    assert np.bincount(few["clip"]).max() == 3
    assert len(rows("--every", "2")["X"]) == sum(-(-n // 2) for n in np.bincount(whole["clip"]))


def test_persons_of_features(folder, capsys):
    frames = make_landmark_frames(300, n_actors=3, seed=1)
    np.savez(
        "f.npz",
        X=landmarks.features(frames, "actions"),
        y=frames.label,
        clip=frames.clip,
        clip_names=frames.clip_names,
        columns=landmarks.column_names("actions"),
        person=np.array(["a", "b", "c"])[np.arange(300) % 3],
    )
    assert tables.read("f.npz").group_kind == "clip"
    table = tables.read("f.npz", group="person")
    assert table.group_kind == "person" and table.groups.tolist() == (np.arange(300) % 3).tolist()
    np.savez("g.npz", X=X)
    assert main(["embed", "g.npz", "--group", "person"]) == 2
    assert "must have an array named person" in capsys.readouterr().err


def test_arrays_of_landmarks(folder):
    frames = make_landmark_frames(100, seed=1)
    np.save("faces.npy", frames.points)
    np.savez("faces.npz", points=frames.points, label=frames.label)
    expected = landmarks.features(frames, "procrustes")
    for name in ("faces.npy", "faces.npz"):
        np.testing.assert_array_equal(tables.read(name).X, expected)


def test_classes_by_name(acted, folder):
    write_list(folder / "list.txt", acted, spaces="Ryerson/")
    for chosen in (["happy", "calm"], ["happy,calm"]):
        whole = ["landmarks", "list.txt", "-o", "f.npz", "--quiet"]
        assert main([*whole, "--classes", *chosen]) == 0
        with np.load("f.npz") as written:
            names = {str(written["label_names"][i]) for i in written["y"]}
        assert names == {"happy", "calm"}


def test_valence_as_a_scale(acted):
    table = tables.read("list.txt", color_column="valence")
    np.testing.assert_array_equal(table.labels.astype(np.float32), acted.valence)
    assert table.label_title == "valence" and table.label_names is None
    with pytest.raises(ValueError, match="color_column of landmarks must be one of valence"):
        tables.read("list.txt", color_column="mood")


def test_clip_and_frame_go_along(acted, folder):
    assert main(["embed", "list.txt", "-o", "y.csv", "--html", "y.html", "--quiet", *QUICK]) == 0
    written = pd.read_csv("y.csv")
    assert written["clip"].tolist() == [acted.clip_names[i] for i in acted.clip]
    assert written["frame"].tolist() == acted.frame.tolist()
    assert acted.clip_names[0] in (folder / "y.html").read_text()


def test_few_clips_lower_the_perplexity(folder, capsys):
    write_list(folder / "clips.txt", make_landmark_frames(900, n_actors=3))
    assert main(["landmarks", "clips.txt", "-o", "f.npz", "--clips"]) == 0
    capsys.readouterr()
    assert main(["embed", "f.npz", "-o", "y.json", "--iterations", "50"]) == 0
    assert "warning: perplexity is 2.67, as there are 9 rows" in capsys.readouterr().err
    with open("y.json") as file:
        assert json.load(file)["parameters"]["perplexity"] == pytest.approx(8 / 3)
    # A perplexity that was asked for is not changed.
    assert main(["embed", "f.npz", "--perplexity", "30"]) == 2
    assert "perplexity" in capsys.readouterr().err


def test_columns_of_an_openface_table(folder, data_dir, capsys):
    source = data_dir / "landmarks" / "openface_pyfeat_test" / "openface.csv"
    frame = pd.read_csv(source, skipinitialspace=True)
    units = [name for name in frame if name.startswith("AU") and name.endswith("_r")]
    np.testing.assert_array_equal(
        tables.read(source, columns=["AU*_r"]).X, frame[units].to_numpy(np.float32)
    )
    frame.drop(columns=[c for c in frame if c[:2] in ("x_", "y_")]).to_csv("units.csv", index=False)
    assert main(["embed", "units.csv"]) == 2
    assert "--columns" in capsys.readouterr().err
    assert tables.read("units.csv", columns=["AU*_r"]).X.shape[1] == len(units)
    frame.to_csv("faces.tsv", sep="\t", index=False)
    np.testing.assert_array_equal(tables.read("faces.tsv").X, tables.read(source).X)


def test_a_list_with_a_name_column_is_refused(acted, capsys):
    assert main(["embed", "list.txt", "--name-column", "0"]) == 2
    assert "is landmarks; name_column applies to" in capsys.readouterr().err


# ---- What can go wrong ------------------------------------------------------------------------


@pytest.mark.parametrize("delay", [0.15, 0.8])
def test_an_early_interrupt_is_told_in_one_line(folder, delay):
    np.save("x.npy", np.zeros((20_000, 50), np.float32))
    process = subprocess.Popen(
        [sys.executable, "-c", _START, "embed", "x.npy"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Else torch is loaded before the command, to see whether there are kernels.
        env={k: v for k, v in os.environ.items() if k != "FASTTSNE_REQUIRE_KERNELS"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # not ignored
    )
    process.stdout.readline()  # Python itself is up
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors
    assert errors.splitlines()[-1] == "fasttsne: interrupted"


_START = """
import sys
print("up", flush=True)
from fasttsne.cli import main
sys.exit(main())
"""


def test_a_full_disk_names_the_file(folder):
    """Stands for a full disk: a limit on the size of files, while a map is written."""
    np.save("x.npy", RNG.normal(size=(400, 4)).astype(np.float32))
    done = subprocess.run(
        [sys.executable, "-c", _SMALL_FILES, *QUICK],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"MPLCONFIGDIR": str(folder)},
    )
    kinds = (".npy", ".npz", ".csv", ".json", ".parquet", ".png", ".html")
    told = [line for line in done.stderr.splitlines() if "error" in line]
    assert told == [f"fasttsne: error: y{kind}: File too large" for kind in kinds], done.stderr
    assert done.stdout.split() == ["2"] * len(kinds)
    assert not list(folder.glob("y.*")) and not list(folder.glob(".y*"))


_SMALL_FILES = """
import sys, resource
import matplotlib.font_manager
import pyarrow.parquet
from fasttsne import cli, plot, page, tables
for module, name in ((tables, "write"), (plot, "save"), (page, "write")):
    def limited(*arguments, done=getattr(module, name), **named):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        try:
            return done(*arguments, **named)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    setattr(module, name, limited)
for kind in (".npy", ".npz", ".csv", ".json", ".parquet", ".png", ".html"):
    option = {".png": "--plot", ".html": "--html"}.get(kind, "-o")
    print(cli.main(["embed", "x.npy", option, f"y{kind}", "--quiet", *sys.argv[1:]]))
"""


def test_a_mosaic_that_does_not_fit_into_memory(folder, capsys):
    image = pytest.importorskip("PIL.Image")
    os.mkdir("p")
    for i in range(4):
        image.new("RGB", (8, 8), (60 * i, 0, 0)).save(f"p/{i}.png")
    assert main(["mosaic", "p", "--size", "1000000x1000000", "--tile", "8"]) == 2
    assert "1000000 x 1000000 pixels needs 4000.0 GB of memory" in capsys.readouterr().err


def test_pictures_in_other_forms_are_told(folder, capsys):
    image = pytest.importorskip("PIL.Image")
    os.mkdir("p")
    (folder / "p" / "a.HEIC").write_bytes(b"")
    (folder / "p" / "b.heic").write_bytes(b"")
    assert main(["mosaic", "p"]) == 2
    assert "has no image files in it" in (error := capsys.readouterr().err)
    assert "2 in forms that are not read, as a.HEIC" in error
    for i in range(5):
        image.new("RGB", (8, 8), (50 * i, 0, 0)).save(f"p/{i}.png")
    size = ["--size", "40x40", "--tile", "8"]
    assert main(["mosaic", "p", *size, "--perplexity", "2"]) == 0
    assert "p: 2 .heic left out, as these forms are not read" in capsys.readouterr().err


def test_compare_of_a_sparse_matrix(folder, capsys):
    from scipy import sparse

    sparse.save_npz("x.npz", sparse.csr_matrix(X * (X > 0)))
    assert main(["compare", "x.npz", "--quiet", *QUICK]) == 0
    assert "neighbour recall@10" in capsys.readouterr().out
    assert main(["embed", "x.npz", "-o", "y.npy", "--quiet", *QUICK]) == 0
    assert np.load("y.npy").shape == (90, 2)
