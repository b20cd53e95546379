"""The command line: what it writes and prints, how it fails, and that Ctrl-C leaves nothing."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import fasttsne
from fasttsne import cli, comparison, datasets, landmarks, metrics, plot, tables
from fasttsne.cli import demo, main
from fasttsne.tables import features as feature_files


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Current folder with a table of three classes in it: x.npz, x.npy and x.csv."""
    rng = np.random.default_rng(0)
    labels = np.arange(150) % 3
    X = rng.normal(size=(3, 8))[labels] * 3 + rng.normal(size=(150, 8))
    X = X.astype(np.float32)
    np.savez(tmp_path / "x.npz", X=X, y=labels, label_names=["a", "b", "c"])
    np.save(tmp_path / "x.npy", X)
    rows = [",".join([*map(str, row), "abc"[i]]) for row, i in zip(X, labels, strict=True)]
    header = ",".join([*(f"c{i}" for i in range(8)), "mood"])
    (tmp_path / "x.csv").write_text("\n".join([header, *rows]) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names_in(folder):
    return {file.name for file in folder.iterdir()} - {"x.npz", "x.npy", "x.csv"}


QUICK = ("--perplexity", "10", "--iterations", "100")


# ---- Maps -------------------------------------------------------------------------------------


def test_default_output_and_report(folder, capsys):
    assert main(["embed", "x.npz", *QUICK]) == 0
    assert names_in(folder) == {"x.tsne.npz"}
    with np.load("x.tsne.npz") as written:
        assert written["Y"].shape == (150, 2) and np.isfinite(written["Y"]).all()
        assert written["Y"].std() > 1e-2
        np.testing.assert_array_equal(written["labels"], np.arange(150) % 3)
        assert written["label_names"].tolist() == ["a", "b", "c"]
        parameters = json.loads(str(written["parameters"]))
        kl = float(written["kl"])
    assert parameters["perplexity"] == 10.0 and parameters["random_state"] == 0
    assert parameters["input"] == "x.npz" and parameters["features"] is None

    captured = capsys.readouterr()
    printed = dict(line.split(None, 1) for line in captured.out.splitlines())
    assert printed["n"] == "150" and printed["d"] == "8"
    assert printed["map"] == "x.tsne.npz"
    assert printed["method"] == parameters["method"]
    assert printed["KL"].startswith(f"{kl:.4f} after ")
    for phase in ("neighbors", "affinities", "initialization", "optimization"):
        assert re.fullmatch(r"\d+\.\d\d s", printed[phase])
        assert any(line.startswith(phase) for line in captured.err.splitlines())


def test_same_seed_same_map_as_the_estimator(folder):
    assert main(["embed", "x.npy", "-o", "y.npy", "--seed", "3", "--quiet", *QUICK]) == 0
    tsne = fasttsne.TSNE(perplexity=10, max_iter=100, random_state=3)
    np.testing.assert_array_equal(np.load("y.npy"), tsne.fit_transform(np.load("x.npy")))


@pytest.mark.parametrize("kind", tables.OUTPUTS)
def test_all_outputs_hold_the_same_map(folder, kind):
    assert main(["embed", "x.npz", "-o", f"y{kind}", "--quiet", *QUICK]) == 0
    assert names_in(folder) == {f"y{kind}"}
    tsne = fasttsne.TSNE(perplexity=10, max_iter=100, random_state=0)
    expected = tsne.fit_transform(np.load("x.npy"))
    if kind == ".npy":
        Y = np.load("y.npy")
    elif kind == ".parquet":
        table = tables.read("y.parquet", columns=["x", "y"], label_column="label")
        Y = table.X
        assert [table.label_names[i] for i in table.labels] == list("abc" * 50)
    elif kind == ".npz":
        Y = np.load("y.npz")["Y"]
    elif kind == ".csv":
        table = tables.read("y.csv", label_column="label")
        Y = table.X
        assert [table.label_names[i] for i in table.labels] == list("abc" * 50)
    else:
        content = json.loads((folder / "y.json").read_text())
        Y = np.array([entry["point"] for entry in content["points"]], np.float32)
        assert [entry["label"] for entry in content["points"]] == list("abc" * 50)
        assert content["kl"] == pytest.approx(tsne.kl_divergence_)
    np.testing.assert_array_equal(Y, expected)


def test_labels_of_a_csv(folder):
    assert main(["embed", "x.csv", "--label-column", "mood", "-o", "y.csv", "--quiet", *QUICK]) == 0
    assert [line[-1] for line in (folder / "y.csv").read_text().splitlines()[1:]] == list(
        "abc" * 50
    )


@pytest.mark.parametrize("dims", ["2", "3"])
@pytest.mark.parametrize("compare", [[], ["--compare-pca"]])
def test_plot_alone(folder, capsys, dims, compare):
    pytest.importorskip("matplotlib")
    assert main(["embed", "x.npz", "--plot", "m.png", "--dims", dims, *compare, *QUICK]) == 0
    assert names_in(folder) == {"m.png"}
    assert (folder / "m.png").read_bytes().startswith(b"\x89PNG")
    assert "m.png" in capsys.readouterr().out


def test_plot_and_map_in_three_dimensions(folder, capsys):
    pytest.importorskip("matplotlib")
    assert main(["embed", "x.npy", "--plot", "m.png", "-o", "y.npy", "--dims", "3", *QUICK]) == 0
    assert names_in(folder) == {"m.png", "y.npy"} and np.load("y.npy").shape == (150, 3)
    assert capsys.readouterr().out.endswith("y.npy\nplot            m.png\n")


def test_page(folder, capsys):
    assert main(["embed", "x.npz", "--html", "m.html", *QUICK]) == 0
    assert names_in(folder) == {"m.html"}
    written = (folder / "m.html").read_text(encoding="utf-8")
    assert '"title": "x.npz"' in written and '"classes": ["a", "b", "c"]' in written
    assert capsys.readouterr().out.endswith("page            m.html\n")


@pytest.mark.parametrize("method", ["exact", "barnes_hut", "fft"])
def test_methods(folder, capsys, method):
    assert main(["embed", "x.npy", "-o", "y.npy", "--method", method, *QUICK]) == 0
    assert re.search(rf"^method +{method}$", capsys.readouterr().out, re.M)


@pytest.mark.parametrize("features", [None, "raw"])
def test_landmark_list(data_dir, folder, features):
    path = data_dir / "landmarks" / "plsr_emotion_videos" / "list_plsr_emotion_videos.txt"
    chosen = ["--features", features] if features else []
    assert main(["embed", str(path), "-o", "y.npz", "--quiet", *chosen, *QUICK]) == 0
    with np.load("y.npz") as written:
        assert written["Y"].shape == (400, 2) and len(np.unique(written["labels"])) > 1
        assert json.loads(str(written["parameters"]))["features"] == (features or "procrustes")


def test_quiet_prints_nothing(folder, capfd):
    assert main(["embed", "x.npz", "--quiet", *QUICK]) == 0
    captured = capfd.readouterr()
    assert captured.out == "" and captured.err == ""


def test_quiet_holds_warnings_back(folder, monkeypatch, recwarn):
    fit_transform = fasttsne.TSNE.fit_transform

    def warn_and_fit(tsne, X, y=None):
        warnings.warn("something odd", stacklevel=1)
        return fit_transform(tsne, X, y)

    monkeypatch.setattr(fasttsne.TSNE, "fit_transform", warn_and_fit)
    assert main(["embed", "x.npz", "--quiet", *QUICK]) == 0
    assert not recwarn.list
    assert main(["embed", "x.npz", *QUICK]) == 0
    assert [str(warning.message) for warning in recwarn.list] == ["something odd"]


def test_bar_on_a_terminal(folder, monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    assert main(["embed", "x.npz", *QUICK]) == 0
    assert "optimization   100%|" in sys.stderr.getvalue()


# ---- Names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [".csv", ".json", ".npz"])
def test_names_go_along_with_the_points(folder, kind):
    header, *rows = (folder / "x.csv").read_text().splitlines()
    named = [f"word,{header}", *(f"w{i},{row}" for i, row in enumerate(rows))]
    (folder / "named.csv").write_text("\n".join(named))
    columns = ["--name-column", "word", "--label-column", "mood"]
    assert main(["embed", "named.csv", *columns, "-o", f"y{kind}", "--quiet", *QUICK]) == 0
    expected = [f"w{i}" for i in range(150)]
    if kind == ".csv":
        table = tables.read("y.csv", label_column="label", name_column="name")
        assert table.names == expected
        assert [table.label_names[i] for i in table.labels] == list("abc" * 50)
    elif kind == ".json":
        points = json.loads((folder / "y.json").read_text())["points"]
        assert [entry["name"] for entry in points] == expected
    else:
        with np.load("y.npz") as written:
            assert written["names"].tolist() == expected


def test_names_are_written_on_the_map(folder, monkeypatch):
    pytest.importorskip("matplotlib")
    rows = (" ".join(map(str, row)) for row in np.load("x.npy"))
    (folder / "x.vec").write_text("\n".join(f"w{i} {row}" for i, row in enumerate(rows)))
    figures = []
    monkeypatch.setattr(plot, "save", lambda figure, path: figures.append(figure))
    assert main(["embed", "x.vec", "--plot", "m.png", "--quiet", *QUICK]) == 0
    assert main(["embed", "x.vec", "--plot", "m.png", "--quiet", "--dims", "3", *QUICK]) == 0
    flat, deep = ([text.get_text() for text in figure.axes[0].texts] for figure in figures)
    assert "w0" in flat and len(flat) > 50 and deep == []


# ---- PCA beside t-SNE, in numbers -------------------------------------------------------------


def test_compare(folder, capsys):
    pytest.importorskip("matplotlib")
    columns = ["--label-column", "mood"]
    assert main(["compare", "x.csv", *columns, "--plot", "m.png", "--seed", "3", *QUICK]) == 0
    assert names_in(folder) == {"m.png"}
    X, labels = np.load("x.npy"), np.arange(150) % 3
    Y = fasttsne.TSNE(perplexity=10, max_iter=100, random_state=3).fit_transform(X)
    maps = comparison.beside_pca(X, Y, 3)
    printed = capsys.readouterr().out
    assert re.search(r"^n +150$", printed, re.M) and re.search(r"^ +PCA +t-SNE$", printed, re.M)
    found = [metrics.report(X, points, labels, perplexity=10, seed=3) for points in maps.values()]
    assert {"cohesion", "strays", "KL at best scale"} < set(found[0])
    for name in found[0]:
        (line,) = (line for line in printed.splitlines() if line.startswith(name))
        assert line.removeprefix(name).split() == [metrics.digits(one[name]) for one in found]
    assert re.search(r"^plot +m\.png\n\Z", printed, re.M)


def test_compare_alone(folder, capfd):
    assert main(["compare", "x.npy", "--quiet", "--dims", "3", *QUICK]) == 0
    assert names_in(folder) == set()
    printed = capfd.readouterr()
    header, *rows = (line.rsplit(None, 2) for line in printed.out.splitlines())
    assert header == ["PCA", "t-SNE"] and printed.err == ""
    X = np.load("x.npy")
    assert [name for name, _, _ in rows] == [*metrics.report(X, X[:, :3])]
    assert all(0 <= float(cell) for _, *cells in rows for cell in cells)


# ---- Mosaics ----------------------------------------------------------------------------------


@pytest.fixture
def pictures(folder):
    """A folder of 60 pictures in three colours in it, and p.npz with the same."""
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    colors = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200]])
    pixels = colors[np.arange(60) % 3][:, None, None] + rng.integers(-40, 40, (60, 12, 16, 3))
    (folder / "p").mkdir()
    for i, picture in enumerate(pixels.astype(np.uint8)):
        image.fromarray(picture).save(folder / "p" / f"{i:02}.png")
    np.savez(folder / "p.npz", images=pixels.astype(np.uint8))
    return image


