"""Maps in files: ``.npy``, ``.npz``, ``.csv``, ``.json`` and ``.parquet``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._labels import as_labels, check_names, is_labelled, is_scale, names_by_label, printable
from .._validation import as_array, untensored
from . import files
from .data_frames import require_pyarrow
from .files import check_extension, replacing
from .formats import as_json, shortest_digits, write_csv, write_npy
from .labels import list_names
from .table import LabelNames

OUTPUTS = (".npy", ".npz", ".csv", ".json", ".parquet")
"""Extensions that `write` writes."""


def check_output(path: str | os.PathLike[str]) -> None:
    """Check that `write` can write a file before there is anything to write.

    Parameters
    ----------
    path : str or path-like
        File that will be written.

    Raises
    ------
    ValueError
        If the extension is none of `OUTPUTS`.
    OSError
        If the folder does not exist or the file cannot be written.
    """
    files.check_output(path, OUTPUTS, "the output")


def write(
    path: str | os.PathLike[str],
    Y: np.ndarray,
    labels: Any = None,
    parameters: Mapping[str, Any] | None = None,
    kl: float | None = None,
    label_names: LabelNames | Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    details: Mapping[str, Sequence[Any]] | None = None,
    neighbors: tuple[np.ndarray, np.ndarray] | None = None,
) -> None:
    """Write a map in the format of the extension.

    An existing file is replaced once the new one is complete.

    ============  ===============================================================================
    ``.npy``      ``Y``
    ``.npz``      ``Y``, ``kl``, ``parameters`` (JSON text), ``labels``, ``label_names``, ``names``,
                  and an array for each of the details
    ``.csv``      columns ``y0``, ``y1`` and so on; ``label``, the name of the class or, if it has
                  none, its label; ``name``, the name of the row; and the details
    ``.json``     ``parameters``, ``kl`` and ``points``: each ``point`` with ``label``, ``name`` and
                  details
    ``.parquet``  columns ``x``, ``y`` and ``z``, else as ``.csv``; and ``neighbors``, each with
                  ``ids`` and ``distances``: the form of Embedding Atlas
    ============  ===============================================================================

    Parameters
    ----------
    path : str or path-like
        File to write.
    Y : array or tensor, shape (n, m)
        Map.
    labels : array or sequence, shape (n,), optional
        Class of each row; negative, '', None or NaN for a row without one. Floats without
        ``label_names`` are values, of which negative ones are known.
    parameters : mapping, optional
        How the map was made: anything that JSON can represent.
    kl : float, optional
        KL divergence in nats.
    label_names : mapping or sequence, optional
        Names of the classes, by their labels.
    names : sequence of str, length n, optional
        Names of the rows.
    details : mapping of str to sequence, length n, optional
        What else is known of each row, such as its clip and frame.
    neighbors : pair of arrays, shape (n, k), optional
        Numbers and distances of the neighbours of each row in the data, for a ``.parquet``.

    Raises
    ------
    ImportError
        If pyarrow is not installed, for a ``.parquet``.
    ValueError
        If the extension is none of `OUTPUTS`, or ``labels`` or ``names`` does not have length n.
    TypeError
        If the labels are neither numbers nor strings.
    OSError
        If the file cannot be written.
    """
    kind = check_extension(path, OUTPUTS, "the output")
    Y = as_array(Y)
    if details is not None:
        details = {name: untensored(values) for name, values in details.items()}
    if names is not None:
        names = check_names(names, len(Y))
    classes = names_by_label(label_names)
    columns: dict[str, Sequence[Any]] = {}
    if labels is not None:
        labels = as_labels(labels, len(Y))
        is_known = np.isfinite(labels) if is_scale(labels, label_names) else is_labelled(labels)
        columns["label"] = [
            classes.get(label, label) if known else None
            for label, known in zip(labels.tolist(), is_known, strict=True)
        ]
    if names is not None:
        columns["name"] = names
    for name, values in (details or {}).items():
        if len(values) != len(Y):
            raise ValueError(f"details[{name!r}] must have length {len(Y)}, got {len(values)}")
        columns[name] = values
    with replacing(path) as temporary:
        if kind == ".npy":
            write_npy(temporary, Y)
        elif kind == ".npz":
            _write_npz(temporary, Y, labels, parameters, kl, classes, names, details)
        elif kind == ".csv":
            _write_csv(temporary, Y, columns)
        elif kind == ".parquet":
            _write_parquet(temporary, Y, columns, neighbors)
        else:
            _write_json(temporary, Y, columns, parameters, kl)


def _write_npz(
    path: Path,
    Y: Any,
    labels: Any,
    parameters: Any,
    kl: Any,
    classes: Any,
    names: Any,
    details: Any,
) -> None:
    parts: dict[str, Any] = {name: np.asarray(values) for name, values in (details or {}).items()}
    parts |= {"Y": Y, "parameters": as_json(dict(parameters or {}))}
    if kl is not None:
        parts["kl"] = kl
    if labels is not None:
        parts["labels"] = labels
        if classes:
            parts["label_names"] = list_names(classes)
    if names is not None:
        parts["names"] = np.array(names, str)
    with path.open("wb") as file:
        np.savez(file, **parts)


def _write_csv(path: Path, Y: Any, columns: Mapping[str, Sequence[Any]]) -> None:
    header = [*(f"y{i}" for i in range(Y.shape[1])), *columns]
    rows = zip(shortest_digits(Y), *columns.values(), strict=True)
    write_csv(path, header, ([*point, *texts] for point, *texts in rows))


def _write_parquet(
    path: Path,
    Y: Any,
    columns: Mapping[str, Sequence[Any]],
    neighbors: tuple[np.ndarray, np.ndarray] | None,
) -> None:
    pyarrow = require_pyarrow(path)
    from pyarrow import parquet

    axes = "xyz" if Y.shape[1] <= 3 else [f"y{i}" for i in range(Y.shape[1])]
    table = {name: pyarrow.array(Y[:, i]) for i, name in enumerate(axes[: Y.shape[1]])}
    for name, values in columns.items():
        cells = values.tolist() if isinstance(values, np.ndarray) else values
        cells = [printable(cell) if isinstance(cell, str) else cell for cell in cells]
        table[name] = pyarrow.array(cells)
    if neighbors is not None:
        parts = [pyarrow.array(part.tolist()) for part in neighbors]
        table["neighbors"] = pyarrow.StructArray.from_arrays(parts, ["ids", "distances"])
    with path.open("wb") as file:  # pyarrow takes no names that are not UTF-8
        parquet.write_table(pyarrow.table(table), file)


def _write_json(
    path: Path, Y: Any, columns: Mapping[str, Sequence[Any]], parameters: Any, kl: Any
) -> None:
    points = [
        {"point": [float(text) for text in point], **dict(zip(columns, texts, strict=True))}
        for point, *texts in zip(shortest_digits(Y), *columns.values(), strict=True)
    ]
    content = {"parameters": dict(parameters or {}), "kl": kl, "points": points}
    path.write_text(as_json(content) + "\n", encoding="utf-8")
