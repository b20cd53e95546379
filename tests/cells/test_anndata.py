"""Maps of AnnData: the places and names of scanpy, its choice of data, and new cells in a map."""

from __future__ import annotations

import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.neighbors import kneighbors_graph

import fasttsne
import fasttsne.anndata as ft
from fasttsne.affinities import Uniform

QUICK = {"perplexity": 10, "max_iter": 60}
TYPES = np.array(["B", "NK", "T"])


def cells(n=150, genes=60, seed=0):
    """Counts of three types of cells, with principal components as scanpy.pp.pca leaves them."""
    rng = np.random.default_rng(seed)
    kind = np.arange(n) % 3
    rates = np.random.default_rng(99).gamma(1.0, 4.0, (3, genes))
    X = np.log1p(rng.poisson(rates[kind])).astype(np.float32)
    obs = pd.DataFrame(
        {"cell_type": pd.Categorical(TYPES[kind])}, index=[f"c{i}" for i in range(n)]
    )
    data = anndata.AnnData(X, obs=obs)
    data.var_names = [f"g{i}" for i in range(genes)]
    pca = PCA(20, random_state=0).fit(X)
    data.obsm["X_pca"], data.varm["PCs"] = pca.transform(X), pca.components_.T
    return data


def map_of(X, **parameters):
    return fasttsne.TSNE(random_state=0, **(QUICK | parameters)).fit_transform(X)


@pytest.mark.parametrize("key", [None, "custom"])
def test_places_and_names_of_scanpy(key):
    data = cells()
    copied = ft.tsne(data, key_added=key, copy=True, n_jobs=2, **QUICK)
    in_obsm, in_uns = ("X_tsne", "tsne") if key is None else (key, key)
    assert in_obsm not in data.obsm and in_uns not in data.uns
    assert copied.obsm[in_obsm].shape == (150, 2)
    params = copied.uns[in_uns]["params"]
    assert params["perplexity"] == 10 and params["metric"] == "euclidean" and params["n_jobs"] == 2
    assert ft.tsne(data, key_added=key, **QUICK) is None
    assert data.uns[in_uns]["params"]["n_jobs"] == torch.get_num_threads()
    np.testing.assert_array_equal(data.obsm[in_obsm], copied.obsm[in_obsm])
    cosine = ft.tsne(data, metric="cosine", copy=True, **QUICK)
    assert cosine.uns["tsne"]["params"]["metric"] == "cosine"
    assert not np.array_equal(cosine.obsm["X_tsne"], copied.obsm[in_obsm])


def test_a_map_of_three_dimensions():
    data = cells()
    ft.tsne(data, n_components=3, **QUICK)
    np.testing.assert_array_equal(data.obsm["X_tsne"], map_of(data.obsm["X_pca"], n_components=3))
    assert data.uns["tsne"]["params"]["n_components"] == 3


def test_the_result_can_be_written(tmp_path):
    data = cells()
    ft.tsne(data, **QUICK)
    data.write_h5ad(tmp_path / "cells.h5ad")
    read = anndata.read_h5ad(tmp_path / "cells.h5ad")
    np.testing.assert_array_equal(read.obsm["X_tsne"], data.obsm["X_tsne"])
    assert read.uns["tsne"]["params"]["learning_rate"] == "auto"


def test_the_representation_is_that_of_scanpy():
    data = cells()
    pca = data.obsm["X_pca"]

    def found(**choice):
        return ft.tsne(data, copy=True, **QUICK, **choice).obsm["X_tsne"]

    np.testing.assert_array_equal(found(), map_of(pca))
    np.testing.assert_array_equal(found(n_pcs=7), map_of(pca[:, :7]))
    np.testing.assert_array_equal(found(use_rep="X"), map_of(data.X))
    np.testing.assert_array_equal(found(n_pcs=0), map_of(data.X))
    few = data[:, :50].copy()
    np.testing.assert_array_equal(ft.tsne(few, copy=True, **QUICK).obsm["X_tsne"], map_of(few.X))
    with pytest.raises(ValueError, match="n_pcs must be at most 20, the columns of X_pca; got 21"):
        found(n_pcs=21)
    with pytest.raises(ValueError, match="use_rep must be X or one of X_pca; got 'X_vae'"):
        found(use_rep="X_vae")


@pytest.mark.parametrize("is_sparse", [False, True])
def test_missing_components_are_computed_and_told(is_sparse):
    data = cells()
    del data.obsm["X_pca"]
    if is_sparse:
        data.X = sparse.csr_matrix(data.X)
    with pytest.warns(UserWarning, match=r"X has 60 columns, and obsm lacks X_pca: 20 principal"):
        Y = ft.tsne(data, 20, copy=True, **QUICK).obsm["X_tsne"]
    assert np.isfinite(Y).all()
    assert fasttsne.metrics.label_accuracy(Y, data.obs["cell_type"]) > 0.9


def test_backed_files_are_read_by_rows(tmp_path, monkeypatch):
    data = cells()
    monkeypatch.setattr(ft, "_ROWS_AT_ONCE", 64)
    for X in (data.X, sparse.csr_matrix(data.X)):
        data.X = X
        data.write_h5ad(tmp_path / "cells.h5ad")
        backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
        ft.tsne(backed, use_rep="X", **QUICK)
        np.testing.assert_array_equal(backed.obsm["X_tsne"], map_of(X))
        backed.file.close()


