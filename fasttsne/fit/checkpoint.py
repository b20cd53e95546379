"""A fit on disk: written every few iterations, taken up again to the same bits.

The file is what ``torch.save`` writes, and a last line with a checksum of all bytes before it: the
archive's own checksums cover neither its directory nor, on loading, its content. A file is trusted
no further than that: its pickle may hold nothing but numbers, texts and tensors, and these are
checked as a stranger's would be, for the kernels take them at their word.
"""

from __future__ import annotations

import hashlib
import math
import os
import warnings
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from .. import _validation
from ..affinities import FixedSigma, JointP, Multiscale, Perplexity, Uniform, is_matrix
from ..schedule import Phase, check_schedule
from ..tables import replacing

_FORMAT = 3
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
                seal(temporary)
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


_LAST_LINE = b"\nfasttsne checkpoint, crc32 %08x of %016x bytes\n"
_LENGTH = len(_LAST_LINE % (0, 0))


def seal(path: Path) -> None:
    """Append the last line to an archive."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        line = _LAST_LINE % (_checksum(file, size), size)
        file.seek(size)
        file.write(line)


def _checksum(file: BinaryIO, size: int) -> int:
    """CRC-32 of the first bytes."""
    file.seek(0)
    checksum = 0
    while size > 0 and (part := file.read(min(size, 1 << 20))):
        checksum = zlib.crc32(part, checksum)
        size -= len(part)
    return checksum


def _check_seal(file: BinaryIO) -> None:
    """Raise ValueError that says what is wrong with a file, as far as its bytes tell."""
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
        It is not a checkpoint of this version, or a damaged one.
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
        return _checked(content)
    except KeyError as error:
        raise ValueError(f"{path} is a damaged checkpoint: it has no {error}") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is a damaged checkpoint: {error}") from None


# ---- The content, checked as a stranger's -----------------------------------------------------


def _checked(content: dict[str, Any]) -> dict[str, Any]:
    """Make objects of what was read; KeyError, TypeError or ValueError tell what is wrong."""
    P = _checked_P(_typed("P", content["P"], list))
    n, d = len(P.indptr) - 1, _validation.integer("d", content["d"], 0)
    phases = check_schedule([_made(Phase, phase) for phase in content["phases"]], n)
    parameters = dict(_typed("parameters", content["parameters"], dict))
    if parameters.get("affinities") is not None:
        kind = dict(_typed("affinities", parameters["affinities"], dict))
        name = _validation.choice("affinities", kind.pop("kind"), list(_KINDS))
        parameters["affinities"] = _made(_KINDS[name], kind)
        parameters["affinities"].check(n)
    if content["order"] is not None:
        _check_order(content["order"], n)
    for name, value in _typed("columns", content["columns"], dict).items():
        _demand(
            (name == "n_features_in_" and value == d)
            or (name == "feature_names_in_" and type(value) is list and len(value) == d),
            f"columns must be the number and the names of {d}, got {name!r}",
        )
    for name in ("constant", "search_recall"):
        _typed(name, content[name], (float, type(None)))
    for name in ("data", "search"):
        _typed(name, content[name], (str, type(None)))
    _typed("is_tensor", content["is_tensor"], bool)
    state = _checked_state(_typed("state", content["state"], dict), phases)
    shape, wanted = tuple(state["Y"].shape), (n, parameters["n_components"])
    _demand(shape == wanted, f"Y must have shape {wanted}, got {shape}")
    return {**content, "P": P, "phases": phases, "parameters": parameters, "state": state}


def _checked_P(parts: list[Any]) -> JointP:
    indptr, indices, values = parts
    _check_tensor("P.indptr", indptr, torch.int64, 1)
    _check_tensor("P.indices", indices, torch.int32, 1)
    _check_tensor("P.values", values, torch.float32, 1)
    n, edges = len(indptr) - 1, len(indices)
    _demand(n >= 2 and edges > 0, f"P must have 2 rows or more and a pair, got {n} and {edges}")
    _demand(
        int(indptr[0]) == 0 and int(indptr[-1]) == edges and bool((indptr.diff() >= 0).all()),
        f"P.indptr must rise from 0 to {edges}, the number of its indices",
    )
    low, high = int(indices.min()), int(indices.max())
    _demand(0 <= low and high < n, f"P.indices must be in 0 .. {n - 1}, got {low} .. {high}")
    begins_row = indices.new_zeros(edges + 1, dtype=torch.bool)
    begins_row[indptr] = True
    rises = indices.diff() > 0
    _demand(bool((rises | begins_row[1:-1]).all()), "P.indices must rise in each row")
    _demand(len(values) == edges, f"P.values must be {edges}, got {len(values)}")
    total = float(values.double().sum())
    _demand(
        bool((values >= 0).all()) and abs(total - 1) < 1e-2,
        f"P.values must be 0 or more and sum to 1, got a sum of {total:g}",
    )
    return JointP(indptr, indices, values)


def _check_order(order: Any, n: int) -> None:
    _check_tensor("order", order, torch.int64, 1)
    _demand(
        len(order) == n
        and 0 <= int(order.min()) <= int(order.max()) < n
        and bool((order.bincount() == 1).all()),
        f"order must hold each of 0 .. {n - 1} once",
    )


def _checked_state(state: dict[str, Any], phases: list[Phase]) -> dict[str, Any]:
    """Check the state of a descent, but for the shape of its map."""
    done, phase, began, best_at = (
        _validation.integer(name, state[name], 0) for name in ("done", "phase", "began", "best_at")
    )
    _demand(
        phase <= len(phases)
        and began <= done <= sum(one.iterations for one in phases)
        and done <= began + sum(one.iterations for one in phases[phase : phase + 1])
        and best_at <= done,
        f"iteration {done} of a phase {phase} that began at {began} is not in the schedule",
    )
    _typed("best", state["best"], float)
    _typed("kl", state["kl"], (float, type(None)))
    _typed("is_over", state["is_over"], bool)
    Y = state["Y"]
    for name in ("Y", "velocity", "gains"):
        _check_tensor(name, state[name], torch.float32, 2)
        shape = tuple(state[name].shape)
        _demand(shape == tuple(Y.shape), f"{name} must have the shape of Y, got {shape}")
    box = _typed("bounds", state["bounds"], dict)
    numbers = {name: box[name] for name in ("_low", "_high", "_room", "_since", "_wait")}
    _check_box("bounds", (numbers["_low"], numbers["_high"]), Y.shape[1])
    _validation.number("_room", numbers["_room"], least=0)
    _validation.integer("_since", numbers["_since"], 0)
    _validation.integer("_wait", numbers["_wait"], 1)
    if state["grid"] is not None:
        _check_box("grid", state["grid"], Y.shape[1])
    return {**state, "bounds": numbers}


def _check_box(name: str, box: Any, m: int) -> None:
    low, high = box
    _demand(
        len(low) == len(high) == m
        and all(-math.inf < a <= b < math.inf for a, b in zip(low, high, strict=True)),
        f"{name} must be the {m} lowest and highest coordinates of a map, got {box}",
    )


def _check_tensor(name: str, value: Any, dtype: torch.dtype, dims: int) -> None:
    _typed(name, value, Tensor)
    _demand(
        value.dtype == dtype and value.dim() == dims and value.layout == torch.strided,
        f"{name} must be a dense tensor of {dtype} and {dims} dimensions, got {value.layout} of "
        f"{value.dtype}, shape {tuple(value.shape)}",
    )
    _demand(value.is_contiguous(), f"{name} must be contiguous")
    _demand(bool(torch.isfinite(value).all()), f"{name} must be finite")


def _typed(name: str, value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{name} must not be of type {type(value).__name__}")
    return value


def _made(kind: type, fields: Any) -> Any:
    """Make the dataclass that :func:`asdict` made the fields of."""
    return kind(**_typed(kind.__name__, fields, dict))


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)