SMALL = ("--size", "300x200", "--tile", "16", "--perplexity", "5")


def test_mosaic(folder, pictures, capsys):
    assert main(["mosaic", "p", *SMALL, "--json", "p.json"]) == 0
    assert names_in(folder) == {"p", "p.npz", "p.mosaic.png", "p.json"}
    with pictures.open("p.mosaic.png") as mosaic:
        assert mosaic.size == (300, 200)
        pixels = np.asarray(mosaic)
    assert 0.05 < (pixels != 255).any(-1).mean() < 60 * 16 * 12 / 60_000
    content = json.loads((folder / "p.json").read_text())
    paths = [Path(entry["path"]) for entry in content]
    assert all(path.is_absolute() for path in paths)
    assert [path.name for path in paths] == [f"{i:02}.png" for i in range(60)]
    points = np.array([entry["point"] for entry in content])
    assert fasttsne.metrics.label_accuracy(points, np.arange(60) % 3, k=5) == 1
    assert "p.mosaic.png: 60 of 60 pictures" in capsys.readouterr().out


def test_mosaic_in_a_grid_and_of_an_npz(folder, pictures):
    assert main(["mosaic", "p", *SMALL, "--grid", "-o", "a.png", "--quiet"]) == 0
    assert main(["mosaic", "p.npz", *SMALL, "--grid", "-o", "b.jpg", "--quiet"]) == 0
    with pictures.open("a.png") as a, pictures.open("b.jpg") as b:
        assert a.size == b.size and a.width <= 300 and a.height <= 200
        # Bytes of JPEG apart, the same.
        assert np.abs(np.asarray(a, int) - np.asarray(b, int)).mean() < 20
        # Each third of the cells is of one colour, all are full but few.
        strongest = np.asarray(a).reshape(-1, 3)[(np.asarray(a) < 255).any(-1).ravel()].argmax(1)
    assert np.bincount(strongest) / len(strongest) == pytest.approx([1 / 3] * 3, abs=0.03)
    assert len(strongest) > 0.8 * a.width * a.height