def add_neighbors(data, k, key="neighbors"):
    """Do as scanpy.pp.neighbors does, whose graph has one neighbour less than it is asked for."""
    prefix = "" if key == "neighbors" else f"{key}_"
    graph = kneighbors_graph(data.obsm["X_pca"], k - 1, mode="distance")
    data.obsp[f"{prefix}distances"] = graph
    data.uns[key] = {"distances_key": f"{prefix}distances", "params": {"n_neighbors": k}}
    return graph


@pytest.mark.parametrize("key", ["neighbors", "other"])
def test_the_graph_of_scanpy(key):
    data = cells()
    graph = add_neighbors(data, 31, key)
    Y = ft.tsne(data, neighbors_key=key, copy=True, **QUICK).obsm["X_tsne"]
    np.testing.assert_array_equal(Y, map_of(data.obsm["X_pca"], neighbors=graph))
    assert fasttsne.metrics.label_accuracy(Y, data.obs["cell_type"]) > 0.9


def test_a_graph_of_few_neighbours_lowers_the_perplexity():
    data = cells()
    graph = add_neighbors(data, 15)
    with pytest.warns(UserWarning, match="perplexity 30 is lowered to 14"):
        ft.tsne(data, neighbors_key="neighbors", max_iter=50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ft.tsne(data, neighbors_key="neighbors", affinities=Uniform(14), max_iter=50)
    Y = map_of(data.obsm["X_pca"], neighbors=graph, affinities=Uniform(14), max_iter=50)
    np.testing.assert_array_equal(data.obsm["X_tsne"], Y)


def test_new_cells_in_a_map():
    reference, new = cells(), cells(60, seed=5)
    ft.tsne(reference, perplexity=10)
    pca = reference.obsm["X_pca"]
    new.obsm["X_pca"] = (new.X - reference.X.mean(0)) @ reference.varm["PCs"]
    ft.ingest(new, reference, obs="cell_type", perplexity=10)
    fitted = fasttsne.TSNE(perplexity=10, random_state=0).fit(pca)
    np.testing.assert_array_equal(fitted.embedding_, reference.obsm["X_tsne"])
    expected = fitted.transform(new.obsm["X_pca"].astype(np.float32))
    np.testing.assert_allclose(new.obsm["X_tsne"], expected, atol=1e-3)
    truth = TYPES[np.arange(60) % 3]
    assert (np.asarray(new.obs["cell_type"]) == truth).mean() > 0.95
    # Without components of their own, they are projected on those of the annotated cells.
    places = new.obsm["X_tsne"].copy()
    del new.obsm["X_pca"], new.obsm["X_tsne"]
    ft.ingest(new, reference, perplexity=10)
    np.testing.assert_allclose(new.obsm["X_tsne"], places, atol=0.05)
    # A cell of the map is placed where it is.
    same = cells()
    ft.ingest(same, reference, perplexity=10)
    np.testing.assert_array_equal(same.obsm["X_tsne"], reference.obsm["X_tsne"])


def test_votes_and_missing_annotations():
    known = pd.Series(pd.Categorical(["a", "b", "b", None, "c"]))
    near = np.array([[0, 1, 2], [0, 1, 3], [3, 4, 0], [3, 3, 3]])
    voted = ft._voted(known, near)
    assert list(voted)[:3] == ["b", "a", "c"] and pd.isna(voted[3])
    assert list(voted.categories) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda new, ref: ref.obsm.pop("X_tsne"), "obsm must hold the map 'X_tsne', got X_pca"),
        (lambda new, ref: new.obsm.__setitem__("X_pca", np.ones((60, 3))), "must have 20 columns"),
        (
            lambda new, ref: (new.obsm.pop("X_pca"), ref.varm.pop("PCs")),
            "adata_ref lacks varm",
        ),
        (
            lambda new, ref: (
                new.obsm.pop("X_pca"),
                setattr(new, "var_names", ref.var_names[::-1]),
            ),
            "genes of adata_ref, in the same order",
        ),
    ],
)
def test_what_ingest_refuses(change, message):
    reference, new = cells(), cells(60)
    reference.obsm["X_tsne"] = np.zeros((150, 2), np.float32)
    change(new, reference)
    with pytest.raises(ValueError, match=message):
        ft.ingest(new, reference)
    assert "X_tsne" not in new.obsm


def test_what_is_refused():
    data = cells()
    for call in (ft.tsne, lambda x: ft.ingest(x, data), lambda x: ft.ingest(data, x)):
        with pytest.raises(TypeError, match="must be an AnnData, got ndarray"):
            call(data.X)
    with pytest.raises(ValueError, match="uns must hold 'neighbors', which scanpy"):
        ft.tsne(data, neighbors_key="neighbors")
    data.uns["neighbors"] = {}
    with pytest.raises(ValueError, match="obsp must hold 'distances', got nothing"):
        ft.tsne(data, neighbors_key="neighbors")
    with pytest.raises(TypeError, match="'n_iter': use max_iter"):
        ft.tsne(data, n_iter=100)
    with pytest.raises(ValueError, match=r"obs must name columns of adata_ref\.obs, got 'louvain'"):
        data.obsm["X_tsne"] = np.zeros((150, 2), np.float32)
        ft.ingest(data, data, obs=["louvain"])
    with pytest.warns(UserWarning, match="use_fast_tsne is ignored"):
        ft.tsne(data, use_fast_tsne=True, **QUICK)
