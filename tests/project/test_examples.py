"""The examples: each runs from its file and finds what is known of its data."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from fasttsne import TSNE
from fasttsne.affinities import joint_affinities
from fasttsne.nn import TSNELoss

pytest.importorskip("matplotlib")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(name, *arguments):
    """Import an example by its path and return what its main returns."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main([str(argument) for argument in arguments])


def pictures(folder):
    """Names of the files in a folder, all of which are pictures."""
    files = list(folder.iterdir())
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)
    return {file.name for file in files}


@pytest.mark.slow
def test_words(data_dir, tmp_path, capsys):
    found = run("words", "--data", data_dir, "--output", tmp_path, "--most", 10_000)
    assert pictures(tmp_path) == {"words.png", "words_around.png"}
    assert found["n"] == 10_000
    assert found["in_data"][:2] == ["prince", "queen"]
    assert {"emperor", "throne", "kingdom"} < set(found["in_data"])
    assert len(set(found["in_map"])) == 10 and "king" not in found["in_map"]
    # What stands around one word hangs on the map; what stands around a thousand does not. The word
    # nearest in the data is among the 10 nearest in the map for 0.85 of them, by chance for 0.001.
    X = np.load(data_dir / "bench" / "glove6b_50d_100k" / "glove6b_50d_100k.npz")["X"][:10_000]
    X, Y = torch.tensor(X), torch.as_tensor(found["embedding"])
    X = X / X.norm(dim=1, keepdim=True)
    nearest = (X[:1000] @ X.T).topk(2).indices[:, 1:]
    among_ten = torch.cdist(Y[:1000], Y).topk(11, largest=False).indices[:, 1:] == nearest
    assert among_ten.any(1).float().mean() > 0.75
    assert found["recall"] > 0.35  # 0.39; 10 / 9,999 by chance
    assert "near king in the data" in capsys.readouterr().out


def test_words_that_are_not_there(data_dir, tmp_path):
    with pytest.raises(ValueError, match=r"no name 'qeen' among 10,000: did you mean 'queen'"):
        run("words", "--data", data_dir, "--output", tmp_path, "--most", 10_000, "--word", "qeen")


@pytest.mark.slow
def test_documents(tmp_path):
    found = run("documents", "--output", tmp_path)
    assert pictures(tmp_path) == {"documents.png"}
    assert found["n"] > 1000
    assert {"bellman_ford", "johnson", "floyd_warshall"} < set(found["near"])
    # A quarter of the pages, the largest module, by always guessing that.
    assert found["accuracy"] > 0.85 and found["accuracy_in_data"] > 0.85


@pytest.mark.deep
def test_emotion_landmarks(data_dir, tmp_path, capsys):
    accuracy = run("emotion_landmarks", "--data", data_dir, "--output", tmp_path / "new")
    names = {"frames", "frames_3d", "faces", "paths", "two_of_frames", "clips", "two_of_clips"}
    assert pictures(tmp_path / "new") == {f"emotion_{name}.png" for name in names}
    # Among 477 frames of 20 clips; bootstrap intervals of these gains begin above 0.03.
    assert accuracy["nose"] > 0.459  # the share of the largest class
    for better in ("actions", "actions, standardized", "pairwise, standardized"):
        assert accuracy[better] > accuracy["nose"] + 0.09
    # The mean of a clip is its emotion: without it, there is none left.
    assert accuracy["expression"] < accuracy["nose"]
    # Among 1,440 clips of 24 actors: 0.12 to 0.18.
    assert accuracy["action units by person"] > accuracy["action units"] + 0.12
    assert accuracy["of two emotions"] > 0.9
    assert "actions, standardized               18" in capsys.readouterr().out


def test_emotion_landmarks_without_data(tmp_path, capsys):
    with pytest.raises(SystemExit):
        run("emotion_landmarks", "--data", tmp_path, "--output", tmp_path / "new")
    assert f"no landmarks in {tmp_path}: name the folder with --data" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.deep
def test_torch_module(tmp_path, capsys):
    found = run("torch_module", "--output", tmp_path)
    assert pictures(tmp_path) == {"torch_module.png"}
    X, _ = load_digits(return_X_y=True)
    kernels = TSNE(random_state=0).fit_transform(X)
    kl_divergence = TSNELoss(joint_affinities(X), method="exact")
    Y = torch.as_tensor(found["embedding"])
    assert float(kl_divergence(Y)) < 1.05 * float(kl_divergence(Y.new_tensor(kernels)))
    assert found["kl"] == pytest.approx(float(kl_divergence(Y)), rel=1e-3)
    assert capsys.readouterr().out.count("epoch") == 120


def sizes_of(folder):
    """Width and height of each picture in a folder."""
    from PIL import Image

    return {
        path.name: Image.open(path).size
        for path in folder.iterdir()
        if path.suffix in (".png", ".jpg")
    }


def test_digits(data_dir, tmp_path):
    found = run("digits", "--data", data_dir, "--output", tmp_path, "--most", 10_000)
    assert found["n"] == 10_000
    assert found["accuracy"] > 0.93 and found["recall"] > 0.3
    sizes = sizes_of(tmp_path)
    assert sizes.keys() == {"digits.png", "digits_mosaic.jpg"} and sizes["digits_mosaic.jpg"] == (
        4000,
        3000,
    )


@pytest.mark.deep
def test_layers(data_dir, tmp_path):
    quick = ("--epochs", 1, "--most", 4000)
    accuracy = run("layers", "--data", data_dir, "--output", tmp_path, *quick)
    assert list(accuracy) == ["pixels", "convolution 1", "convolution 2", "dense layer", "output"]
    assert 0.85 < accuracy["pixels"] < accuracy["convolution 2"] < accuracy["dense layer"]
    assert accuracy["output"] > accuracy["pixels"] + 0.03
    assert sizes_of(tmp_path).keys() == {"layers.png"}


