"""Tables in files: reading data, writing maps.

Everything is checked as it is read, so that a bad cell is reported with its file, line and column
and not as a NaN in the map; and a file is written under a temporary name and then renamed, so
that what stands under the final name is always complete.
"""

from __future__ import annotations

import csv
import json
import os
import secrets
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

LabelNames = Mapping[int, str]

INPUTS = (".npy", ".npz", ".csv", ".tsv", ".txt")
OUTPUTS = (".npy", ".npz", ".csv", ".json")

_KEYS = {"X", "y", "label_names"}
_DEFAULT_FEATURES = "procrustes"
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Table:
    """Rows to embed.

    Attributes
    ----------
    X : ndarray, shape (n, d), float32
        Finite values.
    labels : ndarray, shape (n,), int64, or None
        A class for each row, negative where it has none.
    label_names : mapping of int to str, or None
        Names of the classes.
    features : str or None
        Features that were computed, where landmarks were read.
    """

    X: np.ndarray
    labels: np.ndarray | None = None
    label_names: LabelNames | None = None
    features: str | None = None


# ---- Reading ----------------------------------------------------------------------------------


def read(
    path: str | os.PathLike[str],
    label_column: str | int | None = None,
    features: str | None = None,
) -> Table:
    """Read a table; the extension, and for a CSV its header, tells which kind.

    ============  ===============================================================================
    ``.npy``      an array (n, d)
    ``.npz``      arrays ``X`` (n, d), and ``y`` (n,) and ``label_names`` if there are any
    ``.csv``      numbers between commas; a first row that holds anything else is a header. A
                  first column without a name is the row index that pandas writes, and left out.
                  With the header of OpenFace: landmarks
    ``.tsv``      the same between tabs
    ``.txt``      a landmark list, see `fasttsne.landmarks.read_list`
    ============  ===============================================================================

    Parameters
    ----------
    path : str or path-like
        File.
    label_column : str or int, optional
        Column with the labels of a ``.csv`` or ``.tsv``: its name, or its index from 0. Whole
        numbers stay as they are, other texts are numbered in alphabetical order; an empty cell is
        a row without a label.
    features : str, optional
        Features of landmarks, one of `fasttsne.landmarks.FEATURES`. Default: 'procrustes'.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If the kind is unknown, an argument does not apply to it, or the content is malformed.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in INPUTS:
        raise ValueError(f"{path}: the input must end in one of {', '.join(INPUTS)}")
    if path.is_dir():
        raise ValueError(f"{path}: is a folder, not a file")
    is_text_table = kind in (".csv", ".tsv")
    is_openface = kind == ".csv" and _is_openface(path)
    if features is not None and not (is_openface or kind == ".txt"):
        raise ValueError(f"{path}: features apply to landmark lists and OpenFace tables only")
    if label_column is not None and (is_openface or not is_text_table):
        raise ValueError(f"{path}: label_column applies to .csv and .tsv tables of numbers only")
    if is_openface or kind == ".txt":
        return _read_landmarks(path, features or _DEFAULT_FEATURES, is_openface)
    if is_text_table:
        return _read_text(path, "," if kind == ".csv" else "\t", label_column)
    return _read_numpy(path)


def _read_landmarks(path: Path, features: str, is_openface: bool) -> Table:
    from . import landmarks

    if features not in landmarks.FEATURES:
        known = ", ".join(landmarks.FEATURES)
        raise ValueError(f"features must be one of {known}; got {features!r}")
    if is_openface:
        frames = landmarks.read_openface(path)
        return Table(landmarks.features(frames, features), features=features)
    frames = landmarks.read_list(path, drop_neutral=False)  # a point for every line
    return Table(
        landmarks.features(frames, features),
        frames.label.astype(np.int64),
        frames.label_names or None,
        features,
    )


def _read_numpy(path: Path) -> Table:
    loaded = _load(path, lambda: np.load(path, allow_pickle=False))
    if isinstance(loaded, np.ndarray):
        return Table(_checked_matrix(path, "the array", loaded))
    with loaded:
        if "X" not in loaded.files:
            found = ", ".join(loaded.files) or "nothing"
            raise ValueError(f"{path}: has no array X, but {found}")
        parts = {key: _load(path, partial(loaded.__getitem__, key)) for key in _KEYS & set(loaded)}
    X = _checked_matrix(path, "X", parts["X"])
    if "y" not in parts:
        return Table(X)
    labels, names = _checked_labels(path, parts["y"], len(X))
    if "label_names" in parts and names is None:
        names = dict(enumerate(map(str, parts["label_names"].ravel().tolist())))
        if labels.max() >= len(names):
            raise ValueError(f"{path}: y holds {labels.max()}, but label_names {len(names)} names")
    return Table(X, labels, names)


def _load(path: Path, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        # NumPy takes any file that it does not know for a pickle.
        reason = (
            "is no NumPy file, or holds pickled Python objects, which are not loaded because a "
            "pickle can run any program: save a numeric array instead"
            if "pickle" in str(error)
            else f"is damaged ({error})"
        )
        raise ValueError(f"{path}: {reason}") from None


def _checked_matrix(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{path}: {name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{path}: {name} must have shape (rows, columns), got {array.shape}")
    with np.errstate(over="ignore"):
        X = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(X).all():
        row, column = np.argwhere(~np.isfinite(X))[0]
        content = array[row, column]
        raise ValueError(
            f"{path}: {name} must be finite in float32, got {content} in row {row}, column {column}"
        )
    return X


def _checked_labels(path: Path, y: np.ndarray, n: int) -> tuple[np.ndarray, LabelNames | None]:
    if y.shape != (n,):
        raise ValueError(f"{path}: y must have shape ({n},) as X has {n} rows, got {y.shape}")
    if y.dtype.kind in "biu" or (y.dtype.kind == "f" and (y == np.round(y)).all()):
        return y.astype(np.int64), None
    if y.dtype.kind == "U":
        return _coded(y.tolist())
    raise ValueError(f"{path}: y must hold whole numbers or strings, got dtype {y.dtype}")


def _coded(texts: Sequence[str]) -> tuple[np.ndarray, LabelNames | None]:
    """Number the labels: by themselves if they are whole numbers, else in alphabetical order."""
    distinct = sorted(set(texts) - {""})
    try:
        code = {text: _whole(text) for text in distinct}
        names = None
    except ValueError:
        code = {text: i for i, text in enumerate(distinct)}
        names = dict(enumerate(distinct))
    code[""] = -1
    return np.array([code[text] for text in texts], np.int64), names


def _whole(text: str) -> int:
    value = float(text)
    if not value.is_integer():
        raise ValueError(text)
    return int(value)


# ---- Text tables ------------------------------------------------------------------------------


def _rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and stripped cells of the rows that are not empty."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for row in reader:
                if row:
                    yield reader.line_num, [cell.strip() for cell in row]
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{path}, after line {reader.line_num}: not text ({error})") from None


def _is_openface(path: Path) -> bool:
    _, header = next(_rows(path, ","), (0, []))
    return {f"{axis}_{i}" for axis in "xy" for i in range(68)} <= set(header)


def _read_text(path: Path, delimiter: str, label_column: str | int | None) -> Table:
    first_line, first = next(_rows(path, delimiter), (0, []))
    if not first:
        raise ValueError(f"{path}: is empty")
    has_header, label_at = _header(path, first, label_column)
    left_out = {label_at} if label_at is not None else set()
    if has_header and first[0] == "":
        left_out.add(0)
    columns = [i for i in range(len(first)) if i not in left_out]
    if not columns:
        raise ValueError(f"{path}: has no column of numbers")

    texts: list[str] = []

    def take_label(text: str) -> float:
        texts.append(text.strip())
        return 0.0

    converters: dict[int | str, Callable[[str], Any]] = {i: lambda text: 0.0 for i in left_out}
    if label_at is not None:
        converters[label_at] = take_label
    # NumPy's parser is fast, but its messages name neither the line nor the column: where it
    # fails, the rows are read again to find the cell.
    complain = partial(_complain, path, delimiter, first, columns, has_header)
    try:
        with path.open(encoding="utf-8-sig") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no rows, overflow: found below
            values = np.loadtxt(
                file,
                dtype=np.float32,
                comments=None,
                delimiter=delimiter,
                converters=converters,
                skiprows=first_line if has_header else 0,
                ndmin=2,
                encoding="utf-8",
                quotechar='"',
            )
    except ValueError as error:
        complain(str(error))
    if values.shape[1] != len(first) or not np.isfinite(values).all():
        complain("has no rows")
    labels, names = _coded(texts) if label_at is not None else (None, None)
    return Table(np.ascontiguousarray(values[:, columns]), labels, names)


def _header(
    path: Path, first: list[str], label_column: str | int | None
) -> tuple[bool, int | None]:
    """Whether the first row is a header, and where the labels are."""
    if label_column in first and not _is_number(str(label_column)):
        return True, first.index(str(label_column))
    at = None
    if label_column is not None:
        at = int(label_column) if str(label_column).isdecimal() else -1
        if not 0 <= at < len(first):
            raise ValueError(
                f"{path}: label_column must be one of the columns {', '.join(first[:20])} or an "
                f"index from 0 to {len(first) - 1}; got {label_column!r}"
            )
    return not all(_is_number(cell) for i, cell in enumerate(first) if i != at), at


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _complain(
    path: Path,
    delimiter: str,
    first: list[str],
    columns: list[int],
    has_header: bool,
    otherwise: str,
) -> NoReturn:
    """Name the first bad cell."""
    rows = _rows(path, delimiter)
    if has_header:
        next(rows)
    for line, row in rows:
        if len(row) != len(first):
            raise ValueError(f"{path}, line {line}: has {len(row)} columns, not {len(first)}")
        for i in columns:
            if not (_is_number(row[i]) and abs(float(row[i])) <= _LARGEST):
                column = f"{i} ({first[i]})" if has_header else str(i)
                raise ValueError(
                    f"{path}, line {line}, column {column}: {row[i]!r} is not a finite number; "
                    "if the column holds labels, name it as the label column"
                )
    raise ValueError(f"{path}: {otherwise}")


# ---- Writing ----------------------------------------------------------------------------------


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


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise OSError if no file can be written under this name; leave nothing behind."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path}: is a folder, not a file")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {target.parent}")
    probe = _temporary(target)
    try:
        probe.touch(exist_ok=False)
    except OSError as error:
        raise type(error)(f"{path}: cannot be written ({error.strerror})") from None
    probe.unlink()


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name to write to, which then becomes ``path``.

    If anything is raised within, Ctrl-C included, the temporary file is removed and ``path``
    stays as it was.

    Parameters
    ----------
    path : str or path-like
        Final name. A symbolic link is followed.

    Yields
    ------
    Path
        Temporary name in the same folder, with the same extension.
    """
    target = Path(os.path.realpath(path))
    temporary = _temporary(target)
    try:
        yield temporary
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.stem[:100]}.{secrets.token_hex(4)}{target.suffix}")


