"""README, CONTRIBUTING and docs/: links lead to files, tests named are there, code runs."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from sample import points
from sklearn import manifold

from fasttsne import metrics
from fasttsne.affinities import joint_affinities

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r'\]\(([^)\s]+)(?:\s+"([^"]*)")?\)')


def links(text):
    """Targets within the repository, and the titles of their links."""
    found = LINK.findall(FENCED.sub("", text))
    return [(target, title) for target, title in found if "://" not in target]


def anchors(page):
    """What headings are called in addresses: words in lower case, hyphens between them."""
    headings = re.findall(r"^#+ +(.*)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def names_of_tests(file):
    nodes = ast.parse(file.read_text()).body
    names = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return {name for name in names if name.startswith("test_")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    for target, _ in links(page.read_text()):
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), f"{page.name} links to {target}, which is not there"
        assert not anchor or anchor in anchors(file), f"{page.name}: no heading {anchor} in {path}"


def test_tests_named_in_features_exist():
    proofs = [
        (target, name)
        for target, name in links((DOCS / "features.md").read_text())
        if target.startswith("../tests/")
    ]
    assert len(proofs) > 60
    for target, name in proofs:
        assert name in names_of_tests(DOCS / target), f"{target} has no test {name!r}"


def test_every_feature_names_a_test():
    rows = re.findall(r"^\|(.*)\|$", (DOCS / "features.md").read_text(), re.MULTILINE)
    rows = [[cell.strip() for cell in row.split("|")] for row in rows]
    features = [row for row in rows if row[0] and not row[0].startswith("-")]
    assert len(features) > 50
    for row in features:
        assert len(row) == 6 and all(row), row
        assert "](../tests/" in row[1], f"no test proves: {row[0]}"


def run(page, **names):
    """Run the Python of a page as one program; return its names."""
    blocks = [code for kind, code in FENCED.findall((DOCS / page).read_text()) if kind == "python"]
    assert blocks
    for block in blocks:
        exec(compile(block, f"docs/{page}", "exec"), names)
    return names


@pytest.fixture
def data():
    X = points("clustered", 400, 12).numpy()
    return {"X": X[:300], "X_new": X[300:]}


@pytest.mark.parametrize("page", ["../README.md", "index.md"])
def test_first_maps(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = run(page)
    assert names["Y"].shape == (1797, 2)
    assert (tmp_path / "digits.png").stat().st_size > 10_000


@pytest.mark.slow
def test_torch_loops():
    names = run("torch-loops.md", X=points("clustered", 400, 12))
    assert names["A"].shape == (400, 256) and names["Y"].shape == (400, 2)
    assert names["loss"](names["old"]) < 1


def test_coming_from_scikit_learn(data):
    names = run("coming-from-scikit-learn.md", **data)
    assert names["Y"].shape == (300, 2) and names["Y_new"].shape == (100, 2)
    assert torch.is_tensor(names["Y_tensor"])


def test_scikit_learns_kernel_in_three_dimensions(data):
    X = data["X"]
    theirs = manifold.TSNE(3, method="exact", random_state=0).fit(X)
    P = joint_affinities(X)
    kls = [
        metrics.kl_divergence(P, scale * theirs.embedding_, dof)
        for dof, scale in ((1.5, 0.75**0.5), (1.0, 1.0), (2.0, 1.0))
    ]
    assert abs(kls[0] / theirs.kl_divergence_ - 1) < 0.01
    assert all(kl > 1.05 * theirs.kl_divergence_ for kl in kls[1:])


def test_coming_from_opentsne(data, tmp_path, monkeypatch):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    names = run("coming-from-opentsne.md", **data)
    assert names["usual"].report_.iterations == 750
    both = names["edges"] + names["edges"].T  # Uniform counts an edge that both points have twice
    assert np.allclose(names["uniform"].toarray(), both.toarray() / (2 * 15 * 300))
    assert names["start"].std(0).max() < 2e-4
    assert names["more"].kl_divergence_ < names["kl_before"]
    assert names["placed"].shape == names["begun"].shape == (100, 2)
    with Image.open("making.gif") as film:
        assert film.n_frames == len(names["frames"]) > 3


def test_coming_from_scanpy():
    import anndata
    import pandas as pd
    from sklearn.decomposition import PCA
    from sklearn.neighbors import kneighbors_graph

    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(1, 4, (3, 60))[np.arange(200) % 3]).astype(np.float32)
    pca = PCA(20, random_state=0).fit(counts[:150])
    obs = pd.DataFrame({"cell_type": pd.Categorical(np.array(list("BNT"))[np.arange(200) % 3])})
    cells = anndata.AnnData(counts, obs=obs.set_index(pd.Index([f"c{i}" for i in range(200)])))
    adata, adata_new = cells[:150].copy(), cells[150:].copy()
    adata.obsm["X_pca"], adata.varm["PCs"] = pca.transform(adata.X), pca.components_.T
    adata.obsp["distances"] = kneighbors_graph(adata.obsm["X_pca"], 14, mode="distance")
    adata.uns["neighbors"] = {"distances_key": "distances"}
    truth = adata_new.obs.pop("cell_type")
    with pytest.warns(UserWarning, match="perplexity 30 is lowered to 14"):
        run("coming-from-scanpy.md", adata=adata, adata_new=adata_new)
    assert {"X_tsne", "X_tsne_graph"} < set(adata.obsm)
    assert (adata_new.obs["cell_type"].astype(str) == truth.astype(str)).mean() > 0.9


def test_maps_that_go_on(data):
    names = run("maps-that-go-on.md", **data)
    assert names["Y"].shape == (300, 2)


def test_measures(data, capsys):
    labels = np.arange(300) % 3
    names = run("measures.md", X=data["X"], labels=labels)
    assert str(metrics.report(data["X"], names["Y"], labels)) in capsys.readouterr().out
    assert 0 < names["found"]["cohesion"] <= 1
