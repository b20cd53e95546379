"""t-SNE of single cells in AnnData, with the names and places of scanpy.

>>> import fasttsne.anndata as ft
>>> ft.tsne(adata)  # doctest: +SKIP

The map is then in ``adata.obsm['X_tsne']``, where ``sc.pl.tsne(adata)`` finds it.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from scipy import sparse

from . import _validation
from .affinities import Perplexity
from .descent.transform import ITERATIONS, FittedMap
from .estimator import TSNE
from .neighbors.search import Search

__all__ = ["ingest", "tsne"]

_DEFAULT_PCS = 50
"""Columns above which scanpy takes principal components for the data, and their number."""
_ROWS_AT_ONCE = 1 << 14


def tsne(
    adata: Any,
    n_pcs: int | None = None,
    *,
    use_rep: str | None = None,
    n_components: int = 2,
    perplexity: float = 30.0,
    metric: str = "euclidean",
    early_exaggeration: float = 12.0,
    learning_rate: float | str = "auto",
    random_state: Any = 0,
    n_jobs: int | None = None,
    neighbors_key: str | None = None,
    key_added: str | None = None,
    copy: bool = False,
    **parameters: Any,
) -> Any:
    """Embed cells, as ``scanpy.tl.tsne`` does.

    Parameters
    ----------
    adata : AnnData, shape (n, genes)
        Cells. In backed mode ``X`` is read by rows.
    n_pcs : int, optional
        Number of columns of the representation to use; 0 for ``X`` itself. Default: all.
    use_rep : str, optional
        'X', or a key of ``obsm``. Default, as in scanpy: ``X`` up to 50 genes, and above that
        ``obsm['X_pca']``, which is computed for this call if it is missing.
    n_components, perplexity, metric, early_exaggeration, learning_rate, random_state, n_jobs
        As of :class:`fasttsne.TSNE`, whose defaults these are. ``learning_rate`` is 1000 in scanpy.
    neighbors_key : str, optional
        Take the neighbours that ``scanpy.pp.neighbors`` has found: 'neighbors', or its
        ``key_added``. They are usually 15, so that the perplexity is lowered to their number, with
        a warning; ``affinities=fasttsne.affinities.Uniform(14)`` gives them equal weights instead.
        The representation is then the start alone.
    key_added : str, optional
        Key of the map in ``obsm``, and of the parameters in ``uns``. Default: 'X_tsne' and 'tsne'.
    copy : bool, default False
        Change a copy of ``adata``, and return it.
    **parameters
        Other parameters of :class:`fasttsne.TSNE`.

    Returns
    -------
    AnnData or None
        The copy, if ``copy`` is True. Sets ``obsm['X_tsne' or key_added]``, float32 of shape (n,
        n_components), and ``uns['tsne' or key_added]['params']``.

    Raises
    ------
    TypeError
        If ``adata`` is no AnnData, or a parameter is unknown.
    ValueError
        If a representation or neighbours are missing, or a parameter is out of range.
    """
    _check(adata, "adata")
    if parameters.pop("use_fast_tsne", False):
        warnings.warn(
            "use_fast_tsne is ignored: all of fasttsne is compiled", UserWarning, stacklevel=2
        )
    graph = None if neighbors_key is None else _graph_of(adata, neighbors_key)
    X = _representation(adata, use_rep, n_pcs)
    if graph is not None:
        parameters["neighbors"] = graph
    estimator = TSNE(
        n_components,
        perplexity=perplexity,
        metric=metric,
        early_exaggeration=early_exaggeration,
        learning_rate=learning_rate,
        random_state=random_state,
        n_jobs=n_jobs,
        **parameters,
    )
    Y = np.asarray(estimator.fit_transform(X))
    adata = adata.copy() if copy else adata
    in_obsm, in_uns = ("X_tsne", "tsne") if key_added is None else (key_added, key_added)
    about = {
        "n_components": n_components,
        "perplexity": perplexity,
        "early_exaggeration": early_exaggeration,
        "learning_rate": learning_rate,
        "n_jobs": torch.get_num_threads() if n_jobs is None else n_jobs,
        "metric": metric,
        "use_rep": use_rep,
        "n_pcs": n_pcs,
        "neighbors_key": neighbors_key,
    }
    adata.obsm[in_obsm] = Y
    adata.uns[in_uns] = {"params": {k: v for k, v in about.items() if v is not None}}
    return adata if copy else None


def ingest(
    adata: Any,
    adata_ref: Any,
    *,
    obs: str | list[str] | None = None,
    use_rep: str | None = None,
    n_pcs: int | None = None,
    key: str = "X_tsne",
    perplexity: float = 30.0,
    metric: str = "euclidean",
    n_neighbors: int = 15,
    iterations: int = ITERATIONS,
) -> None:
    """Place new cells into the map of annotated ones, and hand annotations on to them.

    The map of ``adata_ref`` does not change. Each new cell is placed by its neighbours among the
    annotated ones, independently of other new cells, as :meth:`fasttsne.TSNE.transform` does.

    Parameters
    ----------
    adata : AnnData, shape (l, genes)
        New cells. Sets ``obsm[key]`` and ``obs[name]`` for each name in ``obs``.
    adata_ref : AnnData, shape (n, genes)
        Annotated cells, with a map in ``obsm[key]``.
    obs : str or list of str, optional
        Categorical columns of ``adata_ref.obs``. A new cell gets the category of most of its
        ``n_neighbors`` nearest annotated cells; of the nearest, if several have as many.
    use_rep, n_pcs
        Representation of both, as in :func:`tsne`. Where the new cells lack ``obsm['X_pca']``, they
        are projected on ``adata_ref.varm['PCs']``, which ``scanpy.pp.pca`` leaves there.
    key : str, default 'X_tsne'
        Where the map is in ``obsm``.
    perplexity, metric
        Those of the map.
    n_neighbors : int, default 15
        Cells that vote on annotations.
    iterations : int, default 200
        Steps of each cell.

    Raises
    ------
    TypeError
        If ``adata`` or ``adata_ref`` is no AnnData.
    ValueError
        If a map, a representation or a column is missing, genes differ, or a parameter is out of
        range.
    """
    for value, name in ((adata, "adata"), (adata_ref, "adata_ref")):
        _check(value, name)
    if key not in adata_ref.obsm:
        raise ValueError(f"adata_ref.obsm must hold the map {key!r}, got {_keys(adata_ref.obsm)}")
    columns = [obs] if isinstance(obs, str) else list(obs or ())
    for name in columns:
        if name not in adata_ref.obs:
            raise ValueError(f"obs must name columns of adata_ref.obs, got {name!r}")
    n_neighbors = _validation.integer("n_neighbors", n_neighbors, 1)
    X_ref = _as_rows(_representation(adata_ref, use_rep, n_pcs))
    X = _as_rows(_representation_like(adata, adata_ref, use_rep, n_pcs))
    if X.shape[1] != X_ref.shape[1]:
        raise ValueError(
            f"the representation of adata must have {X_ref.shape[1]} columns as that of adata_ref, "
            f"got {X.shape[1]}"
        )
    Y = _validation.as_matrix(np.asarray(adata_ref.obsm[key]), f"adata_ref.obsm[{key!r}]").float()
    perplexity = min(_validation.number("perplexity", perplexity, least=1), (len(Y) - 1) / 3)
    search = Search("exact", metric, None)
    fitted = FittedMap(X_ref, Y, Perplexity(perplexity), search, 1.0)
    iterations = _validation.integer("iterations", iterations, 0)
    with torch.no_grad():
        placed = fitted.place(X, "weighted", iterations, torch.device("cpu"))
        k = min(n_neighbors, len(Y))
        near = search.among(X_ref, X, k, torch.device("cpu")).indices.numpy() if columns else None
    adata.obsm[key] = placed.numpy()
    for name in columns:
        adata.obs[name] = _voted(adata_ref.obs[name], near)


def _voted(known: Any, near: Any) -> Any:
    """Return the category of most of the neighbours (l, k), nearest first, as a column."""
    import pandas as pd

    known = known.astype("category")
    votes = known.cat.codes.to_numpy()[near]
    counts = (votes[:, :, None] == votes[:, None, :]).sum(2) * (votes >= 0)
    winners = np.take_along_axis(votes, counts.argmax(1)[:, None], 1)[:, 0]
    return pd.Categorical.from_codes(winners, dtype=known.dtype)


def _check(adata: Any, name: str) -> None:
    if not all(hasattr(adata, part) for part in ("X", "obsm", "obsp", "obs", "uns", "n_vars")):
        raise TypeError(f"{name} must be an AnnData, got {type(adata).__name__}")


def _keys(mapping: Any) -> str:
    return ", ".join(mapping) or "nothing"


def _graph_of(adata: Any, key: str) -> Any:
    """Return the distances that ``scanpy.pp.neighbors`` has stored under a key."""
    about = adata.uns.get(key)
    if about is None:
        raise ValueError(
            f"adata.uns must hold {key!r}, which scanpy.pp.neighbors adds, got {_keys(adata.uns)}"
        )
    distances = about.get("distances_key", "distances")
    if distances not in adata.obsp:
        raise ValueError(f"adata.obsp must hold {distances!r}, got {_keys(adata.obsp)}")
    return sparse.csr_matrix(adata.obsp[distances])


def _representation(adata: Any, use_rep: str | None, n_pcs: int | None) -> Any:
    """Return an array or CSR matrix (n, d), chosen as scanpy chooses it."""
    if n_pcs is not None:
        n_pcs = _validation.integer("n_pcs", n_pcs, 0)
    if use_rep is None:
        use_rep = "X" if n_pcs == 0 or adata.n_vars <= _DEFAULT_PCS else "X_pca"
        if use_rep == "X_pca" and use_rep not in adata.obsm:
            return _principal_components(adata, n_pcs or _DEFAULT_PCS)
    if use_rep == "X":
        return _rows_of_X(adata)
    if use_rep not in adata.obsm:
        raise ValueError(f"use_rep must be X or one of {_keys(adata.obsm)}; got {use_rep!r}")
    X = adata.obsm[use_rep]
    X = X.to_numpy() if hasattr(X, "to_numpy") else X
    if n_pcs is None:
        return X
    if n_pcs > X.shape[1]:
        raise ValueError(
            f"n_pcs must be at most {X.shape[1]}, the columns of {use_rep}; got {n_pcs}"
        )
    return X[:, :n_pcs] if n_pcs else X


def _representation_like(adata: Any, adata_ref: Any, use_rep: str | None, n_pcs: int | None) -> Any:
    """Return the representation of new cells in the space of that of the annotated ones."""
    is_pca = use_rep == "X_pca" or (
        use_rep is None and n_pcs != 0 and adata_ref.n_vars > _DEFAULT_PCS
    )
    if not is_pca or "X_pca" in adata.obsm:
        return _representation(adata, use_rep, n_pcs)
    if "PCs" not in adata_ref.varm:
        raise ValueError("adata lacks obsm['X_pca'], and adata_ref lacks varm['PCs'] to compute it")
    if list(adata.var_names) != list(adata_ref.var_names):
        raise ValueError("adata must have the genes of adata_ref, in the same order")
    axes = np.asarray(adata_ref.varm["PCs"], np.float64)[:, :n_pcs]
    reference, new = _rows_of_X(adata_ref), _rows_of_X(adata)
    mean = np.asarray(reference.mean(0), np.float64).ravel()
    return (np.asarray(new @ axes) - mean @ axes).astype(np.float32)


def _principal_components(adata: Any, count: int) -> np.ndarray:
    from sklearn.decomposition import PCA

    X = _rows_of_X(adata)
    count = min(count, min(X.shape) - 1)
    warnings.warn(
        f"X has {X.shape[1]} columns, and obsm lacks X_pca: {count} principal components are taken "
        "for the data; scanpy.pp.pca stores them, and use_rep='X' takes X itself",
        UserWarning,
        stacklevel=4,
    )
    solver = "arpack" if sparse.issparse(X) else "auto"
    return PCA(count, svd_solver=solver, random_state=0).fit_transform(X)


def _rows_of_X(adata: Any) -> Any:
    """Return ``X`` as an array or CSR matrix; of a file it is read by rows, as float32."""
    if not getattr(adata, "isbacked", False):
        X = adata.X
        return X.tocsr() if sparse.issparse(X) else np.asarray(X)
    n = adata.n_obs
    parts = (adata.X[i : min(i + _ROWS_AT_ONCE, n)] for i in range(0, n, _ROWS_AT_ONCE))
    first = next(parts)
    if sparse.issparse(first):
        return sparse.vstack([first, *parts], format="csr", dtype=np.float32)
    X = np.empty((n, adata.n_vars), np.float32)
    begin = 0
    for part in (first, *parts):
        X[begin : begin + len(part)] = part
        begin += len(part)
    return X


def _as_rows(X: Any) -> Any:
    """Return data as the search takes them: a float32 tensor, or a CSR matrix."""
    if sparse.issparse(X):
        return _validation.as_csr(X)
    return _validation.as_matrix(np.asarray(X, np.float32))
