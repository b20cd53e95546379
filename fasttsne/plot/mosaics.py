"""Mosaics: pictures at their points in a map, or each in a cell of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._memory import free_memory
from .._validation import integer, number
from ..grid import grid_shape, to_grid
from ..images import size_of
from .tiles import Tiles, as_image, pixel_size

if TYPE_CHECKING:
    from PIL.Image import Image

_BYTES_PER_PIXEL = 4
"""Bytes in which Pillow keeps red, green and blue."""


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
    """Draw pictures at their points in a map.

    Each axis of the map is stretched over the whole mosaic; the second one points upwards. The
    pictures are drawn in shuffled order, so that no class hides another, and each covers those that
    come later. With ``visible``, pictures of which too little would be seen are left out.

    Parameters
    ----------
    images : sequence of paths or PIL images, or array or tensor of uint8
        Pictures. An array has shape (n, height, width) or (n, height, width, 3). Files are read one
        at a time.
    Y : array or tensor, shape (n, 2)
        Map.
    size : (int, int)
        Width and height of the mosaic in pixels.
    tile : int
        Longer side of each picture in pixels; its aspect ratio is kept.
    labels : array, tensor or sequence, shape (n,), optional
        Classes, or numbers. Each picture has a border in the colour that `scatter` would choose.
    visible : float
        Share of a picture's area, 0 to 1, that must be visible; otherwise the picture is left out.
        0 leaves out none, 1 allows no overlap.
    background : colour, as in PIL
        A name, '#rrggbb' or (red, green, blue).
    seed : int
        Seed of the order.

    Returns
    -------
    PIL.Image.Image
        In RGB. ``info['shown']`` lists the indices of the pictures that are drawn.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    TypeError, ValueError
        If the type, shape or value of an argument is wrong. No picture is read before.
    OSError
        If a picture cannot be read; the message names it.
    """
    tiles = Tiles(images, Y, labels, background)
    check_size(size, tile)
    width, height = size
    visible = number("visible", visible, least=0)
    if visible > 1:
        raise ValueError(f"visible must be 0 to 1, got {visible:g}")
    border = tiles.border_width(tile)
    canvas = tiles.make_canvas(width, height)
    is_free = np.ones((height, width), bool)
    shown = []
    right, up = tiles.places.T
    for i in np.random.default_rng(seed).permutation(len(tiles.places)).tolist():
        picture = tiles.draw(i, tile - 2 * border, border)
        h, w = picture.shape[:2]
        top, left = round((1 - up[i]) * (height - h)), round(right[i] * (width - w))
        here = np.s_[top : top + h, left : left + w]
        free = is_free[here]
        if free.mean() < visible:
            continue
        canvas[here][free] = picture[free]
        is_free[here] = False
        shown.append(i)
    return as_image(canvas, shown)


def mosaic_grid(
    images: Any,
    Y: Any,
    size: tuple[int, int] = (4000, 3000),
    tile: int = 100,
    *,
    labels: Any = None,
    background: Any = "white",
) -> Image:
    """Draw all pictures side by side, each in a cell of a grid near its point.

    `fasttsne.grid.to_grid` assigns the cells. Pictures that all have the same shape leave no gaps,
    because the cells have it too.

    Parameters
    ----------
    images, Y
        As in `mosaic`.
    size : (int, int)
        Upper bounds on width and height in pixels. The grid has about the same aspect ratio.
    tile : int
        Longer side of a picture in pixels. Pictures are smaller if the grid would not fit.
    labels, background
        As in `mosaic`.

    Returns
    -------
    PIL.Image.Image
        In RGB, no larger than ``size``. ``info['shown']`` lists the indices of all pictures.

    Raises
    ------
    ImportError, TypeError, ValueError, OSError
        As in `mosaic`; also if a picture would be smaller than a pixel.
    """
    tiles = Tiles(images, Y, labels, background)
    check_size(size, tile)
    n = len(tiles.places)
    # Width and height of a cell that holds every picture, if the longer side of each is 1.
    cell = np.max([np.array(size_of(image)) / max(size_of(image)) for image in tiles.images], 0)
    columns, rows = shape = grid_shape(n, size[0] / cell[0] / (size[1] / cell[1]))
    room = np.array(size) / shape
    border = tiles.border_width(min(tile, (room / cell).min()))
    longer = min(tile - 2 * border, ((room - 2 * border) / cell).min())
    if longer * cell.min() < 1:
        raise ValueError(f"size must have room for {n:,} pictures, got {size[0]} x {size[1]}")
    width, height = (2 * border + side for side in pixel_size(cell, longer))
    canvas = tiles.make_canvas(columns * width, rows * height)
    for i, (column, row) in enumerate(to_grid(tiles.places, shape).tolist()):
        picture = tiles.draw(i, longer, border)
        h, w = picture.shape[:2]
        top = (rows - 1 - row) * height + (height - h) // 2
        left = column * width + (width - w) // 2
        canvas[top : top + h, left : left + w] = picture
    return as_image(canvas, list(range(n)))


def check_size(size: Any, tile: Any) -> None:
    """Check the size of a mosaic and of its pictures before anything is drawn.

    Parameters
    ----------
    size : (int, int)
        Width and height of the mosaic in pixels.
    tile : int
        Longer side of each picture in pixels.

    Raises
    ------
    TypeError
        If ``size`` is not two integers or ``tile`` not an integer.
    ValueError
        If one of them is below 1, or ``tile`` is larger than a side of the mosaic.
    MemoryError
        If the mosaic needs more memory than there is.
    """
    try:
        width, height = size
    except (TypeError, ValueError):
        raise TypeError(f"size must be a width and a height, got {size!r}") from None
    least = min(integer("size", width, 1), integer("size", height, 1))
    if integer("tile", tile, 1) > least:
        raise ValueError(f"tile must be no larger than size, {width} x {height}, got {tile}")
    needed, free = _BYTES_PER_PIXEL * width * height, free_memory()
    if free is not None and needed > free:
        raise MemoryError(
            f"a mosaic of {width} x {height} pixels needs {needed / 1e9:.1f} GB of memory, and "
            f"{free / 1e9:.1f} GB are free; make it smaller"
        )
