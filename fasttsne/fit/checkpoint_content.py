"""Checks what a checkpoint holds before anything uses it.

The right checksum does not make a file trustworthy: somebody may have written other content and a
checksum for it. Indices beyond the arrays, for example, would make the kernels read memory that is
not theirs.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from .. import _validation
from ..affinities import FixedSigma, JointP, Multiscale, Perplexity, Uniform
from ..schedule import Phase, check_schedule
from ..shards import Part

AFFINITY_CLASSES = {cls.__name__: cls for cls in (Perplexity, Multiscale, FixedSigma, Uniform)}
"""Classes that a file may name as the parameter ``affinities``."""
_SUM_TOLERANCE = 1e-2
"""Of the sum of P, which is 1 up to rounding."""


def sizes_of_ranks(content: dict[str, Any]) -> list[int]:
    """Return how many rows of P each rank saved; one rank, all of them."""
    state = _require_type("state", content["state"], dict)
    n = len(_require_type("Y", state["Y"], Tensor))
    if content["ranks"] is None:
        return [n]
    ranks = _require_type("ranks", content["ranks"], dict)
    name = _require_type("name", ranks["name"], str)
    _require(len(name) == 8 and name.isalnum(), f"name must be 8 letters or digits, got {name!r}")
    sizes = [_validation.integer("sizes", size, 0) for size in ranks["sizes"]]
    _require(sum(sizes) == n, f"sizes of ranks must sum to {n}, got {sizes}")
    return sizes


def check_content(
    content: dict[str, Any], pieces: list[Any], saved: list[int], own: Part
) -> dict[str, Any]:
    """Check what was read from a file, and make its objects.

    Parameters
    ----------
    content : dict
        As :class:`fasttsne.fit.checkpoint.Checkpoint` wrote it.
    pieces : list
        The rows of P that each rank saved, None where they are not needed.
    saved : list of int
        How many rows each rank saved.
    own : Part
        The rows of P that are wanted.

    Returns
    -------
    dict
        The same with ``'P'`` a JointP of the own rows, ``'sizes'`` the rows of each rank,
        ``'phases'`` a list of Phase, and the parameter
        ``affinities`` one of :data:`AFFINITY_CLASSES`.

    Raises
    ------
    KeyError
        An entry is missing.
    TypeError, ValueError
        An entry is wrong; the message says how.
    """
    P = _join_rows(
        [
            None if piece is None else _check_P(_require_type("P", piece, list), size, own.n)
            for piece, size in zip(pieces, saved, strict=True)
        ],
        saved,
        own.rows,
    )
    total = float(P.values.double().sum())
    _require(
        own.shards.count > 1 or abs(total - 1) < _SUM_TOLERANCE,
        f"P.values must be 0 or more and sum to 1, got a sum of {total:g}",
    )
    n, d = own.n, _validation.integer("d", content["d"], 0)
    phases = check_schedule([_dataclass_of(Phase, phase) for phase in content["phases"]], n)
    parameters = dict(_require_type("parameters", content["parameters"], dict))
    if parameters.get("affinities") is not None:
        fields = dict(_require_type("affinities", parameters["affinities"], dict))
        name = _validation.choice("affinities", fields.pop("kind"), list(AFFINITY_CLASSES))
        parameters["affinities"] = _dataclass_of(AFFINITY_CLASSES[name], fields)
        parameters["affinities"].check(n)
    if content["constraints"] is not None:
        _check_held(content["constraints"], n, parameters["n_components"])
    if content["order"] is not None:
        _check_order(content["order"], n)
    for name, value in _require_type("columns", content["columns"], dict).items():
        _require(
            (name == "n_features_in_" and value == d)
            or (name == "feature_names_in_" and type(value) is list and len(value) == d),
            f"columns must be the number of features, {d}, and their names, got {name!r}",
        )
    for name in ("constant", "search_recall"):
        _require_type(name, content[name], (float, type(None)))
    for name in ("data", "search"):
        _require_type(name, content[name], (str, type(None)))
    _require_type("is_tensor", content["is_tensor"], bool)
    state = _check_state(_require_type("state", content["state"], dict), phases)
    shape, wanted = tuple(state["Y"].shape), (n, parameters["n_components"])
    _require(shape == wanted, f"Y must have shape {wanted}, got {shape}")
    rows_of_data = content["rows_of_data"]
    if rows_of_data is not None:
        counts = [_validation.integer("rows_of_data", size, 0) for size in rows_of_data]
        _require(sum(counts) == n, f"rows_of_data must sum to {n}, got {counts}")
    checked = {"P": P, "sizes": own.sizes, "phases": phases, "parameters": parameters}
    return {**content, **checked, "state": state}


def _join_rows(pieces: list[JointP | None], saved: list[int], rows: slice) -> JointP:
    """Return some rows of P, which follow one another, from the pieces that hold them."""
    lengths, columns, values = [], [], []
    begin = 0
    for P, size in zip(pieces, saved, strict=True):
        if P is not None:
            first, last = max(rows.start - begin, 0), min(rows.stop - begin, size)
            some = slice(int(P.indptr[first]), int(P.indptr[last]))
            lengths.append(P.indptr[first : last + 1].diff())
            columns.append(P.indices[some])
            values.append(P.values[some])
        begin += size
    indptr = torch.zeros(rows.stop - rows.start + 1, dtype=torch.int64, device="cpu")
    if not lengths:
        empty = torch.empty(0, dtype=torch.float32, device="cpu")
        return JointP(indptr, empty.int(), empty)
    indptr[1:] = torch.cat(lengths).cumsum(0)
    if len(columns) == 1:
        return JointP(indptr, columns[0].clone(), values[0].clone())
    return JointP(indptr, torch.cat(columns), torch.cat(values))


def _check_P(parts: list[Any], rows: int, n: int) -> JointP:
    """Check some rows of P, whose columns are n."""
    indptr, indices, values = parts
    _check_tensor("P.indptr", indptr, torch.int64, 1)
    _check_tensor("P.indices", indices, torch.int32, 1)
    _check_tensor("P.values", values, torch.float32, 1)
    edges = len(indices)
    _require(
        n >= 2 and edges > 0 and len(indptr) == rows + 1,
        f"P must have {rows} rows, 2 or more in all, and 1 entry or more, got "
        f"{len(indptr) - 1} rows and {edges} entries",
    )
    _require(
        int(indptr[0]) == 0 and int(indptr[-1]) == edges and bool((indptr.diff() >= 0).all()),
        f"P.indptr must rise from 0 to {edges}, the number of its indices",
    )
    low, high = int(indices.min()), int(indices.max())
    _require(0 <= low and high < n, f"P.indices must be in 0 .. {n - 1}, got {low} .. {high}")
    begins_row = indices.new_zeros(edges + 1, dtype=torch.bool)
    begins_row[indptr] = True
    rises = indices.diff() > 0
    _require(bool((rises | begins_row[1:-1]).all()), "P.indices must rise in each row")
    _require(
        len(values) == edges, f"P.values must be {edges}, as many as indices, got {len(values)}"
    )
    _require(bool((values >= 0).all()), "P.values must be 0 or more")
    return JointP(indptr, indices, values)


def _check_order(order: Any, n: int) -> None:
    _check_tensor("order", order, torch.int64, 1)
    _require(
        len(order) == n
        and 0 <= int(order.min()) <= int(order.max()) < n
        and bool((order.bincount() == 1).all()),
        f"order must hold each of 0 .. {n - 1} once",
    )


def _check_held(held: Any, n: int, dims: int) -> None:
    """Check the fields of :class:`fasttsne.descent.constraints.Constraints`."""
    _require_type("constraints", held, dict)
    kinds = {
        "fixed": (torch.bool, (n, 1)),
        "anchors": (torch.float32, (n, dims)),
        "stiffness": (torch.float32, (n, 1)),
    }
    _require(set(held) == set(kinds), f"constraints must be {', '.join(kinds)}, got {list(held)}")
    for name, (dtype, wanted) in kinds.items():
        if held[name] is not None:
            _check_tensor(name, held[name], dtype, 2)
            shape = tuple(held[name].shape)
            _require(shape == wanted, f"{name} must have shape {wanted}, got {shape}")
    _require(
        (held["anchors"] is None) == (held["stiffness"] is None),
        "anchors and stiffness must be there both or neither",
    )


def _check_state(state: dict[str, Any], phases: list[Phase]) -> dict[str, Any]:
    """Check the state of a descent, except for the shape of its map."""
    done, phase, began, best_at = (
        _validation.integer(name, state[name], 0) for name in ("done", "phase", "began", "best_at")
    )
    _require(
        phase <= len(phases)
        and began <= done <= sum(one.iterations for one in phases)
        and done <= began + sum(one.iterations for one in phases[phase : phase + 1])
        and best_at <= done,
        f"iteration {done} of a phase {phase} that began at {began} is not in the schedule",
    )
    _require_type("best", state["best"], float)
    _require_type("kl", state["kl"], (float, type(None)))
    _require_type("is_over", state["is_over"], bool)
    Y = state["Y"]
    for name in ("Y", "velocity", "gains"):
        _check_tensor(name, state[name], torch.float32, 2)
        shape = tuple(state[name].shape)
        _require(shape == tuple(Y.shape), f"{name} must have the shape of Y, got {shape}")
    bounds = _require_type("bounds", state["bounds"], dict)
    # Only the known ones are taken, as they become attributes of an object.
    bounds = {name: bounds[name] for name in ("_low", "_high", "_room", "_since", "_wait")}
    _check_box("bounds", (bounds["_low"], bounds["_high"]), Y.shape[1])
    _validation.number("_room", bounds["_room"], least=0)
    _validation.integer("_since", bounds["_since"], 0)
    _validation.integer("_wait", bounds["_wait"], 1)
    if state["grid"] is not None:
        _check_box("grid", state["grid"], Y.shape[1])
    return {**state, "bounds": bounds}


def _check_box(name: str, box: Any, m: int) -> None:
    low, high = box
    _require(
        len(low) == len(high) == m
        and all(-math.inf < a <= b < math.inf for a, b in zip(low, high, strict=True)),
        f"{name} must be the {m} lowest and highest coordinates of a map, got {box}",
    )


def _check_tensor(name: str, value: Any, dtype: torch.dtype, dims: int) -> None:
    _require_type(name, value, Tensor)
    _require(
        value.dtype == dtype and value.dim() == dims and value.layout == torch.strided,
        f"{name} must be a dense tensor of {dtype} and {dims} dimensions, got {value.layout} of "
        f"{value.dtype}, shape {tuple(value.shape)}",
    )
    _require(value.is_contiguous(), f"{name} must be contiguous")
    _require(bool(torch.isfinite(value).all()), f"{name} must be finite")


def _require_type(name: str, value: Any, wanted: type | tuple[type, ...]) -> Any:
    if not isinstance(value, wanted):
        names = [one.__name__ for one in (wanted if isinstance(wanted, tuple) else (wanted,))]
        raise TypeError(f"{name} must be of type {' or '.join(names)}, got {type(value).__name__}")
    return value


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


def _dataclass_of(cls: type, fields: Any) -> Any:
    """Make an object of the dict that :func:`dataclasses.asdict` made of one."""
    return cls(**_require_type(cls.__name__, fields, dict))
