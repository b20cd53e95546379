"""The file of a fit: written every few iterations, and enough to finish the fit to the same bits.

It is an archive of ``torch.save``, followed by one line of text with a checksum of all bytes before
it. The checksums of the archive itself do not cover its directory, and ``torch.load`` does not
compare them.

A file may come from anyone. It is therefore unpickled with ``weights_only=True``, which makes
nothing but numbers, strings, tensors, lists and dicts, and :mod:`.checkpoint_content` checks all of
them, as the kernels would read or write out of bounds for wrong ones.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import warnings
import zlib
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from ..affinities import JointP, is_matrix
from ..schedule import Phase
from ..shards import ALONE, Part, Shards
from ..tables import replacing
from .checkpoint_content import AFFINITY_CLASSES, check_content, sizes_of_ranks

_FORMAT = 5
_LAST_LINE = b"\nfasttsne checkpoint, crc32 %08x of %016x bytes\n"
_LENGTH = len(_LAST_LINE % (0, 0))
_BYTES_AT_ONCE = 1 << 20


class Checkpoint:
    """Writes the file of one fit.

    It exists to hold what does not change during the descent, so that each :meth:`save` takes the
    state of the descent alone.

    Parameters
    ----------
    path : str or path-like
    P : JointP
    phases : list of Phase
    facts : dict
        All else that is needed to finish the fit, with an entry ``'parameters'``. It may hold
        numbers, strings, tensors, and lists and dicts of them.
    part : Part, optional
        The rows of this rank, if there are several ranks. Each then writes its rows of P once, to a
        file beside the other (:func:`file_of_rank`), and rank 0 all else.
    saved : dict, optional
        What a file that is gone on from says of the ranks that wrote it. If they had the same rows,
        their files of P stay.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        P: JointP,
        phases: list[Phase],
        facts: dict[str, Any],
        part: Part | None = None,
        saved: dict[str, Any] | None = None,
    ) -> None:
        self.path = Path(path)
        self._part = part
        self._P: list[Tensor] | None = [array.cpu() for array in P]
        self._constant = {
            "format": _FORMAT,
            "P": self._P,
            "phases": [asdict(phase) for phase in phases],
            "ranks": None,
            **facts,
        }
        if part is not None:
            name = str(part.shards.objects(secrets.token_hex(4))[0])
            if saved is not None and saved["sizes"] == part.sizes:
                name, self._P = saved["name"], None
            self._constant |= {"P": None, "ranks": {"name": name, "sizes": part.sizes}}

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file as a whole; if it cannot be written, warn and keep the old one."""
        if self._part is not None:
            if self._P is not None:
                name = self._constant["ranks"]["name"]
                file = file_of_rank(self.path, name, self._part.shards.rank)
                is_written = _write(file, {"name": name, "P": self._P})
                if self._part.shards.any(not is_written):
                    return
                self._P = None
            if self._part.shards.rank > 0:
                return
        if _write(self.path, {**self._constant, "state": state}):
            ranks = self._constant["ranks"]
            _remove_other_files(self.path, ranks and ranks["name"])


def file_of_rank(path: Path, name: str, rank: int) -> Path:
    """Return the file that holds the rows of P that a rank has; each fit has a name."""
    return path.with_name(f"{path.name}.{name}.P{rank}")


def _remove_other_files(path: Path, name: str | None) -> None:
    """Remove files of ranks that belong to what ``path`` held before it was replaced."""
    pattern = re.compile(re.escape(path.name) + r"\.([0-9a-f]{8})\.P\d+")
    for file in path.parent.iterdir():
        found = pattern.fullmatch(file.name)
        if found and found[1] != name:
            with suppress(OSError):
                file.unlink()


def _write(path: Path, content: dict[str, Any]) -> bool:
    """Replace a file as a whole; if it cannot be written, warn and return False."""
    try:
        with replacing(path) as temporary:
            torch.save(content, temporary)
            seal(temporary)
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError if the disk is full
        warnings.warn(f"checkpoint {path} was not written: {error}", stacklevel=3)
        return False
    return True


def storable_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of an estimator that a file can hold, and leave out the others.

    It can hold numbers, strings, lists and dicts of them, and the classes of
    :mod:`fasttsne.affinities`, which become dicts.
    """
    stored = {}
    for name, value in parameters.items():
        if is_matrix(value) and name == "affinities":
            value = None  # the file has P itself
        if type(value) in AFFINITY_CLASSES.values():
            value = {"kind": type(value).__name__, **asdict(value)}
        try:
            stored[name] = _storable(value)
        except TypeError:
            continue
    return stored