def test_mosaic_by_given_vectors(folder, pictures, monkeypatch):
    with np.load("p.npz") as loaded:
        np.savez("v.npz", images=loaded["images"], X=np.load("x.npy")[:60])
    seen = []

    def look_and_stop(tsne, X, y=None):
        seen.append(X)
        raise KeyboardInterrupt

    monkeypatch.setattr(fasttsne.TSNE, "fit_transform", look_and_stop)
    for arguments in ([], ["--pca", "3"]):
        assert main(["mosaic", "v.npz", *SMALL, *arguments]) == 130
    np.testing.assert_array_equal(seen[0], np.load("x.npy")[:60])
    assert seen[1].shape == (60, 3)


def test_unreadable_pictures_are_named_and_left_out(folder, pictures, capsys):
    (folder / "p" / "07.png").write_bytes(b"nothing")
    (folder / "p" / "notes.txt").write_text("not a picture")
    assert main(["mosaic", "p", *SMALL, "-o", "m.png", "--json", "m.json"]) == 0
    captured = capsys.readouterr()
    (warning,) = [line for line in captured.err.splitlines() if "warning" in line]
    assert warning.startswith("fasttsne: warning: p/07.png: cannot be read as a picture")
    assert "59 of 59 pictures" in captured.out
    assert not any(
        Path(entry["path"]).name == "07.png" for entry in json.loads(Path("m.json").read_text())
    )
    assert main(["mosaic", "p", *SMALL, "-o", "m.png", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: is not a folder"),
        (["empty"], "empty: has no image files in it"),
        (["damaged"], "none of 1 pictures can be read, the first is damaged/a.png"),
        (["single"], "single: a map needs 2 pictures or more, got 1"),
        (["x.npz"], "x.npz: must have an array named images, got X, y, label_names"),
        (["p", "-o", "m.gif"], "m.gif: a mosaic must end in one of .png, .jpg, .jpeg"),
        (["p", "-o", "no/m.png"], "no/m.png: there is no folder"),
        (["p", "-o", "p/00.png"], "p/00.png: the mosaic would replace a picture of the input"),
        (["p", "--json", "no/m.json"], "no/m.json: there is no folder"),
        (
            ["p.npz", "--json", "m.json"],
            "whose paths it writes, got p.npz",
        ),
        (["p", "--size", "30"], "--size: must be like 4000x3000, got '30'"),
        (["p", "--size", "0x30"], "size must be 1 or more, got 0"),
        (["p", "--tile", "0"], "tile must be 1 or more, got 0"),
        (["p", "--size", "40x30"], "tile must be no larger than size, 40 x 30, got 100"),
        (["p", "--visible", "2"], "--visible: must be 0 to 1, got '2'"),
        (["p", "--pca", "0"], "--pca must be 1 or more, got 0"),
        (["p", "--perplexity", "60"], "perplexity"),
    ],
)
def test_mistakes_about_mosaics(folder, pictures, capfd, arguments, message):
    for name in ("empty", "damaged", "single"):
        (folder / name).mkdir()
    (folder / "damaged" / "a.png").write_bytes(b"nothing")
    (folder / "single" / "a.png").write_bytes((folder / "p" / "00.png").read_bytes())
    before = names_in(folder)
    assert main(["mosaic", *arguments]) == 2
    captured = capfd.readouterr()
    assert captured.out == "" and message in captured.err
    assert captured.err.splitlines()[-1].startswith("fasttsne: error: ")
    assert names_in(folder) == before


