"""Maps of pictures as JSON, in the format of viewers of image t-SNE maps."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ..grid import unit_square
from ..tables import as_json, replacing


def write_points_json(path: str | os.PathLike[str], paths: Sequence[Any], Y: Any) -> None:
    """Write the places of pictures in a map, in the format of viewers of image t-SNE maps.

    The content is ``[{"path": "a.jpg", "point": [0.25, 1.0]}, ...]``, with each axis of the map
    stretched to 0 to 1. An existing file is replaced once the new one is complete.

    Parameters
    ----------
    path : str or path-like
        File to write.
    paths : sequence of str or path-like, length n
        Files of the pictures.
    Y : array or tensor, shape (n, 2)
        Map.

    Raises
    ------
    TypeError, ValueError
        If the type or shape of ``Y`` is wrong, or ``paths`` does not have length n.
    OSError
        If the file cannot be written.
    """
    places = unit_square(Y)
    if len(paths) != len(places):
        raise ValueError(f"paths must be {len(places):,}, one for each row of Y, got {len(paths)}")
    content = [
        {"path": os.fspath(file), "point": [round(x, 6), round(y, 6)]}
        for file, (x, y) in zip(paths, places.tolist(), strict=True)
    ]
    with replacing(path) as temporary:
        temporary.write_text(as_json(content) + "\n", encoding="utf-8")