def _storable(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _storable(item) for name, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a file cannot hold {type(value).__name__}")


def fingerprint(data: Any) -> str:
    """Return a hash of a Tensor or CSR matrix, by which the same data are recognised.

    Rows in another order have another hash.
    """
    if isinstance(data, Tensor):
        parts = [data.numpy(force=True)]
    else:
        parts = [data.data, data.indices, data.indptr]
    checksum = hashlib.blake2b(digest_size=16)
    for part in parts:
        checksum.update(np.ascontiguousarray(part).view(np.uint8).data)
    return checksum.hexdigest()


def seal(path: Path) -> None:
    """Append the line with the checksum to an archive."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        line = _LAST_LINE % (_checksum(file, size), size)
        file.seek(size)
        file.write(line)


def _checksum(file: BinaryIO, size: int) -> int:
    """Return the CRC-32 of the first ``size`` bytes."""
    file.seek(0)
    checksum = 0
    while size > 0 and (part := file.read(min(size, _BYTES_AT_ONCE))):
        checksum = zlib.crc32(part, checksum)
        size -= len(part)
    return checksum


def _check_seal(file: BinaryIO) -> None:
    """Raise ValueError if the bytes are not those that :func:`seal` left."""
    if file.read(4) != b"PK\3\4":
        raise ValueError("is no checkpoint of fasttsne")
    size = max(0, file.seek(0, os.SEEK_END) - _LENGTH)
    file.seek(size)
    line = file.read()
    if not line.startswith(_LAST_LINE[:10]):
        raise ValueError(
            f"is no checkpoint of fasttsne of format {_FORMAT}: it does not end in a checksum, so "
            "it was cut short, or is of another version or program"
        )
    if line != _LAST_LINE % (_checksum(file, size), size):
        raise ValueError("is a damaged checkpoint: its checksum is that of other bytes")
    file.seek(0)


def load(path: str | os.PathLike[str], shards: Shards = ALONE) -> dict[str, Any]:
    """Read and check a file that :class:`Checkpoint` wrote, on any number of ranks.

    Returns
    -------
    dict
        The facts; ``'P'``, a JointP, of several ranks the rows of this one; ``'sizes'``, the rows
        of each; ``'phases'``, a list of Phase; and ``'state'``, the state of the descent. All
        tensors are on the CPU.

    Raises
    ------
    OSError
        The file does not exist or cannot be read.
    ValueError
        It is not a checkpoint of this version, or it is damaged.
    """
    content = _read(path)
    if content.get("format") != _FORMAT:
        raise ValueError(f"{path} is no checkpoint of fasttsne of format {_FORMAT}")
    try:
        pieces = [content["P"]]
        saved = sizes_of_ranks(content)
        is_same = len(saved) == shards.count
        own = Part(shards, saved) if is_same else Part.even(sum(saved), shards)
        if content["ranks"] is not None:
            pieces = _read_pieces(Path(path), content["ranks"]["name"], saved, own.rows)
        return check_content(content, pieces, saved, own)
    except KeyError as error:
        raise ValueError(f"{path} is a damaged checkpoint: it has no {error}") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is a damaged checkpoint: {error}") from None


def _read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the dict of a file that :func:`_write` wrote; nothing in it is checked."""
    with open(path, "rb") as file:
        try:
            _check_seal(file)
        except ValueError as error:
            raise ValueError(f"{path} {error}") from None
        try:
            content = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:
            reason = str(error).partition("\n")[0]
            raise ValueError(f"{path} is no checkpoint of fasttsne: {reason}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} is no checkpoint of fasttsne of format {_FORMAT}")
    return content


def _read_pieces(path: Path, name: str, sizes: list[int], rows: slice) -> list[Any]:
    """Return what the ranks saved of P, None for those that have none of some rows."""
    pieces: list[Any] = []
    begin = 0
    for rank, size in enumerate(sizes):
        is_needed = size and begin < rows.stop and rows.start < begin + size
        begin += size
        if not is_needed:
            pieces.append(None)
            continue
        file = file_of_rank(path, name, rank)
        content = _read(file)
        if content.get("name") != name:
            raise ValueError(f"{file} is of another fit than {path}")
        pieces.append(content["P"])
    return pieces