@pytest.mark.deep
def test_image_mosaic(data_dir, tmp_path):
    accuracy = run("image_mosaic", "--data", data_dir, "--output", tmp_path)
    # Of 10 classes, of 40 persons, of 347.
    assert accuracy["photos"] > 0.31 and accuracy["portraits"] > 0.9 and accuracy["frames"] > 0.15
    sizes = sizes_of(tmp_path)
    assert sizes["photos.jpg"] == sizes["frames.jpg"] == (4000, 3000)
    assert sizes["photos_grid.jpg"] == (55 * 40, 40 * 40)
    assert sizes.keys() == {"photos.jpg", "photos_grid.jpg", "portraits_grid.jpg", "frames.jpg"}
    places = json.loads((tmp_path / "frames.json").read_text())
    assert len(places) == 4232 and all(0 <= x <= 1 for p in places for x in p["point"])


def test_sne_family(tmp_path):
    found = run("sne_family", "--output", tmp_path, "--most", 500)
    assert pictures(tmp_path) == {"sne_family.png"}
    sne, symmetric, tsne = (found[name] for name in ("sne", "symmetric_sne", "tsne"))
    # The Gaussian maps are crowded: the gaps between digits are t-SNE's.
    assert tsne["silhouette"] > 1.2 * max(sne["silhouette"], symmetric["silhouette"])
    assert min(sne["silhouette"], symmetric["silhouette"]) > 0.2
    assert min(measured["accuracy"] for measured in found.values()) > 0.8


@pytest.mark.deep
def test_going_on(tmp_path):
    found = run("going_on", "--output", tmp_path, "--most", 600)
    names = ("optimize", "fixed", "anchors", "supervision", "growth")
    assert pictures(tmp_path) == {f"going_on_{name}.png" for name in names}
    # What pulls together costs neighbours; the way back is found.
    _, recall = zip(*found["optimize"].values(), strict=True)
    assert recall[1] < recall[3] and recall[3] - recall[1] > 0.5 * (recall[0] - recall[1])
    assert found["fixed"]["moved"] == 0 and found["fixed"]["right"] > 0.9
    steady = found["anchors"]
    drawn, separate = steady["drawn to it, weight 1"], steady["separate"]
    assert drawn[0] < 0.7 * separate[0] and drawn[1] > 0.9 * separate[1]
    # The labels that were given look ever better, the hidden ones do not.
    hidden, given = zip(*found["supervision"].values(), strict=True)
    assert given[3] > given[0] + 0.1 and given[3] - hidden[3] > 0.1
    assert found["growth"][600][0] < found["growth"]["whole"][0]


@pytest.mark.slow
def test_parameters(data_dir, tmp_path):
    found = run("parameters", "--data", data_dir, "--output", tmp_path, "--most", 500)
    names = (
        "perplexity",
        "early_exaggeration",
        "late_exaggeration",
        "dof",
        "learning_rate",
        "init",
    )
    assert pictures(tmp_path) == {f"parameters_{name}.png" for name in names}

    def rising(measure, name, *values):
        measured = [found[name, value][measure] for value in values]
        return measured == sorted(measured)

    # A wide view keeps the global shape; its map is small.
    assert rising("correlation", "perplexity", 2, 30, 300)
    assert rising("span", "perplexity", 300, 30, 10, 2)
    assert found["perplexity", 30]["recall"] > found["perplexity", 300]["recall"]
    # What pulls together makes maps small, and costs neighbours.
    assert rising("span", "late_exaggeration", 4, 2, 1.5, 1)
    assert rising("recall", "late_exaggeration", 4, 2, 1)
    assert rising("span", "dof", 10, 3, 1)
    # Steps too short do not arrive, steps too long go astray.
    best = found["learning_rate", "auto"]
    slow, fast = found["learning_rate", 0.03], found["learning_rate", 10_000]
    assert min(slow["KL"], fast["KL"]) > 1.2 * best["KL"]
    assert slow["span"] < best["span"] < fast["span"]
    # Whatever stands for the default gives the same map.
    assert best == found["init", "pca"] == found["perplexity", 30] == found["dof", 1]
    assert found["init", "random"] != found["init", "random again"]


def test_misreading(tmp_path):
    found = run("misreading", "--output", tmp_path, "--most", 100)
    names = ("sizes", "distances", "noise")
    assert pictures(tmp_path) == {f"misreading_{name}.png" for name in names}
    for in_data, in_map in (found["sizes"], found["distances"]):
        assert in_data > 9 and 0.5 < in_map < 2
    # A random map has about 3 (the root of 20 / 2); crumbs have more.
    assert found["noise"][2] > 1.5 * found["noise"][50]


@pytest.mark.slow
def test_measures(data_dir, tmp_path, capsys):
    found = run("measures", "--data", data_dir, "--output", tmp_path, "--most", 400)
    assert pictures(tmp_path) == {"measures.png"}
    names = ["momentum at once", "momentum by steps"]
    assert list(found["reports"]) == list(found["by_digit"]) == names
    printed = capsys.readouterr().out
    for name, measured in found["reports"].items():
        by_digit = found["by_digit"][name]
        assert list(by_digit) == list(range(10))
        shares = [*by_digit.values()]  # of which the cohesion is a weighted mean
        assert 0 < min(shares) <= measured["cohesion"] <= max(shares) <= 1
        assert measured["KL at best scale"] <= measured["KL divergence"] + 1e-3
        assert f"{measured['KL divergence']:.3f}" in printed
        assert f"{by_digit[4]:.3f}" in printed
