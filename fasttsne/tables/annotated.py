"""Tables in files of AnnData, ``.h5ad``: cells with annotations and representations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import as_float32
from .columns import index_of
from .labels import encode_column
from .missing import settle_missing
from .options import Options
from .table import Table

_DEFAULT_REP = "X_pca"
_NAMES = "obs_names"


def read_annotated(path: Path, options: Options) -> Table:
    """Read a representation of the cells, and annotations of them.

    ``label_column``, ``color_column`` and ``name_column`` are columns of ``obs``; the last may also
    be 'obs_names'. See `fasttsne.tables.read`.
    """
    try:
        import anndata
    except ImportError:
        raise ImportError(
            f"{path}: needs anndata: pip install anndata, or fasttsne[files]"
        ) from None
    path.stat()  # raises FileNotFoundError with the name of the file
    try:
        data = anndata.read_h5ad(path, backed="r")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: is no file of AnnData, or is damaged ({reason})") from None
    try:
        return _read(path, data, options)
    finally:
        data.file.close()


def _read(path: Path, data: Any, options: Options) -> Table:
    rep = options.use_rep or (_DEFAULT_REP if _DEFAULT_REP in data.obsm else "X")
    if rep != "X" and rep not in data.obsm:
        reps = ", ".join(["X", *data.obsm])
        raise ValueError(f"{path}: use_rep must be one of {reps}; got {rep!r}")
    values = _X_of(path, data) if rep == "X" else data.obsm[rep]
    values = values.to_numpy() if hasattr(values, "to_numpy") else values
    table = Table(as_float32(path, rep, values))
    if options.use_rep is None:
        table = table.noting(f"took {rep} for the data (--use-rep)")
    columns = [str(name) for name in data.obs.columns]

    def column(argument: str, which: str | int) -> tuple[str, Any]:
        at = index_of(path, argument, which, columns)
        return columns[at], data.obs.iloc[:, at]

    if options.label_column is not None:
        name, values = column("label_column", options.label_column)
        labels, label_names = _labels(values)
        table = replace(table, labels=labels, label_names=label_names, label_title=name)
    if options.color_column is not None:
        name, values = column("color_column", options.color_column)
        if values.dtype.kind not in "biuf":
            raise ValueError(
                f"{path}: column {name!r} of obs must hold numbers, got {values.dtype}"
            )
        table = replace(table, labels=values.to_numpy(np.float64), label_title=name)
    if options.name_column == _NAMES:
        table = replace(table, names=[str(name) for name in data.obs_names])
    elif options.name_column is not None:
        _, values = column("name_column", options.name_column)
        table = replace(table, names=_texts(values))

    def describe(row: int, column: int) -> str:
        return f"row {row} ({data.obs_names[row]}), column {column} of {rep}"

    return settle_missing(path, table, options.missing, describe)


def _X_of(path: Path, data: Any) -> Any:
    try:
        X = data.X
    except KeyError:  # the file has none
        X = None
    if X is None:
        reps = ", ".join(data.obsm) or "nothing"
        raise ValueError(f"{path}: has no X; use_rep must be one of {reps}")
    return X[:]


def _texts(values: Any) -> list[str]:
    known = values.notna().tolist()
    return [str(value) if is_known else "" for value, is_known in zip(values, known, strict=True)]


def _labels(values: Any) -> tuple[np.ndarray, Any]:
    """Return classes or values of a scale; a categorical column holds classes."""
    known = [v if is_known else None for v, is_known in zip(values, values.notna(), strict=True)]
    return encode_column(known, getattr(values.dtype, "kind", "O") in "iuf")
