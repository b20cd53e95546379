"""Sparse matrices in the format of Matrix Market, with the names that 10x Genomics adds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from .._memory import free_memory
from .._text import encoding_of
from .arrays import as_float32
from .columns import index_of
from .dialects import Dialect
from .labels import encode_labels
from .missing import settle_missing
from .options import Options
from .table import Table


def matrix_in(folder: Path) -> Path | None:
    """Return the matrix in a folder of 10x Genomics, or None if there is none."""
    return _first_of(folder, "matrix.mtx")


def read_mtx(path: Path, options: Options) -> Table:
    """Read a sparse matrix.

    Of ``matrix.mtx``, also with a prefix, the file ``barcodes.tsv`` beside it names the cells,
    which 10x Genomics writes as columns; they become the rows, and ``label_column`` and
    ``name_column`` are columns of that file. See `fasttsne.tables.read`.
    """
    from scipy.io import mminfo, mmread

    path.stat()  # raises FileNotFoundError with the name of the file
    try:
        rows, columns, _, form, *_ = mminfo(str(path))
        _check_memory(path, rows, columns, form)
        matrix = mmread(str(path))
    except (ValueError, TypeError, OverflowError, StopIteration, IndexError) as error:
        raise ValueError(f"{path}: is no file of Matrix Market, or is damaged ({error})") from None
    table = Table(as_float32(path, "the matrix", matrix))
    barcodes, genes = _beside(path, "barcodes"), _beside(path, "features") or _beside(path, "genes")
    is_turned = options.transpose
    if barcodes is not None:
        cells = _rows(barcodes, rows, columns)
        is_turned = (len(cells) == columns) != options.transpose
        table = _with_texts(barcodes, table, cells, options)
    elif options.label_column is not None or options.name_column is not None:
        raise ValueError(f"{path}: has no barcodes.tsv beside it, in which to find labels or names")
    elif genes is not None:
        is_turned = (len(_rows(genes, rows, columns)) == rows) != options.transpose
    X = table.X.T if is_turned else table.X
    X = X.tocsr() if sparse.issparse(X) else np.ascontiguousarray(X)
    axis = "columns" if is_turned else "rows"
    table = replace(table, X=X).noting(f"its {axis} are the points (--transpose: the other axis)")
    return settle_missing(path, table, options.missing, lambda row, j: f"row {row}, column {j}")


def _check_memory(path: Path, rows: int, columns: int, form: str) -> None:
    needed, free = 8 * rows * columns, free_memory()
    if form == "array" and free is not None and needed > free:
        raise ValueError(
            f"a matrix of {rows} x {columns} numbers needs {needed / 1e9:.1f} GB of memory, and "
            f"{free / 1e9:.1f} GB are free"
        )


def _rows(path: Path, rows: int, columns: int) -> list[list[str]]:
    """Return the rows of a file that names one of the axes of the matrix."""
    cells = [row for _, row in Dialect(encoding_of(path), "\t").rows(path)]
    if len(cells) not in (rows, columns):
        raise ValueError(
            f"{path}: has {len(cells)} rows, and the matrix beside it has shape ({rows}, {columns})"
        )
    return cells


def _with_texts(path: Path, table: Table, cells: list[list[str]], options: Options) -> Table:
    def column(argument: str, which: Any) -> list[str]:
        at = index_of(path, argument, which, [str(i) for i in range(len(cells[0]))])
        if any(len(row) <= at for row in cells):
            raise ValueError(f"{path}: not all rows have a column {at}")
        return [row[at] for row in cells]

    if options.label_column is not None:
        labels, names = encode_labels(column("label_column", options.label_column))
        table = replace(table, labels=labels, label_names=names)
    if options.name_column is not None:
        table = replace(table, names=column("name_column", options.name_column))
    return table


def _beside(path: Path, what: str) -> Path | None:
    """Return the file that names an axis: ``x_barcodes.tsv`` beside ``x_matrix.mtx``."""
    name = path.name.removesuffix(".gz")
    prefix = name.removesuffix("matrix.mtx")
    return None if prefix == name else _first_of(path.parent, f"{prefix}{what}.tsv")


def _first_of(folder: Path, name: str) -> Path | None:
    return next((p for p in (folder / name, folder / f"{name}.gz") if p.exists()), None)
