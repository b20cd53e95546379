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
import warnings
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from ..affinities import JointP, is_matrix
from ..schedule import Phase
from ..tables import replacing
from .checkpoint_content import AFFINITY_CLASSES, check_content

_FORMAT = 3
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
    """

    def __init__(
        self, path: str | os.PathLike[str], P: JointP, phases: list[Phase], facts: dict[str, Any]
    ) -> None:
        self.path = Path(path)
        self._constant = {
            "format": _FORMAT,
            "P": [part.cpu() for part in P],
            "phases": [asdict(phase) for phase in phases],
            **facts,
        }

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file as a whole; if it cannot be written, warn and keep the old one."""
        try:
            with replacing(self.path) as temporary:
                torch.save({**self._constant, "state": state}, temporary)
                seal(temporary)
        except (OSError, RuntimeError) as error:  # torch raises RuntimeError if the disk is full
            warnings.warn(f"checkpoint {self.path} was not written: {error}", stacklevel=2)


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


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read and check a file that :class:`Checkpoint` wrote.

    Returns
    -------
    dict
        The facts; ``'P'``, a JointP; ``'phases'``, a list of Phase; and ``'state'``, the state of
        the descent. All tensors are on the CPU.

    Raises
    ------
    OSError
        The file does not exist or cannot be read.
    ValueError
        It is not a checkpoint of this version, or it is damaged.
    """
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
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError(f"{path} is no checkpoint of fasttsne of format {_FORMAT}")
    try:
        return check_content(content)
    except KeyError as error:
        raise ValueError(f"{path} is a damaged checkpoint: it has no {error}") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is a damaged checkpoint: {error}") from None