def write(
    path: str | os.PathLike[str],
    Y: np.ndarray,
    labels: np.ndarray | None = None,
    parameters: Mapping[str, Any] | None = None,
    kl: float | None = None,
    label_names: LabelNames | Sequence[str] | None = None,
) -> None:
    """Write a map; the extension tells how. A file of that name is replaced by a complete one.

    =========  ==================================================================================
    ``.npy``   ``Y``
    ``.npz``   ``Y``, ``kl``, ``parameters`` (JSON text), ``labels``, ``label_names``
    ``.csv``   columns ``y0``, ``y1`` and so on, and ``label``: the name where there is one
    ``.json``  ``parameters``, ``kl`` and ``points``: each ``point`` with its ``label``
    =========  ==================================================================================

    Parameters
    ----------
    path : str or path-like
        File.
    Y : ndarray, shape (n, m)
        Map.
    labels : ndarray, shape (n,), int, optional
        Class of each row, negative where it has none.
    parameters : mapping, optional
        How the map was made: anything that JSON can hold.
    kl : float, optional
        KL divergence in nats.
    label_names : mapping or sequence, optional
        Names of the classes.

    Raises
    ------
    ValueError
        If the extension is none of `OUTPUTS`.
    OSError
        If the file cannot be written.
    """
    kind = Path(path).suffix.lower()
    if kind not in OUTPUTS:
        raise ValueError(f"{path}: the output must end in one of {', '.join(OUTPUTS)}")
    names = dict(label_names if isinstance(label_names, Mapping) else enumerate(label_names or ()))
    with replacing(path) as temporary:
        if kind == ".npy":
            with temporary.open("wb") as file:
                np.save(file, Y)
        elif kind == ".npz":
            _write_npz(temporary, Y, labels, parameters, kl, names)
        elif kind == ".csv":
            _write_csv(temporary, Y, labels, names)
        else:
            _write_json(temporary, Y, labels, parameters, kl, names)


