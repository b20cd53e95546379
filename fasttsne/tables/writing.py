"""Maps into files, each written whole or not at all."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from .._labels import as_labels, as_texts
from .files import check_writable, replacing
from .table import LabelNames

OUTPUTS = (".npy", ".npz", ".csv", ".json")


def check_output(path: str | os.PathLike[str]) -> None:
    """Raise what `write` would raise for a name, before there is anything to write.

    Parameters
    ----------
    path : str or path-like
        File that will be written.

    Raises
    ------
    ValueError
        If the extension is none of `OUTPUTS`.
    OSError
        If there is no such folder or it cannot be written to.
    """
    if Path(path).suffix.lower() not in OUTPUTS:
        raise ValueError(f"{path}: the output must end in one of {', '.join(OUTPUTS)}")
    check_writable(path)


def write(
    path: str | os.PathLike[str],
    Y: np.ndarray,
    labels: Any = None,
    parameters: Mapping[str, Any] | None = None,
    kl: float | None = None,
    label_names: LabelNames | Sequence[str] | None = None,
    names: Sequence[str] | None = None,
) -> None:
    """Write a map; the extension tells how. A file of that name is replaced by a complete one.

    =========  ==================================================================================
    ``.npy``   ``Y``
    ``.npz``   ``Y``, ``kl``, ``parameters`` (JSON text), ``labels``, ``label_names``, ``names``
    ``.csv``   columns ``y0``, ``y1`` and so on, ``label``: the class's name where there is one,
               and ``name``: the row's
    ``.json``  ``parameters``, ``kl`` and ``points``: each ``point`` with its ``label`` and ``name``
    =========  ==================================================================================

    Parameters
    ----------
    path : str or path-like
        File.
    Y : ndarray, shape (n, m)
        Map.
    labels : array or sequence, shape (n,), optional
        Class of each row; negative, '', None or NaN where it has none.
    parameters : mapping, optional
        How the map was made: anything that JSON can hold.
    kl : float, optional
        KL divergence in nats.
    label_names : mapping or sequence, optional
        Names of the classes.
    names : sequence of str, length n, optional
        Names of the rows.

    Raises
    ------
    ValueError
        If the extension is none of `OUTPUTS`, or there is not a name for each row.
    OSError
        If the file cannot be written.
    """
    kind = Path(path).suffix.lower()
    if kind not in OUTPUTS:
        raise ValueError(f"{path}: the output must end in one of {', '.join(OUTPUTS)}")
    if names is not None and len(names) != len(Y):
        raise ValueError(f"names must hold {len(Y)} names, one for each row; got {len(names)}")
    classes = dict(
        label_names if isinstance(label_names, Mapping) else enumerate(label_names or ())
    )
    columns: dict[str, Sequence[Any]] = {}
    if labels is not None:
        labels = as_labels(labels, len(Y))
        is_labelled = labels != "" if labels.dtype.kind == "U" else labels >= 0
        columns["label"] = [
            classes.get(label, label) if known else None
            for label, known in zip(labels.tolist(), is_labelled, strict=True)
        ]
    if names is not None:
        names = columns["name"] = as_texts(names)
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
            parts["label_names"] = [classes.get(i, str(i)) for i in range(max(classes) + 1)]
    if names is not None:
        parts["names"] = np.array(names, str)
    with path.open("wb") as file:
        np.savez(file, **parts)


def _write_csv(path: Path, Y: Any, columns: Mapping[str, Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*(f"y{i}" for i in range(Y.shape[1])), *columns])
        for point, *texts in zip(_shortest(Y), *columns.values(), strict=True):
            writer.writerow([*point, *texts])  # None is an empty cell


def _write_json(
    path: Path, Y: Any, columns: Mapping[str, Sequence[Any]], parameters: Any, kl: Any
) -> None:
    points = [
        {"point": [float(text) for text in point], **dict(zip(columns, texts, strict=True))}
        for point, *texts in zip(_shortest(Y), *columns.values(), strict=True)
    ]
    content = {"parameters": dict(parameters or {}), "kl": kl, "points": points}
    path.write_text(as_json(content) + "\n", encoding="utf-8")


def as_json(content: Any) -> str:
    """Return content as JSON text, which knows neither NaN nor infinity: they become null."""
    return json.dumps(_finite(content), allow_nan=False)


def _finite(content: Any) -> Any:
    if isinstance(content, float):
        return content if isfinite(content) else None
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    return content


def _shortest(Y: np.ndarray) -> list[list[str]]:
    """Fewest digits that give the same value again in the type of ``Y``."""
    return np.asarray(Y).astype(str).tolist()