def test_mosaics_are_checked_before_pictures_are_read(folder, pictures, monkeypatch):
    from fasttsne import images

    monkeypatch.setattr(images, "pixels", lambda *arguments: pytest.fail("too late"))
    assert main(["mosaic", "p", "-o", "no/m.png"]) == 2
    assert main(["mosaic", "p", "--size", "40x30"]) == 2
    assert main(["mosaic", "p", "--json", "no/m.json"]) == 2


# ---- Mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "arguments are required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["embed"], "arguments are required: INPUT"),
        (["embed", "x.npy", "--perplexity", "many"], "--perplexity: invalid float value: 'many'"),
        (["embed", "x.npy", "--dims", "4"], "--dims: invalid choice: "),
        (["embed", "x.npy", "--method", "magic"], "--method: invalid choice: 'magic'"),
        (["embed", "x.npy", "--features", "nope"], "--features: invalid choice: 'nope'"),
        (["embed", "x.npy", "--colour"], "unrecognized arguments: --colour"),
        (["embed", "missing.npy"], "missing.npy"),
        (["embed", "missing.txt"], "missing.txt"),
        (["embed", "x.xlsx"], "the input must end in one of .npy"),
        (["embed", "."], "pickled.npy: is no NumPy file"),
        (["embed", "x.csv"], "x.csv, line 2, column 8 (mood): 'a' is not a finite number"),
        (["embed", "x.csv", "--label-column", "nope"], "got 'nope'"),
        (["embed", "x.npy", "--label-column", "mood"], "label_column applies to"),
        (
            ["embed", "x.npy", "--features", "raw"],
            "is an array; features applies to landmarks",
        ),
        (["embed", "bad.npy"], "1 of 1,200 values are missing, in 1 rows and 1 columns"),
        (["embed", "pickled.npy"], "pickled Python objects"),
        (["embed", "one.npy"], "minimum of 2"),
        (["embed", "x.npy", "--perplexity", "150"], "perplexity"),
        (["embed", "x.npy", "--perplexity", "-1"], "perplexity"),
        (["embed", "x.npy", "--perplexity", "nan"], "perplexity"),
        (["embed", "x.npy", "--iterations", "-5"], "max_iter"),
        (["embed", "x.npy", "--seed", "-1"], "random_state"),
        (["embed", "x.npy", "--name-column", "word"], "name_column applies to"),
        (["embed", "x.npz", "--name-column", "word"], "an array named word, got X, y"),
        (["embed", "x.npy", "--compare-pca"], "name it with --plot"),
        (["embed", "narrow.npy", "--compare-pca", "--plot", "m.png"], "at least 2 columns, got 1"),
        (["compare", "narrow.npy"], "PCA in 2 dimensions needs at least 2 columns, got 1"),
        (["compare", "x.npy", "-o", "y.npz"], "unrecognized arguments: -o"),
        (["compare", "x.npy", "--plot", "m.xyz"], "m.xyz: a picture must end in one of"),
        (["compare", "x.npy", "--plot", "missing/m.png"], "missing/m.png: there is no folder"),
        (["embed", "x.npy", "-o", "y.xyz"], "y.xyz: the output must end in one of .npy"),
        (["embed", "x.npy", "-o", "missing/y.npy"], "missing/y.npy: there is no folder"),
        (["embed", "x.npy", "-o", "x.npy"], "the map would replace the input"),
        (["embed", "x.npy", "--plot", "m.xyz"], "m.xyz: a picture must end in one of"),
        (["embed", "x.npy", "--plot", "missing/m.png"], "missing/m.png: there is no folder"),
        (["embed", "x.npy", "--html", "m.xyz"], "m.xyz: a page must end in one of .html, .htm"),
        (["embed", "x.npy", "--html", "missing/m.html"], "missing/m.html: there is no folder"),
        (["embed", "x.npy", "--html", "m.html", "--dims", "3"], "two dimensions, got --dims 3"),
    ],
)
def test_mistakes_are_one_line_and_leave_no_file(folder, capfd, arguments, message):
    bad = np.load("x.npy")
    bad[1, 2] = np.nan
    inputs = {
        "bad.npy": bad,
        "one.npy": bad[:1],
        "narrow.npy": np.ones((50, 1)),
        "pickled.npy": np.array([["a", 1]], object),
    }
    for name, array in inputs.items():
        np.save(name, array, allow_pickle=True)
    assert main(arguments) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("fasttsne: error: ") and captured.err.count("\n") == 1
    assert message in captured.err
    assert names_in(folder) == set(inputs)