def _write_npz(path: Path, Y: Any, labels: Any, parameters: Any, kl: Any, names: Any) -> None:
    parts: dict[str, Any] = {"Y": Y, "parameters": json.dumps(dict(parameters or {}))}
    if kl is not None:
        parts["kl"] = kl
    if labels is not None:
        parts["labels"] = labels
        if names:
            parts["label_names"] = [names.get(code, str(code)) for code in range(max(names) + 1)]
    with path.open("wb") as file:
        np.savez(file, **parts)


def _write_csv(path: Path, Y: Any, labels: Any, names: Any) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        header = [f"y{i}" for i in range(Y.shape[1])]
        points = _shortest(Y)
        if labels is None:
            writer.writerow(header)
            writer.writerows(points)
        else:
            writer.writerow([*header, "label"])
            for point, label in zip(points, labels.tolist(), strict=True):
                writer.writerow([*point, "" if label < 0 else names.get(label, label)])


def _write_json(path: Path, Y: Any, labels: Any, parameters: Any, kl: Any, names: Any) -> None:
    points: list[dict[str, Any]] = [
        {"point": [float(text) for text in point]} for point in _shortest(Y)
    ]
    if labels is not None:
        for entry, label in zip(points, labels.tolist(), strict=True):
            entry["label"] = None if label < 0 else names.get(label, label)
    content = {
        "parameters": dict(parameters or {}),
        "kl": kl if kl is not None and isfinite(kl) else None,
        "points": points,
    }
    path.write_text(json.dumps(content) + "\n", encoding="utf-8")


def _shortest(Y: np.ndarray) -> list[list[str]]:
    """Fewest digits that give the same value again in the type of ``Y``."""
    return np.asarray(Y).astype(str).tolist()
