"""Folders that TensorBoard's projector opens: data, maps, and what each row is.

``tensorboard --logdir FOLDER`` shows them under "Projector". A map of two or three columns is shown
as it is by the projection "PCA", which then only turns it. Data of fewer than three columns get
columns of zeros, as the projector draws three components, and no point that lacks one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._labels import as_labels, check_names, is_labelled, is_scale, names_by_label
from .._validation import as_matrix, untensored
from .files import replacing
from .formats import shortest_digits

_CONFIG = "projector_config.pbtxt"
_METADATA = "metadata.tsv"
_ROW = "row"
_LEAST_COLUMNS = 3
_NOT_IN_NAMES = "&#%+"
"""Signs that the projector does not escape where it asks its server for a tensor by name."""


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
        What to show, by name: for example ``{"t-SNE": Y, "data": X}``. TensorBoard shows the first
        100,000 rows.
    labels : array or sequence, shape (n,), optional
        Class of each row; negative, '', None or NaN for a row without one. Floats without
        ``label_names`` are numbers, of any sign, NaN where one is missing.
    label_names : mapping or sequence, optional
        Names of the classes, by their labels.
    names : sequence of str, length n, optional
        Names of the rows.
    details : mapping of str to sequence, length n, optional
        What else is known of each row. The column ``row`` has its number, from 0.

    Raises
    ------
    TypeError, ValueError
        If there is no tensor, they are no finite numbers, lengths differ, a tensor has a name that
        TensorBoard does not find (with &, #, % or +), or a detail is called as another column.
    OSError
        If the files cannot be written.
    """
    if not tensors:
        raise ValueError("tensors must hold one array or more, got none")
    arrays = {str(k): as_matrix(v, f"tensors[{k!r}]").cpu().numpy() for k, v in tensors.items()}
    if len(arrays) < len(tensors):
        raise ValueError(f"tensors must have different names, got {list(tensors)}")
    n = len(next(iter(arrays.values())))
    for name, array in arrays.items():
        if any(sign in name for sign in _NOT_IN_NAMES):
            raise ValueError(
                f"tensors must have names without {' '.join(_NOT_IN_NAMES)}, with which "
                f"TensorBoard does not find them; got {name!r}"
            )
        if len(array) != n:
            raise ValueError(f"tensors[{name!r}] must have {n} rows as the first, got {len(array)}")
    columns: dict[str, Sequence[Any]] = {}
    if names is not None:
        columns["name"] = check_names(names, n)
    if labels is not None:
        labels = as_labels(labels, n)
        are_numbers = is_scale(labels, label_names)
        known = np.isfinite(labels) if are_numbers else is_labelled(labels)
        missing = "" if are_numbers else "unlabelled"
        by_number = names_by_label(label_names)
        columns["label"] = [
            by_number.get(label, label) if is_known else missing
            for label, is_known in zip(labels.tolist(), known, strict=True)
        ]
    for name, values in (details or {}).items():
        if len(values) != n:
            raise ValueError(f"details[{name!r}] must have length {n}, got {len(values)}")
        if str(name) in (*columns, _ROW):
            raise ValueError(f"details must not be called as another column, got {name!r}")
        columns[str(name)] = untensored(values)
    if columns:
        # The projector skips blank lines, and takes one column for data without a header.
        columns[_ROW] = range(n)

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config = []
    for i, (name, array) in enumerate(arrays.items()):
        file = f"tensor_{i}.tsv"
        zeros = max(0, _LEAST_COLUMNS - array.shape[1])
        _write_rows(folder / file, shortest_digits(np.pad(array, ((0, 0), (0, zeros)))))
        parts = [f'  tensor_name: "{_quoted(name)}"', f'  tensor_path: "{file}"']
        if columns:
            parts.append(f'  metadata_path: "{_METADATA}"')
        config.append("embeddings {\n" + "\n".join(parts) + "\n}\n")
    if columns:
        _write_rows(folder / _METADATA, [list(columns), *zip(*columns.values(), strict=True)])
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