def test_outputs_are_checked_before_the_input_is_read(folder, monkeypatch):
    monkeypatch.setattr(tables, "read", lambda *arguments: pytest.fail("too late"))
    assert main(["embed", "x.npy", "-o", "y.npy", "--plot", "missing/m.png"]) == 2
    assert main(["embed", "x.npy", "-o", "missing/y.npy", "--plot", "m.png"]) == 2
    assert main(["embed", "x.npy", "-o", "y.npy", "--html", "missing/m.html"]) == 2


def test_without_matplotlib(folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["embed", "x.npy", "--plot", "m.png"]) == 2
    assert "pictures need matplotlib" in capsys.readouterr().err
    assert main(["embed", "x.npy", "--quiet", *QUICK]) == 0


def test_a_bug_is_not_taken_for_a_mistake(folder, monkeypatch):
    monkeypatch.setattr(cli.embed, "report", lambda tsne: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["embed", "x.npy", *QUICK])


# ---- Features of landmarks --------------------------------------------------------------------


@pytest.fixture
def acted(folder):
    """A list of 150 synthetic frames of 5 clips with the names of RAVDESS: list.txt."""
    frames = datasets.make_landmark_frames(150, frames_per_clip=30)
    lines = [
        f"Ryerson/{path} {v:.6g} {a:.6g} {label} " + " ".join(f"{x:.9g}" for x in p.ravel())
        for path, v, a, label, p in zip(
            frames.image_path,
            frames.valence,
            frames.arousal,
            frames.label,
            frames.points,
            strict=True,
        )
    ]
    (folder / "list.txt").write_text("\n".join(lines) + "\n")
    return landmarks.read_list(folder / "list.txt", drop_neutral=False)


