"""Which of many boxes to keep, so that none lies on another."""

from __future__ import annotations

from typing import Any

import numpy as np

_CHUNK = 4096


def place(
    boxes: Any, priority: Any = None, owner: Any = None, at_most: int | None = None
) -> np.ndarray:
    """Keep each box that lies on none of higher priority that is kept.

    A grid of cells as large as the largest box tells where to look: a box touches four cells at
    most, and only boxes in the same cells can lie on each other. So the time grows as the number
    of boxes, as long as their sizes are alike.

    Parameters
    ----------
    boxes : array, shape (n, 4)
        Left, bottom, right and top of each box, finite, with left < right and bottom < top.
    priority : array, shape (n,), optional
        Greatest first; equals in the order given. Default: the order given.
    owner : array, shape (n,), int, optional
        Whose box it is, from 0 on; of each owner's boxes, which are places to choose from, one at
        most is kept. Default: each box is an owner's only one.
    at_most : int, optional
        Stop when so many are kept.

    Returns
    -------
    ndarray, shape (n,), bool
        Which are kept: no two share any area, though edges may touch. The first always is.

    Raises
    ------
    ValueError
        If a shape is wrong, a box has no area or ``at_most`` is below 1.
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
    priority = _of_each("priority", priority, n, np.zeros(n))
    owner = _of_each("owner", owner, n, np.arange(n))
    kept = np.zeros(n, bool)
    if n == 0:
        return kept
    order = np.argsort(-priority, kind="stable")
    cells = np.floor(boxes / np.tile(sides.max(0), 2)).astype(int)
    taken: dict[tuple[int, int], list[list[float]]] = {}
    served: set[int] = set()
    # In chunks, because lists take much memory, and often the first boxes leave no room.
    for chunk in np.split(order, range(_CHUNK, n, _CHUNK)):
        rows = zip(
            chunk.tolist(),
            owner[chunk].tolist(),
            boxes[chunk].tolist(),
            cells[chunk].tolist(),
            strict=True,
        )
        for i, who, box, (first_column, first_row, last_column, last_row) in rows:
            if len(served) == at_most:
                return kept
            if who in served:
                continue
            touched = [
                taken.setdefault((column, row), [])
                for column in range(first_column, last_column + 1)
                for row in range(first_row, last_row + 1)
            ]
            if _is_free(box, touched):
                for cell in touched:
                    cell.append(box)
                kept[i] = True
                served.add(who)
    return kept


def _is_free(box: list[float], touched: list[list[list[float]]]) -> bool:
    left, bottom, right, top = box
    for cell in touched:
        for other_left, other_bottom, other_right, other_top in cell:
            if (
                left < other_right
                and other_left < right
                and bottom < other_top
                and other_bottom < top
            ):
                return False
    return True


def _of_each(name: str, values: Any, n: int, default: np.ndarray) -> np.ndarray:
    values = default if values is None else np.asarray(values)
    if values.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), one for each box; got {values.shape}")
    return values
