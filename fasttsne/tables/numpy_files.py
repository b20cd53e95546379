"""Tables in files of NumPy and SciPy: ``.npy``, ``.npz`` and ``.mat``."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .arrays import check_shape, table_of_arrays, table_of_matrix
from .options import Options
from .table import Table

_MAPPED_FROM = 1 << 28
"""Bytes from which a ``.npy`` file is mapped into memory, of which only the parts in use are then
read and kept. If another program shortens a mapped file, the system ends the process, so that
smaller ones are read."""


def read_npy(path: Path, options: Options, rows: Callable[[int], slice] | None) -> Table:
    """Read an array, or some of its rows; see `fasttsne.tables.read`."""
    array = load_npy(path)
    if not isinstance(array, np.ndarray):
        return read_npz(path, options)
    if rows is None or array.ndim != 2 or not array.size:
        return table_of_matrix(path, array, options)
    if options.missing or options.transpose:  # which all rows decide
        table = table_of_matrix(path, array, options)
        return replace(table, X=table.X[rows(len(table.X))])
    some = rows(len(array))
    if some.start == some.stop:  # more processes than rows
        return Table(np.empty((0, array.shape[1]), np.float32))
    return table_of_matrix(path, array[some], options, some.start)


def read_npz(path: Path, options: Options) -> Table:
    """Read a file of arrays, or a sparse matrix of SciPy; see `fasttsne.tables.read`."""
    loaded = load_npy(path)
    if isinstance(loaded, np.ndarray):
        return table_of_matrix(path, loaded, options)
    with loaded:
        if "format" in loaded.files and "shape" in loaded.files:
            from scipy import sparse

            matrix = _load(path, lambda: sparse.load_npz(path))
            options.check(path, "a sparse array")
            return table_of_matrix(path, matrix, options)
        return table_of_arrays(path, _Lazy(loaded.files, partial(_member, path, loaded)), options)


def _member(path: Path, loaded: Any, key: str) -> np.ndarray:
    return _load(path, lambda: loaded[key])


class _Lazy(Mapping[str, Any]):
    """Arrays that are read once, when they are asked for."""

    def __init__(self, keys: list[str], load: Callable[[str], Any]) -> None:
        self._keys, self._load = keys, load
        self._read: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        if key not in self._read:
            self._read[key] = self._load(key)
        return self._read[key]

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def load_npy(path: Path) -> Any:
    """Return what a NumPy file holds, a large array as a file that is mapped into memory."""
    mode: Literal["r"] | None
    mode = "r" if path.stat().st_size >= _MAPPED_FROM else None  # an archive is never mapped
    return _load(path, lambda: np.load(path, mmap_mode=mode, allow_pickle=False))


def _load(path: Path, load: Callable[[], Any]) -> Any:
    """Call ``load``, and name the file and the reason if it fails."""
    try:
        return load()
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        # np.load takes any file of an unknown format for a pickle.
        reason = (
            "is no NumPy file, or holds pickled Python objects, which are not loaded because a "
            "pickle can run any program: save a numeric array instead"
            if "pickle" in str(error) or "Python objects" in str(error)
            else f"is damaged ({error})"
        )
        raise ValueError(f"{path}: {reason}") from None


def read_mat(path: Path, options: Options) -> Table:
    """Read a file of MATLAB up to version 7; see `fasttsne.tables.read`."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    path.stat()  # raises FileNotFoundError with the name of the file
    try:
        loaded = loadmat(path, squeeze_me=False)
    except NotImplementedError:
        raise ValueError(
            f"{path}: is a file of MATLAB 7.3, which is not read; save it with the option '-v7'"
        ) from None
    except (
        *(MatReadError, ValueError, TypeError, OverflowError, IndexError, KeyError),
        *(zlib.error, EOFError, OSError),
    ) as error:
        raise ValueError(f"{path}: is no file of MATLAB, or is damaged ({error})") from None
    arrays = {
        name: array
        for name, array in loaded.items()
        if not name.startswith("__") and getattr(array, "dtype", np.dtype("O")).kind in "biufU"
    }
    if not arrays:
        raise ValueError(f"{path}: holds no array of numbers")
    return table_of_arrays(path, arrays, options)


def shape_of_npy(path: Path) -> tuple[int, int]:
    """Return the shape of a matrix in a ``.npy`` file."""
    array = load_npy(path)
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{path}: is an archive of arrays, not one array")
    return check_shape(path, "the array", array).shape
