"""Folders that TensorBoard's projector opens: data, maps, and what each row is.

``tensorboard --logdir FOLDER`` shows them under "Projector". A map of two or three columns is shown
as it is by the projection "PCA", which then only turns it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._labels import as_labels, check_names, is_labelled
from .._validation import as_matrix
from .files import replacing
from .formats import shortest_digits

_CONFIG = "projector_config.pbtxt"
_METADATA = "metadata.tsv"


def write_projector(
    folder: str | os.PathLike[str],
    tensors: Mapping[str, Any],
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    details: Mapping[str, Sequence[Any]] | None = None,
) -> None:
    """Write data and maps for TensorBoard's projector.

    Parameters
    ----------
    folder : str or path-like
        Folder to write to; it is made if it does not exist. Files of the same names are replaced.
    tensors : mapping of str to array or tensor, shape (n, columns)
        What to show, by name: for example ``{"t-SNE": Y, "data": X}``.
    labels : array or sequence, shape (n,), optional
        Class of each row; negative, '', None or NaN for a row without one.
    label_names : mapping or sequence, optional
        Names of the classes, by their labels.
    names : sequence of str, length n, optional
        Names of the rows.
    details : mapping of str to sequence, length n, optional
        What else is known of each row.

    Raises
    ------
    TypeError, ValueError
        If there is no tensor, they are no finite numbers, or lengths differ.
    OSError
        If the files cannot be written.
    """
    if not tensors:
        raise ValueError("tensors must hold one array or more, got none")
    arrays = {str(k): as_matrix(v, f"tensors[{k!r}]").cpu().numpy() for k, v in tensors.items()}
    n = len(next(iter(arrays.values())))
    for name, array in arrays.items():
        if len(array) != n:
            raise ValueError(f"tensors[{name!r}] must have {n} rows as the first, got {len(array)}")
    columns: dict[str, Sequence[Any]] = {}
    if names is not None:
        columns["name"] = check_names(names, n)
    if labels is not None:
        labels = as_labels(labels, n)
        known = is_labelled(labels)
        by_number: dict[Any, str] = dict(
            label_names if isinstance(label_names, Mapping) else enumerate(label_names or ())
        )
        columns["label"] = [
            by_number.get(label, label) if is_known else "unlabelled"
            for label, is_known in zip(labels.tolist(), known, strict=True)
        ]
    for name, values in (details or {}).items():
        if len(values) != n:
            raise ValueError(f"details[{name!r}] must have length {n}, got {len(values)}")
        columns[str(name)] = values

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config = []
    for i, (name, array) in enumerate(arrays.items()):
        file = f"tensor_{i}.tsv"
        _write_rows(folder / file, shortest_digits(array))
        parts = [f'  tensor_name: "{_quoted(name)}"', f'  tensor_path: "{file}"']
        if columns:
            parts.append(f'  metadata_path: "{_METADATA}"')
        config.append("embeddings {\n" + "\n".join(parts) + "\n}\n")
    if columns:
        rows = zip(*columns.values(), strict=True)
        # A single column has no header, as the projector would take it for a row.
        header = [list(columns)] if len(columns) > 1 else []
        _write_rows(folder / _METADATA, [*header, *rows])
    with replacing(folder / _CONFIG) as temporary:
        temporary.write_text("".join(config), encoding="utf-8")


def _write_rows(path: Path, rows: Sequence[Any]) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write("\t".join(_cell(value) for value in row) + "\n")


def _cell(value: Any) -> str:
    """Return a value without the signs that separate cells and rows."""
    text = "" if value is None else str(value)
    return re.sub(r"[\t\r\n]", " ", text).encode("utf-8", "replace").decode("utf-8")


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
