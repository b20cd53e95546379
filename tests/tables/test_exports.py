"""Maps for other tools: Embedding Atlas, TensorBoard's projector, notebooks."""

from __future__ import annotations

import html
import json
import re
import sys
import types

import numpy as np
import pandas as pd
import pytest
import torch

from fasttsne import page, progress, tables
from fasttsne.cli import main

RNG = np.random.default_rng(0)
Y = RNG.normal(size=(5, 2)).astype(np.float32)
LABELS, NAMES = [1, 0, -1, 1, 0], {0: "sad", 1: "glad"}


def test_parquet_as_embedding_atlas_reads_it(tmp_path):
    near = np.array([[1, 2], [0, 2], [0, 1], [4, 0], [3, 0]])
    far = RNG.random((5, 2)).astype(np.float32)
    details = {"clip": list("aabbc"), "frame": np.arange(5)}
    path = tmp_path / "y.parquet"
    tables.write(path, Y, LABELS, None, None, NAMES, list("vwxyz"), details, (near, far))
    frame = pd.read_parquet(path)
    assert list(frame) == ["x", "y", "label", "name", "clip", "frame", "neighbors"]
    np.testing.assert_array_equal(frame[["x", "y"]].to_numpy(), Y)
    assert frame["label"].tolist()[:2] == ["glad", "sad"] and pd.isna(frame["label"][2])
    for row, (ids, distances) in enumerate(zip(near, far, strict=True)):
        assert [*frame["neighbors"][row]] == ["ids", "distances"]
        assert list(frame["neighbors"][row]["ids"]) == ids.tolist()
        np.testing.assert_array_equal(frame["neighbors"][row]["distances"], distances)
    assert tables.read(path, columns=["x", "y"], label_column="label").X.tolist() == Y.tolist()


def test_a_scale_in_parquet(tmp_path):
    values = np.array([0.5, -0.5, np.nan, 1, 2])
    tables.write(tmp_path / "y.parquet", np.c_[Y, Y[:, :1]], values)
    frame = pd.read_parquet(tmp_path / "y.parquet")
    assert list(frame) == ["x", "y", "z", "label"]
    np.testing.assert_array_equal(frame["label"], values)