@pytest.mark.parametrize("kind", feature_files.OUTPUTS)
@pytest.mark.parametrize("clips", [False, True])
def test_landmarks_written_are_the_features_that_embed_reads(acted, folder, capsys, kind, clips):
    chosen = ["--features", "actions", *(["--clips"] if clips else [])]
    assert main(["landmarks", "list.txt", "-o", f"f{kind}", *chosen]) == 0
    assert names_in(folder) == {"list.txt", f"f{kind}"}
    if clips:
        X, rows = landmarks.clip_features(acted, "actions")
        labels = [clip.label for clip in rows]
    else:
        X, labels = landmarks.features(acted, "actions"), acted.label
    printed = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert printed == {
        "rows": "5 clips" if clips else "150 frames",
        "columns": "72" if clips else "18",
        "clips": "5",
        "features": f"f{kind}",
    }
    table = tables.read(f"f{kind}", label_column="label" if kind == ".csv" else None)
    np.testing.assert_array_equal(table.X, X)
    if kind == ".npy":
        return
    names = [table.label_names[i] for i in table.labels]
    assert names == [acted.label_names[i] for i in labels]
    assert set(names) == {"neutral", "calm", "happy", "sad", "angry"}
    if kind == ".csv":
        header = Path("f.csv").read_text().splitlines()[0].split(",")
        assert header == [*landmarks.column_names("actions", clips), "label"]


