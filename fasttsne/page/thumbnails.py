"""Small pictures of points, many to a sheet, for a page (`fasttsne.page`)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import images
from .._validation import as_array

if TYPE_CHECKING:
    from PIL.Image import Image

_SHEET = 2048  # most pixels along the side of a sheet: few enough for every browser
_BLOCK = 16  # of the encoder: tiles of whole blocks share little but their outermost pixels


class Thumbnails:
    """Sheets of square tiles, in the order of the rows, ``columns`` by ``columns`` to a sheet.

    A picture lies in the upper left corner of its tile, whose side is that of the sheet over
    ``columns``.

    Parameters
    ----------
    pictures : sequence or ndarray, length n
        For each point a path, a PIL image or a uint8 array (h, w), (h, w, 3) or (h, w, 4); None
        where there is no picture. Transparent parts become white.
    most : int, 8 to 255
        Most pixels along the longer side of a thumbnail; smaller pictures stay as they are.

    Attributes
    ----------
    columns : int
        Tiles along the side of a sheet.
    sizes : ndarray, shape (n, 2), uint8
        Width and height of each thumbnail, 0 without a picture; filled in by `sheets`.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    ValueError
        If ``most`` is out of range.
    """

    def __init__(self, pictures: Sequence[Any] | np.ndarray, most: int) -> None:
        if not isinstance(most, (int, np.integer)) or not 8 <= most <= 255:
            raise ValueError(f"thumbnail_size must be a whole number from 8 to 255, got {most!r}")
        images.require_pillow()
        self._images, self._most = pictures, most
        largest = -(-most // _BLOCK) * _BLOCK
        self.columns = min(_SHEET // largest, int(np.ceil(np.sqrt(len(pictures)))))
        self.sizes = np.zeros((len(pictures), 2), np.uint8)

    def sheets(self) -> Iterator[bytes]:
        """Make the sheets, one at a time, so that only one is in memory.

        Yields
        ------
        bytes
            WebP.

        Raises
        ------
        TypeError, ValueError
            If an image is none of what is known.
        OSError
            If a file cannot be read.
        """
        from PIL import Image

        columns = self.columns
        for first in range(0, len(self._images), columns**2):
            rows = range(first, min(first + columns**2, len(self._images)))
            small = {
                row: _thumbnail(self._images[row], row, self._most)
                for row in rows
                if self._images[row] is not None
            }
            for row, image in small.items():
                self.sizes[row] = image.size
            largest = max(_BLOCK, int(self.sizes[rows.start : rows.stop].max()))
            tile = -(-largest // _BLOCK) * _BLOCK
            sheet = np.zeros((-(-len(rows) // columns) * tile, columns * tile, 3), np.uint8)
            for row, image in small.items():
                top, left = (place * tile for place in divmod(row - first, columns))
                # Its edge fills the rest of the tile, or the encoder would blur what is beside it.
                rest = ((0, tile - image.height), (0, tile - image.width), (0, 0))
                sheet[top : top + tile, left : left + tile] = np.pad(
                    np.asarray(image), rest, "edge"
                )
            buffer = BytesIO()
            Image.fromarray(sheet).save(buffer, "WEBP", quality=80)
            yield buffer.getvalue()


def _thumbnail(source: Any, row: int, most: int) -> Image:
    """Return an RGB image no larger than ``most`` pixels."""
    pillow = images.require_pillow()
    if not isinstance(source, (str, os.PathLike, pillow.Image)):
        source = _from_array(source, row)
    image = images.opened(source, near=2 * most)
    if max(image.size) > most:
        image.thumbnail((most, most), pillow.Resampling.LANCZOS)
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
