"""A fit on disk: written every few iterations, taken up again to the same bits."""

from __future__ import annotations

import hashlib
import os
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .affinities import FixedSigma, JointP, Multiscale, Perplexity, Uniform, is_matrix
from .schedule import Phase
from .tables import replacing

_FORMAT = 1
_KINDS = {kind.__name__: kind for kind in (Perplexity, Multiscale, FixedSigma, Uniform)}


class Checkpoint:
    """The file of one fit; what does not change while points move is gathered once.

    Parameters
    ----------
    path : str or path-like
    P : JointP
    phases : list of Phase
    facts : dict
        Whatever else the fit needs to be finished, ``'parameters'`` among it: numbers, strings,
        tensors, and lists and dicts of them.
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
        """Replace the file by a complete one; a disk that is full costs no fit."""
        try:
            with replacing(self.path) as temporary:
                torch.save({**self._constant, "state": state}, temporary)
        except (OSError, RuntimeError) as error:  # torch reports a full disk by the latter
            warnings.warn(f"checkpoint {self.path} was not written: {error}", stacklevel=2)


def plain(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return those parameters that a file can hold: numbers, strings, and our own affinities."""
    kept = {}
    for name, value in parameters.items():
        if is_matrix(value) and name == "affinities":
            value = None  # the file has P itself
        if type(value) in _KINDS.values():
            value = {"kind": type(value).__name__, **asdict(value)}
        try:
            kept[name] = _plain(value)
        except TypeError:
            continue
    return kept


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a file cannot hold {type(value).__name__}")


def fingerprint(data: Any) -> str:
    """Return a checksum of data and their order, to know them again."""
    parts = [data.numpy(force=True)] if isinstance(data, Tensor) else []
    parts = parts or [data.data, data.indices, data.indptr]
    checksum = hashlib.blake2b(digest_size=16)
    for part in parts:
        checksum.update(np.ascontiguousarray(part).view(np.uint8).data)
    return checksum.hexdigest()


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what :class:`Checkpoint` wrote.

    Returns
    -------
    dict
        The facts; ``'P'``, a JointP; ``'phases'``; and ``'state'``, that of the descent.

    Raises
    ------
    OSError
        There is no such file.
    ValueError
        It is not a checkpoint of this version.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{path} is no checkpoint of fasttsne: {reason}") from None
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError(f"{path} is no checkpoint of fasttsne of format {_FORMAT}")
    content["P"] = JointP(*content["P"])
    kind = content["parameters"].get("affinities")
    if kind is not None:
        content["parameters"]["affinities"] = _KINDS[kind.pop("kind")](**kind)
    content["phases"] = [Phase(**phase) for phase in content["phases"]]
    return content
