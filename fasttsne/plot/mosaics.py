"""Maps of pictures: each where its point is, or each in a cell of a grid."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._validation import integer, number
from ..grid import grid_shape, to_grid, unit_square
from ..images import as_sequence, opened, require_pillow, size_of
from ..tables import as_json, replacing
from .colors import coloring_of

if TYPE_CHECKING:
    from PIL.Image import Image


def mosaic(
    images: Any,
    Y: Any,
    size: tuple[int, int] = (4000, 3000),
    tile: int = 100,
    *,
    labels: Any = None,
    visible: float = 0.0,
    background: Any = "white",
    seed: int = 0,
) -> Image:
    """Draw pictures where their points are in a map.

    The map is stretched over the whole mosaic, each axis by itself, with the second one upwards.
    Pictures are laid in shuffled order, so that no class hides another, each below those before
    it; where a map is dense, ``visible`` leaves out those that would be hidden too far.

    Parameters
    ----------
    images : sequence of paths or PIL images, or array or tensor of uint8
        Pictures. An array has shape (n, height, width) or (n, height, width, 3). Files are read one
        at a time.
    Y : array or tensor, shape (n, 2)
        Map.
    size : (int, int)
        Width and height of the mosaic, pixels.
    tile : int
        Longer side of each picture in it, pixels; its aspect is kept.
    labels : array, tensor or sequence, shape (n,), optional
        Classes, or numbers: each picture has a border in the colour of `scatter`.
    visible : float
        Share of a picture's area that must stay in sight, or it is left out: 0 leaves out none, 1
        lets none overlap.
    background : colour, as in PIL
        A name, '#rrggbb' or (red, green, blue).
    seed : int
        Of the order.

    Returns
    -------
    PIL.Image.Image
        In RGB. ``info['shown']`` holds the indices of the pictures that are there.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    TypeError, ValueError
        If the type, shape or value of an argument is wrong, before any picture is read.
    OSError
        If a picture cannot be read; it is named.
    """
    tiles = _Tiles(images, Y, labels, background)
    check_size(size, tile)
    width, height = size
    visible = number("visible", visible, least=0)
    if visible > 1:
        raise ValueError(f"visible must be 0 to 1, got {visible:g}")
    border = tiles.border(tile)
    canvas = tiles.canvas(width, height)
    is_free = np.ones((height, width), bool)
    shown = []
    right, up = tiles.places.T
    for i in np.random.default_rng(seed).permutation(len(tiles.places)).tolist():
        picture = tiles.picture(i, tile - 2 * border, border)
        h, w = picture.shape[:2]
        top, left = round((1 - up[i]) * (height - h)), round(right[i] * (width - w))
        here = np.s_[top : top + h, left : left + w]
        free = is_free[here]
        if free.mean() < visible:
            continue
        canvas[here][free] = picture[free]
        is_free[here] = False
        shown.append(i)
    return _as_image(canvas, shown)


def mosaic_grid(
    images: Any,
    Y: Any,
    size: tuple[int, int] = (4000, 3000),
    tile: int = 100,
    *,
    labels: Any = None,
    background: Any = "white",
) -> Image:
    """Draw all pictures side by side, each in the cell of a grid that is nearest to its point.

    See `fasttsne.grid.to_grid` for what is nearest. Cells have the shape of the pictures, so that
    there are no gaps if all have the same.

    Parameters
    ----------
    images, Y, labels, background
        As in `mosaic`.
    size : (int, int)
        Greatest width and height, pixels. The grid has about their aspect.
    tile : int
        Longest side of a picture, pixels; less where the grid would not fit.

    Returns
    -------
    PIL.Image.Image
        In RGB, no larger than ``size``. ``info['shown']`` holds the indices of the pictures.

    Raises
    ------
    ImportError, TypeError, ValueError, OSError
        As `mosaic` does; also if there are so many pictures that they would have no pixel.
    """
    tiles = _Tiles(images, Y, labels, background)
    check_size(size, tile)
    n = len(tiles.places)
    # Sides of a cell for pictures whose longer side is 1.
    cell = np.max([np.array(size_of(image)) / max(size_of(image)) for image in tiles.images], 0)
    columns, rows = shape = grid_shape(n, size[0] / cell[0] / (size[1] / cell[1]))
    room = np.array(size) / shape
    border = tiles.border(min(tile, (room / cell).min()))
    longer = min(tile - 2 * border, ((room - 2 * border) / cell).min())
    if longer * cell.min() < 1:
        raise ValueError(f"size must have room for {n:,} pictures, got {size[0]} x {size[1]}")
    width, height = (2 * border + side for side in _pixels(cell, longer))
    canvas = tiles.canvas(columns * width, rows * height)
    for i, (column, row) in enumerate(to_grid(tiles.places, shape).tolist()):
        picture = tiles.picture(i, longer, border)
        h, w = picture.shape[:2]
        top = (rows - 1 - row) * height + (height - h) // 2
        left = column * width + (width - w) // 2
        canvas[top : top + h, left : left + w] = picture
    return _as_image(canvas, list(range(n)))


def check_size(size: Any, tile: Any) -> None:
    """Raise what `mosaic` would raise for these, before there is anything to draw."""
    try:
        width, height = size
    except (TypeError, ValueError):
        raise TypeError(f"size must be a width and a height, got {size!r}") from None
    least = min(integer("size", width, 1), integer("size", height, 1))
    if integer("tile", tile, 1) > least:
        raise ValueError(f"tile must be no larger than size, {width} x {height}, got {tile}")


def write_points_json(path: str | os.PathLike[str], paths: Sequence[Any], Y: Any) -> None:
    """Write where pictures are in a map, as viewers of image t-SNE maps read it.

    ``[{"path": "a.jpg", "point": [0.25, 1.0]}, ...]``, each axis stretched to 0 .. 1. A file of
    that name is replaced only by a complete one.

    Parameters
    ----------
    path : str or path-like
        File.
    paths : sequence of str or path-like, length n
        Files of the pictures.
    Y : array or tensor, shape (n, 2)
        Map.

    Raises
    ------
    TypeError, ValueError
        If the type or shape of ``Y`` is wrong, or there are not as many paths.
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