def test_landmarks_say_which_clip_and_frame_a_row_is(acted, folder):
    assert main(["landmarks", "list.txt", "-o", "f.npz", "--quiet"]) == 0
    with np.load("f.npz") as written:
        assert json.loads(str(written["parameters"])) == {
            "version": fasttsne.__version__,
            "input": "list.txt",
            "features": "procrustes",
            "clips": False,
        }
        for name in ("clip", "frame", "valence", "arousal", "clip_names"):
            np.testing.assert_array_equal(written[name], getattr(acted, name))
        assert written["columns"].tolist() == landmarks.column_names("procrustes")
    assert main(["landmarks", "list.txt", "-o", "c.npz", "--quiet", "--clips"]) == 0
    with np.load("c.npz") as written:
        assert written["X"].shape == (5, 544) and len(written["clip_names"]) == 5
        expected = [clip.valence for clip in acted.clips()]
        np.testing.assert_allclose(written["valence"], expected)


def test_landmarks_of_openface_have_no_labels(data_dir, folder, capfd):
    path = data_dir / "landmarks" / "openface_pyfeat_test" / "openface.csv"
    for name in ("f.npz", "f.csv"):
        assert main(["landmarks", str(path), "-o", name, "--features", "nose", "--quiet"]) == 0
        table = tables.read(name)
        assert table.labels is None and table.X.shape == (100, 67)
    assert capfd.readouterr() == ("", "")
    assert main(["embed", "f.csv", "-o", "y.npy", "--quiet", *QUICK]) == 0
    assert np.load("y.npy").shape == (100, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list.txt"], "arguments are required: -o"),
        (["list.txt", "-o", "f.json"], "f.json: the output must end in one of .npy, .npz, .csv"),
        (["list.txt", "-o", "no/f.npy"], "no/f.npy: there is no folder"),
        (["list.txt", "-o", "f.npy", "--features", "eyes"], "--features: invalid choice: 'eyes'"),
        (["none.txt", "-o", "f.npy"], "none.txt: No such file"),
        (["x.csv", "-o", "x.csv"], "x.csv: the features would replace the input"),
        (["x.csv", "-o", "f.csv"], "x.csv: has no landmarks in a form that is read"),
        (["bad.txt", "-o", "f.csv"], "bad.txt, line 2: x0 is 'nan', not a finite float32"),
    ],
)
def test_landmarks_refuse_what_is_wrong_and_leave_the_file(
    acted, folder, capfd, arguments, message
):
    first, second, *_ = (folder / "list.txt").read_text().splitlines()
    fields = second.split()
    fields[4] = "nan"
    (folder / "bad.txt").write_text(f"{first}\n{' '.join(fields)}\n")
    (folder / "f.csv").write_text("as it was")
    assert main(["landmarks", *arguments]) == 2
    captured = capfd.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and message in captured.err
    assert names_in(folder) == {"list.txt", "bad.txt", "f.csv"}
    assert (folder / "f.csv").read_text() == "as it was"