def test_the_shell_writes_neighbours(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X = RNG.normal(size=(60, 4)).astype(np.float32)
    np.save("x.npy", X)
    quick = ["--perplexity", "5", "--iterations", "50", "--quiet"]
    assert main(["embed", "x.npy", "-o", "y.parquet", *quick]) == 0
    frame = pd.read_parquet("y.parquet")
    near = np.array([row["ids"] for row in frame["neighbors"]])
    distances = np.linalg.norm(X[:, None] - X, axis=2)
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_array_equal(near, distances.argsort(1)[:, : near.shape[1]])
    found = np.array([row["distances"] for row in frame["neighbors"]])
    np.testing.assert_allclose(found, np.take_along_axis(distances, near, 1), rtol=1e-4)


def rows(path):
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


def test_projector(tmp_path):
    folder = tmp_path / "new" / "log"
    X = RNG.normal(size=(5, 4)).astype(np.float32)
    names = ["a\tb", 'c"', "", "e", "f"]
    about = {"labels": LABELS, "label_names": NAMES, "names": names}
    tables.write_projector(folder, {"t-SNE": Y, 'the "data"': X}, **about)
    config = (folder / "projector_config.pbtxt").read_text()
    paths = re.findall(r'tensor_path: "(.*)"', config)
    # The projector draws no point that has fewer than three columns.
    for path, array in zip(paths, (np.c_[Y, np.zeros(5)], X), strict=True):
        np.testing.assert_array_equal(np.array(rows(folder / path), np.float32), array)
    assert re.findall(r'tensor_name: "(.*)"', config) == ["t-SNE", r"the \"data\""]
    (metadata,) = set(re.findall(r'metadata_path: "(.*)"', config))
    assert rows(folder / metadata) == [
        ["name", "label", "row"],
        ["a b", "glad", "0"],
        ['c"', "sad", "1"],
        ["", "unlabelled", "2"],
        ["e", "glad", "3"],
        ["f", "sad", "4"],
    ]


def test_no_row_of_the_projector_is_blank(tmp_path):
    """It would skip the row, and give all later ones the names of others."""
    tables.write_projector(tmp_path, {"t-SNE": Y}, names=["a", "", " ", None, "b"])
    read = rows(tmp_path / "metadata.tsv")
    assert [row[0] for row in read] == ["name", "a", "", " ", "", "b"]
    assert all("".join(row).strip() for row in read)


def test_a_scale_in_the_projector(tmp_path):
    tables.write_projector(tmp_path, {"t-SNE": Y}, np.array([0.5, -0.5, np.nan, 1, 2]))
    read = rows(tmp_path / "metadata.tsv")
    assert [row[0] for row in read] == ["label", "0.5", "-0.5", "", "1.0", "2.0"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tensors": {}}, "tensors must hold one array or more"),
        ({"tensors": {"a": Y, "b": Y[:3]}}, r"tensors\['b'\] must have 5 rows as the first, got 3"),
        ({"tensors": {"a": Y}, "names": ["x"]}, "names must have length 5"),
        ({"tensors": {"a": Y}, "details": {"c": [1]}}, r"details\['c'\] must have length 5, got 1"),
        ({"tensors": {"a": Y * np.nan}}, r"tensors\['a'\]"),
        ({"tensors": {"a": Y, "b & c": Y}}, r"tensors must have names without & # % \+.*'b & c'"),
        ({"tensors": {"a": Y}, "details": {"row": LABELS}}, "another column, got 'row'"),
        (
            {"tensors": {"a": Y}, "labels": LABELS, "details": {"label": LABELS}},
            "another column, got 'label'",
        ),
    ],
)
def test_what_the_projector_refuses(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        tables.write_projector(tmp_path / "log", **arguments)
    assert not (tmp_path / "log").exists()


def test_a_page_in_a_notebook(tmp_path):
    shown = page.show(Y, LABELS, height=300, label_names=NAMES, title="<mine>")
    page.write(tmp_path / "y.html", Y, LABELS, NAMES, title="<mine>")
    assert shown.html == (tmp_path / "y.html").read_text(encoding="utf-8")
    frame = shown._repr_html_()
    (source,) = re.findall(r'srcdoc="([^"]*)"', frame)
    assert html.unescape(source) == shown.html and "height: 300px" in frame
    with pytest.raises(ValueError, match="height must be 100 or more"):
        page.show(Y, height=10)


def test_a_bar_in_a_notebook(monkeypatch):
    class ZMQInteractiveShell:
        pass

    assert not progress.is_notebook()
    jupyter = types.SimpleNamespace(get_ipython=ZMQInteractiveShell)
    monkeypatch.setitem(sys.modules, "IPython", jupyter)
    assert progress.is_notebook()
    assert isinstance(progress.default_listener(), progress.ProgressBar)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with progress.default_listener() as listener:  # without widgets, a bar of text
        listener(progress.Progress("neighbors", 1, 2))
        listener(progress.Progress("neighbors", 2, 2))


@pytest.mark.parametrize("ending", [".npy", ".npz", ".csv", ".json", ".parquet"])
def test_maps_that_are_tensors(tmp_path, ending):
    Y = torch.arange(6.0).reshape(3, 2)
    given = {"label_names": ["a", "b"], "details": {"frame": torch.tensor([7, 8, 9])}}
    paths = []
    for form in (Y.numpy(), Y, torch._neg_view(-Y), Y.clone().requires_grad_(), Y.bfloat16()):
        paths.append(tmp_path / f"{len(paths)}{ending}")
        tables.write(paths[-1], form, torch.tensor([0, 1, 0]), **given)
    assert len({path.read_bytes() for path in paths}) == 1 or ending == ".npz"
    if ending == ".npz":
        for path in paths:
            with np.load(path) as file:
                np.testing.assert_array_equal(file["Y"], Y.numpy())
                assert file["frame"].tolist() == [7, 8, 9]
    elif ending == ".csv":
        assert paths[1].read_text().splitlines()[1] == "0.0,1.0,a,7"


def test_details_of_the_projector_are_numbers(tmp_path):
    tables.write_projector(tmp_path, {"Y": np.eye(2)}, details={"frame": torch.tensor([7, 8])})
    assert (tmp_path / "metadata.tsv").read_text().splitlines()[1] == "7\t0"
    with pytest.raises(ValueError, match="tensors must have different names, got"):
        tables.write_projector(tmp_path, {1: np.eye(2), "1": np.eye(2)})


def test_details_have_the_digits_of_their_dtype(tmp_path):
    details = {"t": np.float32([0.1, np.nan]), "frame": np.int64([7, 8])}
    for ending in (".csv", ".json"):
        tables.write(tmp_path / f"o{ending}", np.zeros((2, 2), np.float32), details=details)
    assert (tmp_path / "o.csv").read_text().splitlines()[1] == "0.0,0.0,0.1,7"
    points = json.loads((tmp_path / "o.json").read_text())["points"]
    assert [(point["t"], point["frame"]) for point in points] == [(0.1, 7), (None, 8)]