class _Tiles:
    """Pictures that are checked, and read when they are drawn."""

    def __init__(self, images: Any, Y: Any, labels: Any, background: Any) -> None:
        pillow = require_pillow()
        self.images = as_sequence(images)
        self.places = unit_square(Y)
        n = len(self.places)
        if len(self.images) != n or n == 0:
            raise ValueError(
                "images must be one or more, and as many as the rows of Y; "
                f"got {len(self.images):,} and {n:,}"
            )
        self.background = background
        self.rgb: np.ndarray | None = None
        if labels is not None:
            self.rgb = np.round(255 * coloring_of(labels, None, n).rgb).astype(int)
        try:
            pillow.new("RGB", (1, 1), background)
        except (ValueError, TypeError):
            raise ValueError(f"background must be a colour, got {background!r}") from None

    def canvas(self, width: int, height: int) -> np.ndarray:
        """Give the background: (height, width, 3), uint8."""
        return np.array(require_pillow().new("RGB", (width, height), self.background))

    def border(self, tile: float) -> int:
        """Width of the borders of tiles of that many pixels; the smallest have none."""
        return 0 if self.rgb is None else max(int(tile) // 20, int(tile >= 8))

    def picture(self, i: int, longer: float, border: int) -> np.ndarray:
        """Give a picture, so many pixels long, in its border: (h, w, 3), uint8."""
        image = opened(self.images[i], self.background, near=math.ceil(longer))
        size = _pixels(np.array(image.size) / max(image.size), longer)
        # Blocks of pixels are averaged first where there are far too many of them.
        image = image.resize(size, require_pillow().Resampling.LANCZOS, reducing_gap=3.0)
        if self.rgb is None:
            return np.asarray(image)
        framed = np.empty((size[1] + 2 * border, size[0] + 2 * border, 3), np.uint8)
        framed[:] = self.rgb[i]
        framed[border : border + size[1], border : border + size[0]] = np.asarray(image)
        return framed


def _pixels(sides: np.ndarray, longer: float) -> tuple[int, int]:
    """Whole pixels along sides of which the longer one is 1; pictures fill cells by this alone."""
    width, height = np.maximum(1, np.floor(longer * sides + 1e-6)).astype(int).tolist()
    return width, height


def _as_image(canvas: np.ndarray, shown: list[int]) -> Image:
    image = require_pillow().fromarray(canvas)
    image.info["shown"] = shown
    return image
