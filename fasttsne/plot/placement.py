"""Greedy placement of labels: which of many boxes to keep so that no two of them overlap."""

from __future__ import annotations

from typing import Any

import numpy as np

_CHUNK = 4096
"""Boxes that are turned into Python lists at a time."""


def select_disjoint(
    boxes: Any, priority: Any = None, owner: Any = None, at_most: int | None = None
) -> np.ndarray:
    """Select boxes in order of priority, each if it overlaps none that was selected before.

    The overlaps are found with a grid whose cells are as large as the largest box: a box meets at
    most four cells, and two boxes can overlap only if they meet the same cell. The time is
    therefore linear in the number of boxes if they have similar sizes.

    Parameters
    ----------
    boxes : array, shape (n, 4)
        Left, bottom, right and top of each box, finite, with left < right and bottom < top.
    priority : array, shape (n,), optional
        The box with the greatest priority comes first; ties keep the given order. Default: the
        given order.
    owner : array, shape (n,), int, optional
        Index of the label that each box belongs to. The boxes of a label are its candidate
        positions, of which at most one is selected. Default: each box belongs to a label of its
        own.
    at_most : int, optional
        Number of selected boxes after which to stop. Default: no limit.

    Returns
    -------
    ndarray, shape (n,), bool
        Whether the box is selected. Selected boxes may share edges, but no area. The first box
        in order of priority is always selected.

    Raises
    ------
    ValueError
        If a shape is wrong, a box is not finite or has no area, or ``at_most`` is below 1.
    """
    boxes = np.asarray(boxes, np.float64)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes must have shape (n, 4), got {boxes.shape}")
    sides = boxes[:, 2:] - boxes[:, :2]
    if not (np.isfinite(boxes).all() and (sides > 0).all()):
        raise ValueError("boxes must be finite, with left < right and bottom < top")
    if at_most is not None and at_most < 1:
        raise ValueError(f"at_most must be at least 1, got {at_most}")
    n = len(boxes)
    priority = _one_per_box("priority", priority, n, np.zeros(n))
    owner = _one_per_box("owner", owner, n, np.arange(n))
    selected = np.zeros(n, bool)
    if n == 0:
        return selected
    order = np.argsort(-priority, kind="stable")
    cells = np.floor(boxes / np.tile(sides.max(0), 2)).astype(int)
    boxes_in_cell: dict[tuple[int, int], list[list[float]]] = {}
    placed_owners: set[int] = set()
    # In chunks, because lists take much memory, and often at_most is reached early.
    for chunk in np.split(order, range(_CHUNK, n, _CHUNK)):
        rows = zip(
            chunk.tolist(),
            owner[chunk].tolist(),
            boxes[chunk].tolist(),
            cells[chunk].tolist(),
            strict=True,
        )
        for i, label, box, (first_column, first_row, last_column, last_row) in rows:
            if len(placed_owners) == at_most:
                return selected
            if label in placed_owners:
                continue
            met_cells = [
                boxes_in_cell.setdefault((column, row), [])
                for column in range(first_column, last_column + 1)
                for row in range(first_row, last_row + 1)
            ]
            if _is_free(box, met_cells):
                for cell in met_cells:
                    cell.append(box)
                selected[i] = True
                placed_owners.add(label)
    return selected


def _is_free(box: list[float], met_cells: list[list[list[float]]]) -> bool:
    left, bottom, right, top = box
    for cell in met_cells:
        for other_left, other_bottom, other_right, other_top in cell:
            if (
                left < other_right
                and other_left < right
                and bottom < other_top
                and other_bottom < top
            ):
                return False
    return True


def _one_per_box(name: str, values: Any, n: int, default: np.ndarray) -> np.ndarray:
    values = default if values is None else np.asarray(values)
    if values.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), one for each box; got {values.shape}")
    return values
