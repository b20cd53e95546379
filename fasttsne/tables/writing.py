"""Maps in files: ``.npy``, ``.npz``, ``.csv`` and ``.json``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._labels import as_labels, check_names, is_labelled
from . import files
from .files import check_extension, replacing
from .formats import as_json, shortest_digits, write_csv
from .labels import list_names
from .table import LabelNames

OUTPUTS = (".npy", ".npz", ".csv", ".json")
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
) -> None:
    """Write a map in the format of the extension.

    An existing file is replaced once the new one is complete.

    =========  ==================================================================================
    ``.npy``   ``Y``
    ``.npz``   ``Y``, ``kl``, ``parameters`` (JSON text), ``labels``, ``label_names``, ``names``
    ``.csv``   columns ``y0``, ``y1`` and so on; ``label``, the name of the class or, if it has
               none, its label; and ``name``, the name of the row
    ``.json``  ``parameters``, ``kl`` and ``points``: each ``point`` with its ``label`` and ``name``
    =========  ==================================================================================

    Parameters
    ----------
    path : str or path-like
        File to write.
    Y : ndarray, shape (n, m)
        Map.
    labels : array or sequence, shape (n,), optional
        Class of each row; negative, '', None or NaN for a row without one.
    parameters : mapping, optional
        How the map was made: anything that JSON can represent.
    kl : float, optional
        KL divergence in nats.
    label_names : mapping or sequence, optional
        Names of the classes, by their labels.
    names : sequence of str, length n, optional
        Names of the rows.

    Raises
    ------
    ValueError
        If the extension is none of `OUTPUTS`, or ``labels`` or ``names`` does not have length n.
    TypeError
        If the labels are neither numbers nor strings.
    OSError
        If the file cannot be written.
    """
    kind = check_extension(path, OUTPUTS, "the output")
    if names is not None:
        names = check_names(names, len(Y))
    classes = dict(
        label_names if isinstance(label_names, Mapping) else enumerate(label_names or ())
    )
    columns: dict[str, Sequence[Any]] = {}
    if labels is not None:
        labels = as_labels(labels, len(Y))
        columns["label"] = [
            classes.get(label, label) if known else None
            for label, known in zip(labels.tolist(), is_labelled(labels), strict=True)
        ]
    if names is not None:
        columns["name"] = names
    with replacing(path) as temporary:
        if kind == ".npy":
            with temporary.open("wb") as file:
                np.save(file, Y)
        elif kind == ".npz":
            _write_npz(temporary, Y, labels, parameters, kl, classes, names)
        elif kind == ".csv":
            _write_csv(temporary, Y, columns)
        else:
            _write_json(temporary, Y, columns, parameters, kl)


def _write_npz(
    path: Path, Y: Any, labels: Any, parameters: Any, kl: Any, classes: Any, names: Any
) -> None:
    parts: dict[str, Any] = {"Y": Y, "parameters": as_json(dict(parameters or {}))}
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


def _write_json(
    path: Path, Y: Any, columns: Mapping[str, Sequence[Any]], parameters: Any, kl: Any
) -> None:
    points = [
        {"point": [float(text) for text in point], **dict(zip(columns, texts, strict=True))}
        for point, *texts in zip(shortest_digits(Y), *columns.values(), strict=True)
    ]
    content = {"parameters": dict(parameters or {}), "kl": kl, "points": points}
    path.write_text(as_json(content) + "\n", encoding="utf-8")
