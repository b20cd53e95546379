"""The pictures of points on a page as thumbnails, many of them on one larger image, a sheet."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import images
from .._validation import as_array

if TYPE_CHECKING:
    from PIL.Image import Image

_MAX_SHEET_SIDE = 2048
"""Upper bound on the side of a sheet in pixels; every browser can decode such an image."""

_BLOCK = 16
"""Side in pixels of the blocks that WebP encodes. Tiles consist of whole blocks, so that adjacent
thumbnails hardly affect each other."""


class Thumbnails:
    """Thumbnails on sheets of ``columns`` by ``columns`` square tiles, in the order of the points.

    A thumbnail lies in the upper left corner of its tile. The side of a tile is the width of the
    sheet divided by ``columns``.

    Parameters
    ----------
    pictures : sequence or ndarray, length n
        For each point a path, a PIL image or a uint8 array (h, w), (h, w, 3) or (h, w, 4); None
        for a point without a picture. Transparent parts become white.
    max_side : int, 8 to 255
        Upper bound on the longer side of a thumbnail in pixels. Smaller pictures are not enlarged.

    Attributes
    ----------
    columns : int
        Number of tiles along the width of a sheet.
    sizes : ndarray, shape (n, 2), uint8
        Width and height of each thumbnail in pixels, 0 for a point without a picture. `sheets`
        fills them in.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    ValueError
        If ``max_side`` is not an integer in this range.
    """

    def __init__(self, pictures: Sequence[Any] | np.ndarray, max_side: int) -> None:
        if not isinstance(max_side, (int, np.integer)) or not 8 <= max_side <= 255:
            raise ValueError(
                f"thumbnail_size must be a whole number from 8 to 255, got {max_side!r}"
            )
        images.require_pillow()
        self._pictures, self._max_side = pictures, max_side
        largest_tile = _round_up_to_blocks(max_side)
        self.columns = min(_MAX_SHEET_SIDE // largest_tile, math.ceil(math.sqrt(len(pictures))))
        self.sizes = np.zeros((len(pictures), 2), np.uint8)

    def sheets(self) -> Iterator[bytes]:
        """Make the sheets one after another, so that only one of them is in memory.

        Yields
        ------
        bytes
            A sheet in WebP.

        Raises
        ------
        TypeError, ValueError
            If a picture has none of the known types and shapes.
        OSError
            If a file cannot be read.
        """
        from PIL import Image

        columns = self.columns
        for first in range(0, len(self._pictures), columns**2):
            rows = range(first, min(first + columns**2, len(self._pictures)))
            thumbnails = {
                row: _make_thumbnail(self._pictures[row], row, self._max_side)
                for row in rows
                if self._pictures[row] is not None
            }
            for row, image in thumbnails.items():
                self.sizes[row] = image.size
            largest = max(_BLOCK, int(self.sizes[rows.start : rows.stop].max()))
            tile = _round_up_to_blocks(largest)
            sheet = np.zeros((-(-len(rows) // columns) * tile, columns * tile, 3), np.uint8)
            for row, image in thumbnails.items():
                top, left = (index * tile for index in divmod(row - first, columns))
                # Repeat the edge pixels up to the end of the tile. A sharp edge to black would
                # blur the thumbnail when it is encoded.
                padding = ((0, tile - image.height), (0, tile - image.width), (0, 0))
                sheet[top : top + tile, left : left + tile] = np.pad(
                    np.asarray(image), padding, "edge"
                )
            buffer = BytesIO()
            Image.fromarray(sheet).save(buffer, "WEBP", quality=80)
            yield buffer.getvalue()


def _round_up_to_blocks(pixels: int) -> int:
    return -(-pixels // _BLOCK) * _BLOCK


def _make_thumbnail(source: Any, row: int, max_side: int) -> Image:
    """Return a picture in RGB whose longer side is at most ``max_side`` pixels."""
    pillow = images.require_pillow()
    if not isinstance(source, (str, os.PathLike, pillow.Image)):
        source = _from_array(source, row)
    image = images.opened(source, near=2 * max_side)
    if max(image.size) > max_side:
        image.thumbnail((max_side, max_side), pillow.Resampling.LANCZOS)
    return image


def _from_array(source: Any, row: int) -> Image:
    from PIL import Image

    array = as_array(source)
    if array.dtype != np.uint8:
        raise TypeError(
            "images must be paths, PIL images or uint8 arrays, "
            f"got dtype {array.dtype} in row {row}"
        )
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    is_picture = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if not is_picture or array.size == 0:
        raise ValueError(
            f"images must have shape (h, w), (h, w, 3) or (h, w, 4), got {array.shape} in row {row}"
        )
    return Image.fromarray(np.ascontiguousarray(array))
