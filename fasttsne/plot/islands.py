"""Where to write the names of classes on a map: at the largest islands of each class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_MIN_SHARE = 0.25
"""Share of a class from which an island has a name of its own."""

_MAX_ISLANDS = 3
"""Number of islands of a class that have a name."""

_SPARSE = 0.05
"""Cells with no more than this share of the points of the fullest cell do not connect islands."""

_N_BINS = 160
"""Bins along the longer side of a map; points under a name are counted in bins."""

_CHARACTER, _LINE = 0.0115, 0.028
"""Width of a character and height of a line, relative to the longer side of the map."""


def place_names(
    Y: np.ndarray, codes: np.ndarray, names: Sequence[str]
) -> list[tuple[int, float, float]]:
    """Choose where the name of each class is written.

    A class has its name at each island that holds a quarter of its points or more, at three at
    most; a class without such an island has it at its largest one. A name lies where its island is
    densest or, if it would hide points of other classes there, in another dense part where it hides
    fewer. It avoids the names before it, if it can. Where it would hide more points of other
    classes than of its own, only the largest island has it.

    Parameters
    ----------
    Y : ndarray, shape (n, 2)
        Map.
    codes : ndarray, shape (n,), int
        Index of the class of each point, -1 for unlabelled points.
    names : sequence of str, length c
        Name of each class. Each class has points.

    Returns
    -------
    list of (int, float, float)
        Index of a class, and the middle (x, y) of its name, the most important first: the largest
        island of each class in the order of the sizes of the classes, then the second islands, and
        the third ones.
    """
    n_classes = len(names)
    low = Y.min(0).astype(np.float64)
    span = float((Y.max(0) - low).max()) or 1.0
    points = (Y - low) / span
    # On a map that is filled evenly, neighbours are nearer to each other than this.
    radius = max(0.03, 1.5 / np.sqrt(len(Y)))
    bins = np.minimum((points * _N_BINS).astype(int), _N_BINS - 1)
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes[codes >= 0], minlength=n_classes)
    of_class = np.split(order[len(codes) - sizes.sum() :], np.cumsum(sizes)[:-1])
    sums, of_class_sums = _add_up(bins[codes >= 0]), [_add_up(bins[rows]) for rows in of_class]

    islands = [
        (rank, code, island)
        for code in np.argsort(-sizes, kind="stable").tolist()
        for rank, island in enumerate(_find_islands(points[of_class[code]], radius))
    ]
    taken = np.empty((0, 4))
    places = []
    for rank, code, island in sorted(islands, key=lambda entry: entry[0]):
        half = np.array([_CHARACTER * max(1, len(names[code])), _LINE]) / 2
        middles = _find_dense_parts(island, radius)
        boxes = np.hstack([middles - half, middles + half])
        meets = (boxes[:, None, :2] < taken[:, 2:]) & (taken[:, :2] < boxes[:, None, 2:])
        is_taken = np.any(np.all(meets, axis=2), axis=1)
        foreign = _share_of_others(sums, of_class_sums[code], boxes)
        best = np.lexsort((np.round(foreign, 1), is_taken))[0]
        if rank > 0 and foreign[best] > 0.5:
            continue
        taken = np.vstack([taken, boxes[best]])
        x, y = low + middles[best] * span
        places.append((code, float(x), float(y)))
    return places


def _find_islands(points: np.ndarray, radius: float) -> list[np.ndarray]:
    """Return the points of each large island of a class, the largest island first.

    An island is a set of cells of a square grid that touch each other.
    """
    from scipy import ndimage

    cells = tuple(np.floor(points / radius).astype(int).T)
    counts = np.zeros([cell.max() + 1 for cell in cells], int)
    np.add.at(counts, cells, 1)
    labels, _ = ndimage.label(counts > _SPARSE * counts.max(), structure=np.ones((3, 3)))
    island = labels[cells]
    sizes = np.bincount(island)[1:]
    by_size = np.argsort(-sizes, kind="stable")
    large = [i for i in by_size if sizes[i] >= _MIN_SHARE * len(points)][:_MAX_ISLANDS]
    return [points[island == i + 1] for i in large or by_size[:1]]


def _find_dense_parts(points: np.ndarray, radius: float) -> np.ndarray:
    """Return the middles of dense parts of an island, shape (k, 2), the densest first.

    The first one is found by mean shift from the fullest cell of a square grid; the others are the
    means of the points in each cell that is at least a quarter as full.
    """
    _, cell, count = np.unique(
        np.floor(points / radius), axis=0, return_inverse=True, return_counts=True
    )
    sums = [np.bincount(cell.ravel(), weights=column) for column in points.T]
    means = np.stack(sums, 1) / count[:, None]
    middle = means[count.argmax()]
    for _ in range(3):
        middle = points[np.linalg.norm(points - middle, axis=1) <= radius].mean(0)
    by_count = np.argsort(-count, kind="stable")
    return np.vstack([middle, means[by_count][4 * count[by_count] >= count.max()]])


def _add_up(bins: np.ndarray) -> np.ndarray:
    """Return the number of points left of and below the corner of each bin."""
    flat = np.bincount(bins[:, 0] * _N_BINS + bins[:, 1], minlength=_N_BINS**2)
    return np.pad(flat.reshape(_N_BINS, _N_BINS).cumsum(0).cumsum(1), ((1, 0), (1, 0)))


def _count_in_boxes(sums: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Count the points in the bins that each box meets, from what `_add_up` returned."""
    first = np.clip(np.floor(boxes[:, :2] * _N_BINS).astype(int), 0, _N_BINS)
    last = np.clip(np.floor(boxes[:, 2:] * _N_BINS).astype(int) + 1, 0, _N_BINS)
    (left, bottom), (right, top) = first.T, last.T
    return sums[right, top] - sums[left, top] - sums[right, bottom] + sums[left, bottom]


def _share_of_others(sums: np.ndarray, own_sums: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return the share of other classes among the points under each box."""
    counts = np.maximum(1, _count_in_boxes(sums, boxes))
    return 1 - _count_in_boxes(own_sums, boxes) / counts