def test_output_of_landmarks_is_checked_before_the_list_is_read(acted, monkeypatch):
    monkeypatch.setattr(feature_files, "of_landmarks", lambda *arguments: pytest.fail("too late"))
    assert main(["landmarks", "list.txt", "-o", "missing/f.npy"]) == 2


def test_landmarks_are_written_whole_or_not_at_all(acted, folder, monkeypatch):
    (folder / "f.csv").write_text("as it was")
    monkeypatch.setattr(feature_files, "_write_csv", lambda path, *_: path.write_text("half") / 0)
    with pytest.raises(ZeroDivisionError):
        main(["landmarks", "list.txt", "-o", "f.csv"])
    assert names_in(folder) == {"list.txt", "f.csv"}
    assert (folder / "f.csv").read_text() == "as it was"


# ---- As a program -----------------------------------------------------------------------------


PROGRAM = (sys.executable, "-m", "fasttsne")
# The package may be imported from a checkout, which is not the current folder of the program.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(fasttsne.__file__).parents[1])}


def run(*arguments):
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, timeout=60, env=ENVIRONMENT
    )


def test_program(folder):
    done = run("embed", "x.npz", "-o", "y.npz", *QUICK)
    assert done.returncode == 0 and "y.npz" in done.stdout and "optimization" in done.stderr
    assert names_in(folder) == {"y.npz"}
    done = run("embed", "missing.npy")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == "fasttsne: error: missing.npy: No such file or directory\n"


def test_help_and_version(capsys):
    commands = (["embed"], ["compare"], ["landmarks"], ["mosaic"], [])
    for arguments in (*([*command, "--help"] for command in commands), ["--version"]):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert not end.value.code
    printed = capsys.readouterr().out
    assert "--compare-pca" in printed and f"fasttsne {fasttsne.__version__}" in printed


def test_info(capsys):
    assert main(["info"]) == 0
    assert capsys.readouterr().out == fasttsne.show_config() + "\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process")
@pytest.mark.parametrize("phase", ["neighbors", "optimization"])
def test_interrupt(tmp_path, phase):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(20_000, 50)))
    process = subprocess.Popen(
        [*PROGRAM, "embed", "x.npy", "--iterations", "1000000"],
        env=ENVIRONMENT,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever started the tests may ignore it, and children inherit that.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    try:
        while not process.stderr.readline().startswith(phase):
            assert process.poll() is None
        sent = time.perf_counter()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        seconds = time.perf_counter() - sent
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130 and out == ""
    assert err.endswith("fasttsne: interrupted\n") and "Traceback" not in err
    assert seconds < 5  # mostly below 1; the machine may be busy
    assert [file.name for file in tmp_path.iterdir()] == ["x.npy"]


# ---- The demo ---------------------------------------------------------------------------------


def test_demo(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    assert demo.main(["--out", str(tmp_path / "new" / "demo"), "--frames", "800"]) == 0
    written = {file.name for file in (tmp_path / "new" / "demo").iterdir()}
    assert written == {"landmarks.png", "digits.png"}
    landmarks, digits = capsys.readouterr().out.strip().split("\n\n")
    assert "SYNTHETIC" in landmarks and re.search(r"^n +800\nd +272$", landmarks, re.M)
    assert re.search(r"^n +1,797\nd +64$", digits, re.M)
    assert float(re.search(r"^recall@10 +(\S+)$", digits, re.M)[1]) > 0.4


def test_demo_refuses(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert demo.main(["--out", str(tmp_path / "file")]) == 2
    assert demo.main(["--out", str(tmp_path), "--frames", "0"]) == 2
    err = capsys.readouterr().err
    assert err.count("fasttsne.cli.demo: error: ") == err.count("\n") == 2


def test_demo_says_that_it_was_interrupted(tmp_path, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "samples", interrupt)
    assert demo.main(["--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "fasttsne.cli.demo: interrupted\n"
